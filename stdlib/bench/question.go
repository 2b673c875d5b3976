package bench

import (
	"strings"
	"unicode/utf8"

	"cogumi/stdlib/llm/chat"
)

// question is one item of a benchmark with the examples that come before it.
type question struct {
	task        string // as the harness calls it: mmlu_anatomy
	row         int    // of the task's test items, from 0
	description string // before the examples; in a chat the system message
	shots       []shot
	text        string
	delimiter   string   // between a question and its answer, in plain text
	prefix      string   // how the answer begins, which the model goes on with
	choices     []string // of which one is right; nil: the model writes
	gold        int      // the right one of choices
	target      string   // the reference answer, or the tests of a program
	before      string   // what stands before the answer in the program that is run
	canonical   string   // an answer that is known to be right; empty: none is known
}

// shot is an example.
type shot struct{ text, answer string }

// turn is a message with what follows it where there is no template.
type turn struct{ role, content, delimiter string }

// turns are description, examples and question (lm_eval/api/task.py,
// fewshot_context and build_qa_turn).
func (q *question) turns() []turn {
	var out []turn
	if q.description != "" {
		out = append(out, turn{"system", q.description, ""})
	}
	for _, s := range q.shots {
		out = append(out, q.ask(s.text, true), turn{"assistant", delimit(q.prefix, s.answer), "\n\n"})
	}
	out = append(out, q.ask(q.text, false))
	if q.prefix != "" {
		out = append(out, turn{"assistant", q.prefix, ""})
	}
	return out
}

func (q *question) ask(text string, answered bool) turn {
	t := turn{role: "user", content: text}
	if answered && q.prefix == "" || q.prefix != "" && !meets(text, q.prefix) {
		t.delimiter = q.delimiter
	}
	return t
}

// plain is the prompt without a template.
func (q *question) plain() string {
	var s strings.Builder
	for _, t := range q.turns() {
		s.WriteString(t.content + t.delimiter)
	}
	return s.String()
}

// messages is the prompt as a chat; continued says that the last one is the
// beginning of the answer.
func (q *question) messages(multiturn bool) (list []chat.Message, continued bool) {
	turns := q.turns()
	continued = q.prefix != ""
	if !multiturn {
		turns = oneTurn(turns)
	}
	for _, t := range turns {
		list = append(list, chat.Message{Role: t.role, Content: t.content})
	}
	return list, continued
}

// oneTurn makes the examples a part of the user's message.
func oneTurn(turns []turn) []turn {
	var out []turn
	if turns[0].role == "system" {
		out, turns = append(out, turns[0]), turns[1:]
	}
	var last []turn
	if n := len(turns) - 1; turns[n].role == "assistant" {
		turns, last = turns[:n], turns[n:]
	}
	var s strings.Builder
	for i, t := range turns {
		s.WriteString(t.content)
		if i < len(turns)-1 {
			s.WriteString(t.delimiter)
		}
	}
	return append(append(out, turn{"user", s.String(), ""}), last...)
}

// continuations are what the choices look like behind the prompt.
func (q *question) continuations(chat bool) []string {
	delimiter := q.delimiter
	if chat && (q.prefix == "" || endsInSpace(q.prefix)) {
		delimiter = ""
	}
	out := make([]string, len(q.choices))
	for i, c := range q.choices {
		out[i] = delimiter + c
	}
	return out
}

// delimit joins two texts with a space, unless there is white space already.
func delimit(a, b string) string {
	if a == "" || b == "" || meets(a, b) {
		return a + b
	}
	return a + " " + b
}

// meets says whether there is white space where two texts meet.
func meets(a, b string) bool {
	r, _ := utf8.DecodeRuneInString(b)
	return endsInSpace(a) || isSpace(r)
}

func endsInSpace(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return isSpace(r)
}
