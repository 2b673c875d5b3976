// Package dataset reads and writes rows of text: JSONL and Parquet, plain or
// compressed, Hugging Face instruction and chat rows.
package dataset

// Row is one example. Fields that a file does not have stay empty; fields that
// Row does not know stay in Extra, so that writing a file loses nothing.
type Row struct {
	Instruction   string         // also "prompt", "question"
	Input         string         // Alpaca's optional context
	Output        string         // the reference answer; also "response", "completion"
	Messages      []Message      // chat rows; empty for instruction rows
	Category      string         // math, code, reasoning, knowledge, instruction, creativity
	Family        string         // finer than Category; may be empty
	Answer        string         // what is compared; see package grade
	FailureType   string         // loss, wrong, tie
	CorrectAnswer string         //
	ModelResponse string         // what the model said instead
	Metadata      map[string]any //
	Extra         map[string]any // everything else
}

// Message is one turn of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Set is rows with where they come from. Rows are not shared with the file.
type Set struct {
	Name string // short, for progress and reports: "pool"
	Path string // file it was read from, or empty
	Rows []Row
	Bad  int    // rows set aside while reading
	Side string // file that holds them, or empty
}

// Answer is what a model said to one row.
type Answer struct {
	Text      string
	Tokens    int  // generated tokens, the end token included
	Truncated bool // stopped by the token limit, not by an end token
}

// Answers are a model's answers to the rows of a set, one for each, in order.
type Answers struct {
	Set   *Set
	Model string // "base", "tuned", or a path
	List  []Answer
}
