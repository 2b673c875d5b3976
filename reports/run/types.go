// Package run is the run folder: what a run writes, and what everything that
// looks at a run (reports, the notebook page, `cogumi runs`) reads.
//
//	runs/<id>/
//	  run.json        Info; replaced atomically
//	  events.jsonl    Event per line; append-only, flushed per line
//	  heartbeat       touched every few seconds while the run is alive
//	  source/         the script as it was run
//	  artefacts/      files that the run made
//	  samples/        Sample per line (JSONL), one file per sample set
//	  report.html
//	runs/.steps/<key>/  results of finished steps, shared by all runs
//
// Traps: a last line of events.jsonl may be cut off by a kill, readers skip it;
// a run whose state is "running" and whose heartbeat is stale is dead.
package run

import (
	"encoding/json"
	"time"
)

// Version of the folder's format. Readers refuse newer ones.
const Version = 1

// State says how far a run has come.
type State string

const (
	Running     State = "running"
	Done        State = "done"
	Failed      State = "failed"
	Interrupted State = "interrupted" // Ctrl-C: closed properly, can go on
	Dead        State = "dead"        // never written: what a reader says of a stale "running"
)

// Info is run.json.
type Info struct {
	Version     int               `json:"version"`
	ID          string            `json:"id"`
	Script      string            `json:"script"` // name without folder and ".go"
	Header      map[string]string `json:"header,omitempty"`
	Args        []string          `json:"args,omitempty"`
	Command     string            `json:"command,omitempty"` // what repeats the run
	Params      []Param           `json:"params,omitempty"`
	State       State             `json:"state"`
	Error       *Failure          `json:"error,omitempty"`
	Started     time.Time         `json:"started"`
	Ended       time.Time         `json:"ended,omitzero"`
	Attempt     int               `json:"attempt"`
	PID         int               `json:"pid"`
	Environment Environment       `json:"environment"`
	Isolation   string            `json:"isolation,omitempty"` // what kept the script from the rest of the machine: "Landlock 7, seccomp", "none: trusted"; "": unknown
	Endpoints   []string          `json:"endpoints,omitempty"` // what primitives connected to: scheme, host, port
	Declared    Declared          `json:"declared,omitzero"`
	Cost        *Cost             `json:"cost,omitempty"` // nil: unknown
	Steps       []Step            `json:"steps,omitempty"`
	Artefacts   []Artefact        `json:"artefacts,omitempty"`
	Result      json.RawMessage   `json:"result,omitempty"` // what the script gave to Result
}

// Param is one flag of the script with the value it had.
type Param struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Usage   string `json:"usage,omitempty"`
}

// Failure is why a run ended early.
type Failure struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Source  string `json:"source,omitempty"` // the offending line itself
}

// Environment is where a run ran. It holds no secret, no user name, no host name.
type Environment struct {
	Cogumi    string   `json:"cogumi"`
	Go        string   `json:"go"`
	OS        string   `json:"os"`
	Arch      string   `json:"arch"`
	CPU       string   `json:"cpu"`
	Cores     int      `json:"cores"`
	Memory    int64    `json:"memory"` // bytes
	ISA       string   `json:"isa"`    // what the kernels use: avx512, avx2, plain
	Device    string   `json:"device"` // cpu, cuda
	GPUs      []string `json:"gpus,omitempty"`
	Place     string   `json:"place"` // local, vast.ai, container
	GitCommit string   `json:"git_commit,omitempty"`
	GitDirty  bool     `json:"git_dirty,omitempty"`
}

// Declared is the header's TIME and COST, parsed where they can be.
type Declared struct {
	Time       string  `json:"time,omitempty"` // as written
	Cost       string  `json:"cost,omitempty"` // as written
	MinSeconds float64 `json:"min_seconds,omitempty"`
	MaxSeconds float64 `json:"max_seconds,omitempty"`
	MinDollars float64 `json:"min_dollars,omitempty"`
	MaxDollars float64 `json:"max_dollars,omitempty"`
}

// Cost is money really spent, with where the figure is from.
type Cost struct {
	Dollars float64 `json:"dollars"`
	Basis   string  `json:"basis"` // "0.35 $/h × 0.8 h (COGUMI_PRICE_PER_HOUR)"
}

// Step is one finished or running step of a run.
type Step struct {
	Name    string            `json:"name"`
	Key     string            `json:"key"` // hex SHA-256 over what decides the result
	State   State             `json:"state"`
	Reused  bool              `json:"reused,omitempty"`  // found finished
	Resumed bool              `json:"resumed,omitempty"` // continued from a killed attempt
	Seconds float64           `json:"seconds"`
	Parts   map[string]string `json:"parts,omitempty"` // what went into Key, by name: for `cogumi why`
}

// Artefact is a file that a run made; Path is relative to the run folder.
type Artefact struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Kind   string `json:"kind"` // dataset, adapter, table, audit, samples …
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Note   string `json:"note,omitempty"`
}

// Event is one line of events.jsonl. Kind decides which one of the pointers is set.
type Event struct {
	Time    time.Time `json:"time"`
	Attempt int       `json:"attempt"`
	// Kind is step, metric, progress, figure, table, funnel, samples, comparison,
	// judging, benchmark, clusters, check, source, note, artefact or log.
	Kind string `json:"kind"`
	Step string `json:"step,omitempty"`

	StepInfo   *Step       `json:"step_info,omitempty"`
	Metric     *Metric     `json:"metric,omitempty"`
	Progress   *Progress   `json:"progress,omitempty"`
	Figure     *Figure     `json:"figure,omitempty"`
	Table      *Table      `json:"table,omitempty"`
	Funnel     *Funnel     `json:"funnel,omitempty"`
	Samples    *SampleSet  `json:"samples,omitempty"`
	Comparison *Comparison `json:"comparison,omitempty"`
	Judging    *Judging    `json:"judging,omitempty"`
	Benchmark  *Benchmark  `json:"benchmark,omitempty"`
	Clusters   *Clusters   `json:"clusters,omitempty"`
	Check      *Check      `json:"check,omitempty"`
	Source     *Source     `json:"source,omitempty"`
	Note       *Note       `json:"note,omitempty"`
	Artefact   *Artefact   `json:"artefact,omitempty"`
	Log        string      `json:"log,omitempty"`
}

// Metric is one point of a series; the same (Series, X) in a later attempt replaces it.
type Metric struct {
	Series string  `json:"series"` // train/loss, train/lr, train/grad_norm, train/tokens_per_second, eval/loss
	X      int     `json:"x"`      // optimiser step
	Value  float64 `json:"value"`  // finite
}

// Progress is where a long operation stands.
type Progress struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Done  int     `json:"done"`
	Total int     `json:"total"` // 0: unknown
	Rate  float64 `json:"rate"`  // units per second
	Note  string  `json:"note,omitempty"`
}

// Figure is one number with what it takes to believe it. N 0: no sample behind it.
type Figure struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit,omitempty"` // "%", "rows", "tok/s", "s" …
	N      int     `json:"n,omitempty"`
	Low    float64 `json:"low,omitempty"`
	High   float64 `json:"high,omitempty"`
	Method string  `json:"method,omitempty"` // "Wilson 95 %"
	Note   string  `json:"note,omitempty"`
}

// Table is a small table for the report; large ones are Parquet artefacts.
type Table struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"` // strings, numbers, booleans, nil
	Note    string   `json:"note,omitempty"`
}

// Funnel is how many rows were left after each stage, in order.
type Funnel struct {
	Name   string        `json:"name"`
	Title  string        `json:"title"`
	Stages []FunnelStage `json:"stages"`
}

type FunnelStage struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Note  string `json:"note,omitempty"` // why rows left
}

// Note is a sentence for the person who reads the report: a dataset check, a warning.
type Note struct {
	Level string `json:"level"` // info, warn
	Topic string `json:"topic"` // data, dedup, train, validate, sandbox …
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"` // what to do
}

// SampleSet names a file of samples.
type SampleSet struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Path  string `json:"path"` // JSONL of Sample, relative to the run folder
	Count int    `json:"count"`
}

// Sample is one prompt with what the models answered.
type Sample struct {
	ID        string         `json:"id"`
	Category  string         `json:"category,omitempty"`
	Family    string         `json:"family,omitempty"`
	Prompt    string         `json:"prompt"`
	Reference string         `json:"reference,omitempty"`
	Answers   []SampleAnswer `json:"answers"`
	Tags      []string       `json:"tags,omitempty"` // regressed, fixed, wrong, right, truncated, unsupported, win, loss, tie, flip, error …
	// Winner is who won a judged pair: a model, tie or flip.
	Winner     string            `json:"winner,omitempty"`
	Judgements []SampleJudgement `json:"judgements,omitempty"`
}

type SampleAnswer struct {
	Model     string `json:"model"` // base, tuned
	Text      string `json:"text"`
	Verdict   string `json:"verdict"` // right, wrong, unsupported
	Extracted string `json:"extracted,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Tokens    int    `json:"tokens,omitempty"`
}

// SampleJudgement is what a judge said of a sample's answers in one order.
type SampleJudgement struct {
	First  string `json:"first"`            // model whose answer was shown first
	Winner string `json:"winner,omitempty"` // model, or tie; empty: it could not be judged
	Reason string `json:"reason,omitempty"`
	Error  string `json:"error,omitempty"`
	Judge  string `json:"judge,omitempty"` // where several judged
}

// Rate is a proportion with its interval; Accuracy, Low, High in 0…1.
type Rate struct {
	N        int     `json:"n"`
	Correct  int     `json:"correct"`
	Accuracy float64 `json:"accuracy"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Method   string  `json:"method"` // "Wilson 95 %"
}

// Change is a paired before/after on the same N items. Before and After count right answers.
type Change struct {
	Category  string  `json:"category,omitempty"`
	Family    string  `json:"family,omitempty"`
	N         int     `json:"n"`
	Before    int     `json:"before"`
	After     int     `json:"after"`
	BeforeAcc float64 `json:"before_accuracy"`
	AfterAcc  float64 `json:"after_accuracy"`
	Gained    int     `json:"gained"` // wrong before, right after
	Lost      int     `json:"lost"`   // right before, wrong after
	Diff      float64 `json:"diff"`   // AfterAcc − BeforeAcc
	Low       float64 `json:"low"`    // interval of Diff
	High      float64 `json:"high"`
	P         float64 `json:"p"`          // exact McNemar, two-sided
	PAdjusted float64 `json:"p_adjusted"` // Holm over the families compared
	Confirmed bool    `json:"confirmed"`  // PAdjusted < .05
}

// Comparison is two models on the same items.
type Comparison struct {
	BaseName    string   `json:"base_name"`
	TunedName   string   `json:"tuned_name"`
	Base        Rate     `json:"base"`
	Tuned       Rate     `json:"tuned"`
	Overall     Change   `json:"overall"`
	ByCategory  []Change `json:"by_category"`
	ByFamily    []Change `json:"by_family"`
	Regressions []Change `json:"regressions"` // worst first; seen even when not confirmed
	Excluded    int      `json:"excluded,omitempty"`
	ExcludedWhy string   `json:"excluded_why,omitempty"`
	Method      string   `json:"method"`
	// Right says what counts as right where that is not that an answer is; empty: that it is.
	Right string `json:"right,omitempty"`
}
