package cells

import "fmt"

// Value is the value of an expression.
type Value struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func (s *Session) showAll(values ...any) {
	for _, v := range values {
		s.show(Value{Type: s.lowers.Table().DynamicName(v), Text: fmt.Sprintf("%+v", v)})
	}
}
