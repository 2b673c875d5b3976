package run

// Benchmark is one model's score on one task. The last one of a Task, Variant,
// Metric and Model counts.
type Benchmark struct {
	Task    string `json:"task"`            // gsm8k, mmlu_anatomy …, as its harness calls it
	Title   string `json:"title,omitempty"` // GSM8K
	Group   string `json:"group,omitempty"` // mmlu: the task is a part of it; the whole has Task mmlu and no Group
	Model   string `json:"model"`
	Variant string `json:"variant,omitempty"` // all that changes the score: "8-shot, chain of thought, strict-match"
	Metric  string `json:"metric"`            // exact_match, acc, pass@1
	Higher  bool   `json:"higher"`            // higher is better
	Percent bool   `json:"percent"`           // Score is a share, 0…1

	Score  float64 `json:"score"`
	Low    float64 `json:"low"` // Low = High = 0: no interval
	High   float64 `json:"high"`
	StdErr float64 `json:"stderr,omitempty"` // as the harness gives it
	Method string  `json:"method,omitempty"` // of the interval
	N      int     `json:"n"`                // items behind Score
	Of     int     `json:"of,omitempty"`     // items of the whole task; more than N: a part was run
	Errors int     `json:"errors,omitempty"` // items without a usable answer, counted as wrong

	References []Reference `json:"references,omitempty"`
	Samples    string      `json:"samples,omitempty"` // name of the sample set that holds the items
	Note       string      `json:"note,omitempty"`
}

// Reference is what somebody published for the same task.
type Reference struct {
	Model   string  `json:"model"`
	Score   float64 `json:"score"`             // as Benchmark.Score
	Variant string  `json:"variant,omitempty"` // as published
	Source  string  `json:"source"`            // report, model card, with its year
	Same    bool    `json:"same"`              // the variant is the one that was run: the scores can be compared
}
