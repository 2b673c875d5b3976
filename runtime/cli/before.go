package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"cogumi/reports/run"
	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
)

// Environment variables about money.
const (
	envPrice  = "COGUMI_PRICE_PER_HOUR" // what this machine costs, dollars
	envBudget = "COGUMI_BUDGET"         // what one run may cost, dollars
)

// before tells what a run will take: as declared, as it was here, and what
// there is. What nobody knows is called unknown. A run whose declared cost
// cannot fit the budget is refused.
func (a *app) before(s *stage.Script, root string) error {
	price, err := dollars(envPrice)
	if err != nil {
		return err
	}
	budget, err := dollars(envBudget)
	if err != nil {
		return err
	}
	h := s.Header
	if h == nil {
		return nil
	}
	a.tell("%s  %s", a.paint(bold, s.Name), printable(h.Stage))
	past := launch.PastRuns(root, s.Name)
	a.tell("  time    declared %s; %s", printable(declared(h.Time)), pastText(past))
	a.tell("  cost    declared %s; %s", printable(declared(h.Cost)), priceText(price, h.Time, past))
	if budget == nil {
		a.tell("  budget  unknown (set %s)", envBudget)
		return nil
	}
	a.tell("  budget  $%.2f", *budget)
	switch {
	case h.Cost.Known && h.Cost.Min > *budget:
		return &fault{launch.Preflight,
			fmt.Errorf("%s costs %s, the budget is $%.2f", s.Name, h.Cost.Text, *budget),
			"raise " + envBudget + ", or unset it"}
	case h.Cost.Known && h.Cost.Max > *budget:
		a.tell("  %s it may cost more than the budget", a.paint(red, "careful:"))
	}
	return nil
}

func declared(s stage.Span) string {
	if !s.Known {
		return "unknown"
	}
	return s.Short()
}

func pastText(past launch.History) string {
	var parts []string
	if n := len(past.Full); n > 0 {
		parts = append(parts, fmt.Sprintf("here %s (%s)", duration(launch.Median(past.Full)), medianOf(n)))
	}
	if n := len(past.Reused); n > 0 {
		parts = append(parts, fmt.Sprintf("with finished steps %s (%s)", duration(launch.Median(past.Reused)), medianOf(n)))
	}
	if len(parts) == 0 {
		return "here unknown (no finished run yet)"
	}
	return strings.Join(parts, ", ")
}

func medianOf(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("median of %d runs", n)
}

// priceText estimates the money from the machine's price and the best figure
// for the time that there is.
func priceText(price *float64, t stage.Span, past launch.History) string {
	if price == nil {
		return "here unknown (set " + envPrice + ")"
	}
	if seconds := launch.Median(past.Full); seconds > 0 {
		return fmt.Sprintf("here about %s at $%g/h", money(seconds/3600**price), *price)
	}
	if t.Known {
		return fmt.Sprintf("here about %s to %s at $%g/h", money(t.Min/3600**price), money(t.Max/3600**price), *price)
	}
	return fmt.Sprintf("here unknown at $%g/h: the time is", *price)
}

// money never rounds something to nothing.
func money(d float64) string {
	if d > 0 && d < 0.01 {
		return "less than $0.01"
	}
	return fmt.Sprintf("$%.2f", d)
}

func dollars(env string) (*float64, error) {
	text := os.Getenv(env)
	if text == "" {
		return nil, nil
	}
	v, err := strconv.ParseFloat(strings.TrimPrefix(text, "$"), 64)
	if err != nil || !(v >= 0 && v < 1e9) {
		return nil, usage("write "+env+"=0.35", "%s=%s is not a sum in dollars", env, text)
	}
	return &v, nil
}

// after tells what the run really took, why it ended, and where the report is.
func (a *app) after(s *stage.Script, _ stage.Values, out *launch.Outcome) {
	info := &out.Run.Info
	took := info.Ended.Sub(info.Started).Seconds()
	cost := "cost unknown"
	if info.Cost != nil {
		cost = "cost " + money(info.Cost.Dollars)
	}
	if out.Orphan && info.Error != nil {
		a.printError(printable(info.Error.Message), printable(info.Error.Hint))
	}
	a.tell("%s in %s, %s", stateWord(info.State), duration(took), cost)
	if info.State == run.Interrupted {
		a.tell("  run it again: finished steps are used as they are")
	}
	if hint := drift(s.Header, info, took, launch.ReusedSteps(out.Run)); hint != "" {
		a.tell("  %s", hint)
	}
	switch {
	case out.ReportErr != nil:
		fmt.Fprintf(a.err, "%s the report could not be built: %v\n  the run folder is %s\n", a.paint(red, "error:"), out.ReportErr, out.Dir)
	case out.Report != "":
		a.tell("report  %s", out.Report)
	}
}

func stateWord(s run.State) string {
	switch s {
	case run.Done:
		return "done"
	case run.Interrupted:
		return "interrupted"
	}
	return "failed"
}

// drift is a hint when the header's time or cost is off by more than 2×. A run
// that reused steps, or did not end well, says nothing about the header.
func drift(h *stage.Header, info *run.Info, took float64, reused int) string {
	if h == nil || info.State != run.Done || reused > 0 {
		return ""
	}
	if off(h.Time, took) && !(took < 1 && h.Time.Max <= 1) {
		return fmt.Sprintf("the header says TIME: %s, it took %s: edit the header if this machine is typical", printable(h.Time.Text), duration(took))
	}
	if info.Cost != nil && off(h.Cost, info.Cost.Dollars) {
		return fmt.Sprintf("the header says COST: %s, it cost %s: edit the header if this machine is typical", printable(h.Cost.Text), money(info.Cost.Dollars))
	}
	return ""
}

func off(s stage.Span, actual float64) bool {
	return s.Known && s.Max > 0 && (actual > 2*s.Max || actual < s.Min/2)
}

// printHeader shows a script's header for people.
func (a *app) printHeader(w io.Writer, s *stage.Script) {
	h := s.Header
	fmt.Fprintf(w, "%s  (%s)\n\n", s.Name, printable(h.Stage))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(key, text string) {
		if text == "" {
			return
		}
		for i, line := range wrap(printable(text), 78) {
			if i > 0 {
				key = ""
			}
			fmt.Fprintf(tw, "  %s\t%s\n", key, line)
		}
	}
	row("purpose", h.Purpose)
	row("when to use", h.WhenToUse)
	row("when not", h.WhenNotToUse)
	row("time", h.Time.Text)
	row("cost", h.Cost.Text)
	for i, p := range h.Inputs {
		row([]string{"reads", ""}[min(i, 1)], portText(p))
	}
	for i, p := range h.Outputs {
		row([]string{"writes", ""}[min(i, 1)], portText(p))
	}
	tw.Flush()
	if len(s.Flags) > 0 {
		fmt.Fprintln(w, "\nFlags:")
	}
	for _, f := range s.Flags {
		def := ""
		if f.HasDefault && f.Kind != "bool" {
			def = " (default " + f.Default + ")"
			if f.Default == "" {
				def = ""
			}
		}
		fmt.Fprintf(tw, "  --%s %s\t%s%s\n", f.Name, flagMeta(s, f), printable(f.Usage), printable(def))
	}
	tw.Flush()
	fmt.Fprintf(w, "\nUsage:\n  %s [flags]\n", s.Command())
}

func portText(p stage.Port) string {
	text := p.String() + ": " + string(p.Kind)
	if p.Note != "" {
		text += " (" + p.Note + ")"
	}
	if p.MinRows > 0 {
		text += fmt.Sprintf(", at least %d rows", p.MinRows)
	}
	if len(p.From) > 0 {
		text += ", made by " + strings.Join(p.From, " or ")
	}
	return text
}

// flagMeta is what the header calls the flag's value.
func flagMeta(s *stage.Script, f stage.Flag) string {
	if s.Header != nil {
		for _, p := range append(append([]stage.Port{}, s.Header.Inputs...), s.Header.Outputs...) {
			if p.Flag == f.Name && p.Meta != "" {
				return p.Meta
			}
		}
		for _, d := range s.Header.FlagDocs {
			if d.Flag == f.Name && d.Meta != "" {
				return d.Meta
			}
		}
	}
	return f.Meta()
}
