package tokenizer

// matcher finds added tokens in a text: of those that start first, the longest.
type matcher struct {
	edges map[uint32]int32 // node<<8 | byte → node; node 0 is the root
	ends  []int32          // node → id of the token that ends there, or -1
	first [256]bool
	spec  map[int32]bool
}

func newMatcher() *matcher {
	return &matcher{edges: map[uint32]int32{}, ends: []int32{-1}, spec: map[int32]bool{}}
}

func (m *matcher) add(content string, id int32, special bool) {
	node := int32(0)
	for i := 0; i < len(content); i++ {
		key := uint32(node)<<8 | uint32(content[i])
		next, ok := m.edges[key]
		if !ok {
			next = int32(len(m.ends))
			m.ends = append(m.ends, -1)
			m.edges[key] = next
		}
		node = next
	}
	m.ends[node] = id
	m.first[content[0]] = true
	m.spec[id] = special
}

// at returns the longest token that text starts with.
func (m *matcher) at(text string) (id int32, length int) {
	id = -1
	node := int32(0)
	for i := 0; i < len(text); i++ {
		next, ok := m.edges[uint32(node)<<8|uint32(text[i])]
		if !ok {
			break
		}
		if node = next; m.ends[node] >= 0 {
			id, length = m.ends[node], i+1
		}
	}
	return id, length
}

// cut hands out the pieces of text in order: an added token by its id, the text
// between tokens with id -1. With asText a special token stays in the text.
func (m *matcher) cut(text string, asText bool, piece func(plain string, id int32)) {
	start := 0
	for i := 0; i < len(text); {
		if !m.first[text[i]] {
			i++
			continue
		}
		id, n := m.at(text[i:])
		if id < 0 {
			i++
			continue
		}
		if asText && m.spec[id] {
			i += n // what it spells hides no other token
			continue
		}
		if start < i {
			piece(text[start:i], -1)
		}
		piece("", id)
		i += n
		start = i
	}
	if start < len(text) {
		piece(text[start:], -1)
	}
}
