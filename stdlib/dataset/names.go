package dataset

import (
	"strconv"
	"strings"
)

// Names says under which names a file has the fields of a row: {"instruction": "q",
// "output": "answers.0.text"}. A name with points leads into objects and lists. What
// stood under the row's own name stays, as "file_instruction".
type Names map[string]string

// rename gives the fields of a record the names that rows have.
func (n Names) rename(m map[string]any) {
	for own, name := range n {
		v, ok := m[name]
		if ok {
			if name == own {
				continue
			}
			delete(m, name)
		} else if v, ok = within(m, name); !ok {
			continue
		}
		if was, taken := m[own]; taken {
			m["file_"+own] = was
		}
		m[own] = v
	}
}

// within follows a name with points.
func within(v any, name string) (any, bool) {
	for part := range strings.SplitSeq(name, ".") {
		switch in := v.(type) {
		case map[string]any:
			next, ok := in[part]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}
