package check

import (
	"fmt"
	"go/token"
	"strings"

	"cogumi/runtime/script/symbols"
)

// unavailable says why a script cannot import a path.
func unavailable(p string) string {
	why := reasons[p]
	if why == "" && (p == "net" || strings.HasPrefix(p, "net/")) {
		why = "scripts reach the network only through cogumi's primitives"
	}
	if why == "" {
		why = "not a package that scripts can import"
	}
	return why
}

// reasons say why scripts do not have a package.
var reasons = map[string]string{
	"C": "scripts are interpreted: there is no cgo", "unsafe": "unsafe is not available to scripts",
	"syscall": "system calls are not available to scripts", "os/exec": "scripts start no processes",
	"plugin": "scripts load no plugins", "os/signal": "the runner handles signals; use the run's Context()",
	"reflect": "an interpreted script's own types have no names for reflection", "encoding/gob": "gob needs type names that an interpreted script does not have",
	"encoding/xml": "xml needs type names that an interpreted script does not have", "testing": "scripts are not tests",
}

// hint says what to do about the type checker's message, or nothing.
func (u *Universe) hint(msg string) string {
	switch {
	case strings.Contains(msg, "could not import"):
		_, after, _ := strings.Cut(msg, "could not import ")
		path, _, _ := strings.Cut(after, " ")
		return nearestImport(path)
	case strings.HasPrefix(msg, "undefined: "):
		return u.hintUndefined(strings.TrimPrefix(msg, "undefined: "))
	case strings.HasPrefix(msg, "declared and not used"):
		return "use the variable, or write _ instead of its name"
	case strings.HasSuffix(msg, "imported and not used"):
		return "remove the import"
	case msg == "missing return":
		return "every path through the function must end in a return or a panic"
	case strings.Contains(msg, "mismatched types"):
		return "convert one side, for instance float64(x)"
	}
	return ""
}

// kept says why scripts do not have all of a package.
var kept = map[string]string{
	"runtime": "stacks, memory and finalizers are the interpreter's, not the script's; cogumi run --compiled has all of package runtime",
}

func (u *Universe) hintUndefined(name string) string {
	pkg, sel, qualified := strings.Cut(name, ".")
	if why := kept[pkg]; why != "" && sel != "" && token.IsExported(sel) {
		return why
	}
	for _, p := range symbols.Paths() {
		t := p[strings.LastIndex(p, "/")+1:]
		if t != pkg && !(strings.HasSuffix(p, "/v2") && strings.HasSuffix(strings.TrimSuffix(p, "/v2"), "/"+pkg)) {
			continue
		}
		if !qualified {
			return fmt.Sprintf("import %q", p)
		}
		table := symbols.Get(p)
		for _, g := range table.Generic {
			if g == sel {
				return fmt.Sprintf("%s is generic, and not among the generic functions that scripts have", name)
			}
		}
		best, distance := "", 3
		for have := range table.Values {
			if d := editDistance(sel, have); have[0] != '_' && (d < distance || d == distance && have < best) {
				best, distance = have, d
			}
		}
		if best != "" {
			return fmt.Sprintf("did you mean %s.%s?", pkg, best)
		}
	}
	if !qualified && (name == "slices" || name == "maps" || name == "cmp" || name == "iter") {
		return fmt.Sprintf("import %q", name)
	}
	return ""
}

func nearestImport(path string) string {
	best, distance := "", 4
	for _, have := range symbols.Paths() {
		if have[strings.LastIndex(have, "/")+1:] == path {
			return fmt.Sprintf("did you mean %q?", have)
		}
		if d := editDistance(path, have); d < distance {
			best, distance = have, d
		}
	}
	if best == "" || withheld(path) {
		return "cogumi run --trust compiles a script that needs it; it may then do whatever a Go program may do"
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// withheld says whether a path is none that somebody misspelled.
func withheld(path string) bool {
	return reasons[path] != "" || strings.HasPrefix(path, "net/")
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
