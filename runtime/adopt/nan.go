package adopt

import "bytes"

// withoutNaN replaces what Python's json writes for numbers that are none, and
// counts them. Texts stay as they are.
func withoutNaN(b []byte) (out []byte, replaced int) {
	words := [][]byte{[]byte("-Infinity"), []byte("Infinity"), []byte("NaN")}
	for i := 0; i < len(b); {
		switch b[i] {
		case '"':
			end := i + 1
			for end < len(b) && b[end] != '"' {
				if b[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(b))
			out = append(out, b[i:end]...)
			i = end
			continue
		case '-', 'I', 'N':
			if n := prefix(b[i:], words); n > 0 {
				out = append(out, "null"...)
				i += n
				replaced++
				continue
			}
		}
		out = append(out, b[i])
		i++
	}
	return out, replaced
}

func prefix(b []byte, words [][]byte) int {
	for _, w := range words {
		if bytes.HasPrefix(b, w) {
			return len(w)
		}
	}
	return 0
}
