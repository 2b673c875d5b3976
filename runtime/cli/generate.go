package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/model"
)

func (a *app) generateCommand() *cobra.Command {
	t := &trial{}
	raw, base := false, false
	c := &cobra.Command{
		Use:   "generate --model M [--adapter A]… PROMPT",
		Short: "Answer one prompt; with several adapters side by side",
		Long: `Lets a model answer a prompt, as it comes, on standard output; the tokens per
second go to standard error. The prompt may come through a pipe. With several
adapters, or one and --base, the answers stand side by side.`,
		Example: `  cogumi generate "What is 12 + 30?"
  cogumi generate --model HuggingFaceTB/SmolLM2-135M-Instruct "Name three colours."
  cogumi generate --adapter runs/…/adapter --base "What is 12 + 30?"
  cogumi generate --raw "Once upon a time" < /dev/null
  cogumi generate --model m.gguf --temperature 0.8 --seed 3 < prompt.txt`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := t.check(); err != nil {
				return err
			}
			prompt := strings.Join(args, " ")
			if len(args) == 0 || prompt == "-" {
				text, isPipe, err := a.piped()
				if err != nil {
					return failed("", "read the prompt: %v", err)
				}
				if !isPipe {
					return usage(`cogumi generate "What is 12 + 30?"`, "generate needs a prompt")
				}
				prompt = text
			}
			if strings.TrimSpace(prompt) == "" {
				return usage(`cogumi generate "What is 12 + 30?"`, "the prompt is empty")
			}
			names := t.adapters
			if base || len(names) == 0 {
				names = append([]string{""}, names...)
			}
			return a.generate(t, names, prompt, raw)
		},
	}
	t.modelFlags(c.Flags())
	c.Flags().StringArrayVarP(&t.adapters, "adapter", "a", nil, "adapter folder; may be given several times")
	c.Flags().BoolVar(&base, "base", false, "with adapters: the model without one too")
	c.Flags().BoolVar(&raw, "raw", false, "go on with the prompt as a text, without the chat template")
	t.samplingFlags(c.Flags(), 256, 0)
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "only the answer")
	completeFolders(c, "model", "adapter")
	return c
}

// answer is one model's answer in `cogumi generate --json`.
type answer struct {
	Model        string  `json:"model"`
	Adapter      string  `json:"adapter,omitempty"`
	Text         string  `json:"text"`
	Tokens       int     `json:"tokens"`
	Truncated    bool    `json:"truncated,omitempty"`
	PromptTokens int     `json:"prompt_tokens"`
	PromptRate   float64 `json:"prompt_tokens_per_second"`
	Rate         float64 `json:"tokens_per_second"`
}

func (a *app) generate(t *trial, adapters []string, prompt string, raw bool) error {
	a.hushProgress()
	ctx, stop := interruptible()
	defer stop()
	base, err := t.base()
	if err != nil {
		return err
	}
	var models []*model.Model
	for _, name := range adapters {
		m, err := a.with(base, name, t.anyBase)
		if err != nil {
			return err
		}
		models = append(models, m)
	}
	var stream func(string)
	if len(models) == 1 && !a.json {
		stream = a.say
	}
	var answers []answer
	for i, m := range models {
		got, err := t.answer(ctx, m, prompt, raw, stream)
		if stream != nil && got.Text != "" {
			fmt.Fprintln(a.out)
		}
		if err != nil {
			return workFault(err)
		}
		got.Adapter = adapters[i]
		answers = append(answers, got)
	}
	if a.json {
		return a.printJSON(answers)
	}
	if stream == nil {
		a.sideBySide(answers)
	}
	for _, x := range answers {
		a.tell("%s", a.paint(dim, x.name()+"  "+x.speed()))
	}
	return nil
}

// answer lets one model write.
func (t *trial) answer(ctx context.Context, m *model.Model, prompt string, raw bool, stream func(string)) (answer, error) {
	talk, err := m.Talk(ctx, t.context)
	if err != nil {
		return answer{}, err
	}
	defer talk.Close()
	var r model.Reply
	if raw {
		r, err = talk.Complete(ctx, prompt, t.sampling, stream)
	} else {
		r, err = talk.Answer(ctx, t.turns(prompt), t.sampling, stream)
	}
	if err != nil && strings.Contains(err.Error(), "no chat template") {
		err = errors.New(err.Error() + "; --raw goes on with the prompt as a text")
	}
	return answer{Model: m.Name, Text: r.Text, Tokens: r.Tokens, Truncated: r.Truncated, PromptTokens: r.Read, PromptRate: r.ReadRate, Rate: r.WriteRate}, err
}

func (t *trial) turns(prompt string) []dataset.Message {
	var turns []dataset.Message
	if t.system != "" {
		turns = append(turns, dataset.Message{Role: "system", Content: t.system})
	}
	return append(turns, dataset.Message{Role: "user", Content: prompt})
}

func (x answer) name() string {
	if x.Adapter == "" {
		return x.Model
	}
	return x.Adapter
}

func (x answer) speed() string {
	return speedText(model.Reply{Tokens: x.Tokens, Truncated: x.Truncated, Read: x.PromptTokens, ReadRate: x.PromptRate, WriteRate: x.Rate})
}

// sideBySide prints answers as columns where they have room, one below the other
// elsewhere.
func (a *app) sideBySide(answers []answer) {
	total := width(a.out)
	each := (total - 3*(len(answers)-1)) / len(answers)
	if each < 24 {
		for _, x := range answers {
			fmt.Fprintf(a.out, "── %s ──\n%s\n", printable(x.name()), printable(x.Text))
		}
		return
	}
	columns := make([][]string, len(answers))
	height := 0
	for i, x := range answers {
		columns[i] = []string{abbreviate(printable(x.name()), each), strings.Repeat("─", each)}
		for _, line := range strings.Split(printable(x.Text), "\n") {
			columns[i] = append(columns[i], fold(line, each)...)
		}
		height = max(height, len(columns[i]))
	}
	for y := range height {
		var b strings.Builder
		for i, lines := range columns {
			text := ""
			if y < len(lines) {
				text = lines[y]
			}
			if i > 0 {
				b.WriteString(" │ ")
			}
			b.WriteString(text + strings.Repeat(" ", each-utf8.RuneCountInString(text)))
		}
		fmt.Fprintln(a.out, strings.TrimRight(b.String(), " "))
	}
}

// fold is wrap for text whose spaces count: indentation stays, and a word that
// is longer than a line is cut.
func fold(line string, n int) []string {
	line = strings.ReplaceAll(line, "\t", "    ")
	var out []string
	for utf8.RuneCountInString(line) > n {
		runes := []rune(line)
		cut := n
		for i := n; i > n/2; i-- {
			if runes[i] == ' ' {
				cut = i
				break
			}
		}
		out = append(out, strings.TrimRight(string(runes[:cut]), " "))
		line = strings.TrimLeft(string(runes[cut:]), " ")
	}
	return append(out, line)
}
