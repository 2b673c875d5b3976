// Package dataset reads and writes rows of text: JSONL and Parquet, plain or
// compressed, Hugging Face instruction and chat rows.
//
// Rows that cannot be used are counted, located (file:line) and set aside in a
// file of their own; they are never dropped silently, and a file that holds
// nothing else is an error.
package dataset

import "strings"

// Row is one example. Fields that a file does not have stay empty; fields that
// Row does not know stay in Extra, so that writing a file loses nothing.
//
// Values in Metadata and Extra are string, bool, nil, []any, map[string]any and
// float64; whole numbers beyond ±2^53 are int64 or uint64, so that ids survive.
type Row struct {
	Instruction   string         // also "prompt", "question", "query"
	Input         string         // Alpaca's optional context; also "context"
	Output        string         // the reference answer; also "response", "completion", "answer"
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
	// Reused is how many of List were there already and were not written again.
	Reused int
}

// Prompt is what the row asks: the instruction, with its input after an empty
// line; of a chat everything before the last assistant turn.
func (r Row) Prompt() string {
	if len(r.Messages) > 0 {
		return join(r.Messages[:r.replyAt()])
	}
	if r.Input == "" {
		return r.Instruction
	}
	return r.Instruction + "\n\n" + r.Input
}

// Reply is the reference answer: Output, or the last turn of a chat if it is the
// assistant's.
func (r Row) Reply() string {
	if len(r.Messages) > 0 {
		return join(r.Messages[r.replyAt():])
	}
	return r.Output
}

// replyAt is the index of the last message if it is the assistant's, else the
// number of messages.
func (r Row) replyAt() int {
	n := len(r.Messages)
	if n > 0 && r.Messages[n-1].Role == "assistant" {
		return n - 1
	}
	return n
}

func join(ms []Message) string {
	texts := make([]string, len(ms))
	for i, m := range ms {
		texts[i] = m.Content
	}
	return strings.Join(texts, "\n\n")
}
