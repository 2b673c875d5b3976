package stage

import (
	"strings"

	"cogumi/stdlib/experiment"
)

// Kind is what lies at a path. The list is closed so that a header can be
// compared with the files and with the other headers.
type Kind string

const (
	Rows            Kind = "rows"             // JSONL or Parquet, any columns
	InstructionRows Kind = "instruction rows" // rows with instruction and answer
	ChatRows        Kind = "chat rows"        // rows with messages
	Problems        Kind = "problems"         // instruction rows whose answer can be checked
	TrainingRows    Kind = "training rows"    // instruction rows made of failures
	PreferenceRows  Kind = "preference rows"  // rows with chosen and rejected
	JudgedRecords   Kind = "judged records"   // folder or JSON file of recorded verdicts
	Model           Kind = "model"            // Hugging Face folder or id, or tiny
	Adapter         Kind = "adapter"          // PEFT folder
	Quantised       Kind = "gguf"             // GGUF file: a model too
	Result          Kind = "result"           // JSON object
	TableFile       Kind = "table"            // CSV or Parquet for people
	ReportFile      Kind = "report"           // HTML file
	Text            Kind = "text"             // any text file
	Folder          Kind = "folder"           // anything else with files in it
	Sources         Kind = "sources"          // files, folders or patterns of rows, as curate.Sources reads them
)

// kinds maps each kind to the wider one that it belongs to.
var kinds = map[Kind]Kind{
	Rows: "", InstructionRows: Rows, ChatRows: Rows, Problems: InstructionRows,
	TrainingRows: InstructionRows, PreferenceRows: Rows, JudgedRecords: "", Model: "",
	Adapter: "", Quantised: Model, Result: "", TableFile: "", ReportFile: "", Text: "", Folder: "", Sources: "",
}

var kindOrder = []Kind{
	Rows, InstructionRows, ChatRows, Problems, TrainingRows, PreferenceRows, JudgedRecords,
	Model, Adapter, Quantised, Result, TableFile, ReportFile, Text, Folder, Sources,
}

func (k Kind) known() bool {
	_, ok := kinds[k]
	return ok
}

// Is reports whether k is wide or belongs to it: problems are instruction rows,
// and instruction rows are rows.
func (k Kind) Is(wide Kind) bool {
	for ; k != ""; k = kinds[k] {
		if k == wide {
			return true
		}
	}
	return false
}

// spellings are other words for a kind.
var spellings = map[string]Kind{
	"instruction rows with answers": Problems, "rows with answers": Problems,
	"model folder": Model, "adapter folder": Adapter, "peft adapter": Adapter,
}

// readKind reads a kind and what is said after it: "training rows (losses
// only)", "instruction rows with answers". "" where there is no kind.
func readKind(text string) (kind Kind, note string) {
	lower, longest := strings.ToLower(text), 0
	try := func(name string, k Kind) {
		rest, ok := strings.CutPrefix(lower, name)
		if ok && len(name) > longest && (rest == "" || rest[0] == ' ' || rest[0] == '(') {
			kind, longest = k, len(name)
		}
	}
	for _, k := range kindOrder {
		try(string(k), k)
	}
	for name, k := range spellings {
		try(name, k)
	}
	if kind == "" || len(lower) != len(text) {
		return kind, ""
	}
	note = strings.TrimSpace(text[longest:])
	if inner, ok := strings.CutPrefix(note, "("); ok && strings.HasSuffix(inner, ")") {
		note = inner[:len(inner)-1]
	}
	return kind, note
}

func kindHint(word string) string {
	names := make([]string, len(kindOrder))
	for i, k := range kindOrder {
		names[i] = string(k)
	}
	if near := experiment.Nearest(strings.TrimSpace(word), names); near != "" {
		return "did you mean " + near + "?"
	}
	return "the kinds are " + strings.Join(names, ", ")
}

// isBuiltin: the path names something that comes with cogumi.
func isBuiltin(path string) bool {
	return path == "tiny" || path == "tinyworld/pool" || path == "tinyworld/eval"
}
