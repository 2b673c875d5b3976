package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"cogumi/runtime/stage"
)

func (a *app) listCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "I want to…: which script for which purpose",
		Long: `Lists the scripts by stage of the pipeline: those of ./experiments and those that
come with cogumi.`,
		Example: `  cogumi list
  cogumi list --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := allScripts()
			if err != nil {
				return failed("", "%v", err)
			}
			if a.json {
				return a.printJSON(listed(all))
			}
			for _, f := range all {
				for _, p := range f.problems {
					printProblem(a.err, p)
				}
			}
			printList(a.out, stageSet(all), width(a.out))
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// listing is one script in `cogumi list --json`.
type listing struct {
	Script       string `json:"script"`
	Path         string `json:"path"`
	Carried      bool   `json:"carried"` // comes with the binary
	Stage        string `json:"stage,omitempty"`
	Purpose      string `json:"purpose,omitempty"`
	WhenToUse    string `json:"when_to_use,omitempty"`
	WhenNotToUse string `json:"when_not_to_use,omitempty"`
	Time         string `json:"time,omitempty"`
	Cost         string `json:"cost,omitempty"`
}

func listed(all []found) []listing {
	list := []listing{}
	for _, s := range stageSet(all).Scripts {
		l := listing{Script: s.Name, Path: s.Path}
		for _, f := range all {
			if f.Script == s {
				l.Carried = f.file == ""
			}
		}
		if h := s.Header; h != nil {
			l.Stage, l.Purpose, l.WhenToUse, l.WhenNotToUse = h.Stage, h.Purpose, h.WhenToUse, h.WhenNotToUse
			l.Time, l.Cost = h.Time.Text, h.Cost.Text
		}
		list = append(list, l)
	}
	return list
}

// printList is the table "I want to…", wrapped to the width.
func printList(w io.Writer, set *stage.Set, width int) {
	rows := [][]string{{"STAGE", "I WANT TO…", "SCRIPT", "WHEN TO USE", "TIME", "COST"}}
	for _, s := range set.Scripts {
		if h := s.Header; h != nil {
			rows = append(rows, []string{h.Stage, h.Purpose, s.Name, h.WhenToUse, h.Time.Short(), h.Cost.Short()})
		} else {
			rows = append(rows, []string{"-", "(no header)", s.Name, "", "unknown", "unknown"})
		}
	}
	printColumns(w, rows, []int{0, 3, 0, 3, 1, 1}, width)
	fmt.Fprintln(w, "\nRun one: cogumi run SCRIPT      Its flags: cogumi run SCRIPT --help")
}

// printColumns prints rows in aligned columns. A column with weight 0 is as
// wide as its longest word needs at least; the others share what is left by
// their weights and wrap.
func printColumns(w io.Writer, rows [][]string, weights []int, width int) {
	widths := columnWidths(rows, weights, width)
	for i, row := range rows {
		cells := make([][]string, len(row))
		height := 1
		for c, text := range row {
			cells[c] = wrap(printable(text), widths[c])
			height = max(height, len(cells[c]))
		}
		if i > 1 && height > 1 {
			fmt.Fprintln(w)
		}
		for line := range height {
			var b strings.Builder
			for c := range row {
				text := ""
				if line < len(cells[c]) {
					text = cells[c][line]
				}
				b.WriteString(text)
				if c < len(row)-1 {
					b.WriteString(strings.Repeat(" ", max(0, widths[c]-utf8.RuneCountInString(text))+2))
				}
			}
			fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
		}
	}
}

func columnWidths(rows [][]string, weights []int, width int) []int {
	widths := make([]int, len(weights))
	longestWord := make([]int, len(weights))
	for _, row := range rows {
		for c, text := range row {
			widths[c] = max(widths[c], utf8.RuneCountInString(text))
			for _, word := range strings.Fields(text) {
				longestWord[c] = max(longestWord[c], utf8.RuneCountInString(word))
			}
		}
	}
	left, total := width-2*(len(weights)-1), 0
	for c, weight := range weights {
		if weight == 0 {
			widths[c] = min(widths[c], max(longestWord[c], 18))
			left -= widths[c]
		}
		total += weight
	}
	for c, weight := range weights {
		if weight > 0 {
			widths[c] = min(widths[c], max(longestWord[c], left*weight/total))
		}
	}
	return widths
}

func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("see: "+c.CommandPath()+" --help", "%s takes no arguments, not even %q", c.Name(), args[0])
	}
	return nil
}
