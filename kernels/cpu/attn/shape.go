package attn

import "fmt"

// Shape is what all calls of a model share.
type Shape struct {
	Heads, KVHeads, HeadDim int
	Scale                   float32 // of the scores, usually 1/√HeadDim
	Window                  int     // tokens seen, the token itself included; 0: all
}

func (s Shape) check() {
	if s.HeadDim < 1 || s.KVHeads < 1 || s.Heads < 1 || s.Heads%s.KVHeads != 0 || s.Window < 0 {
		panic(fmt.Sprintf("attn: impossible shape %+v", s))
	}
}

// Rows are the heads of tokens: head h of token t begins at
// Data[t·Stride + h·headDim]. Q, K and V may be parts of one buffer.
type Rows struct {
	Data   []float32
	Stride int
}

func (r Rows) at(token, head, dim int) []float32 {
	return r.Data[token*r.Stride+head*dim:][:dim]
}

// check panics if the rows do not hold so many tokens of so many heads.
func (r Rows) check(name string, tokens, heads, dim int) {
	if tokens == 0 {
		return
	}
	if r.Stride < heads*dim || len(r.Data) < (tokens-1)*r.Stride+heads*dim {
		panic(fmt.Sprintf("attn: %s holds %d values with stride %d, needs %d tokens of %d×%d",
			name, len(r.Data), r.Stride, tokens, heads, dim))
	}
}

// first is the first token that token i sees.
func (s Shape) first(i int) int {
	if s.Window == 0 {
		return 0
	}
	return max(0, i-s.Window+1)
}

// checkCu panics if sequences do not follow each other; it returns their tokens.
func checkCu(cu []int32) int {
	if len(cu) == 0 {
		return 0
	}
	last := cu[0]
	for _, c := range cu {
		if c < last || c < 0 {
			panic(fmt.Sprintf("attn: sequence bounds %v go back", cu))
		}
		last = c
	}
	return int(last)
}
