package cells

import (
	"go/scanner"
	"go/token"
	"strings"
)

// chunk is one declaration or statement of a piece.
type chunk struct {
	start, end int  // bytes of the piece
	decl       bool // import, const, type, func, var
	word       token.Token
}

// open says how a piece ends: whether more must come before it is whole.
type open int

const (
	whole open = iota
	inside
	broken // a closing bracket without an opening one
)

type lexeme struct {
	offset int
	tok    token.Token
	lit    string
}

// lex reads a piece's tokens, with the semicolons that Go puts at line ends.
// unfinished: it ends inside a comment or raw string.
func lex(src string) (list []lexeme, unfinished bool) {
	file := token.NewFileSet().AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(_ token.Position, msg string) {
		if strings.HasPrefix(msg, "raw string literal not terminated") || strings.HasPrefix(msg, "comment not terminated") {
			unfinished = true
		}
	}, 0)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return list, unfinished
		}
		list = append(list, lexeme{file.Offset(pos), tok, lit})
	}
}

// split takes a piece apart at the semicolons outside of all brackets.
func split(src string) (chunks []chunk, state open) {
	list, unfinished := lex(src)
	depth, first := 0, -1
	for i, t := range list {
		switch t.tok {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if depth--; depth < 0 {
				return chunks, broken
			}
		}
		if t.tok == token.SEMICOLON && depth == 0 {
			if first >= 0 {
				chunks = append(chunks, chunkOf(list[first:i], t.offset))
			}
			first = -1
		} else if first < 0 {
			first = i
		}
	}
	if first >= 0 {
		chunks = append(chunks, chunkOf(list[first:], len(src)))
	}
	if unfinished || depth > 0 || len(list) > 0 && continues(list[len(list)-1].tok) {
		return chunks, inside
	}
	return chunks, whole
}

// continues says whether a line that ends with t goes on in the next one.
func continues(t token.Token) bool {
	switch t {
	case token.PERIOD, token.COMMA, token.ASSIGN, token.DEFINE, token.ARROW, token.NOT:
		return true
	}
	return t.IsOperator() && t.Precedence() > token.LowestPrec
}

func chunkOf(list []lexeme, end int) chunk {
	c := chunk{start: list[0].offset, end: end, word: list[0].tok}
	switch c.word {
	case token.IMPORT, token.CONST, token.TYPE, token.VAR:
		c.decl = true
	case token.FUNC:
		c.decl = declares(list[1:])
	}
	return c
}

// declares tells func name(…) and func (recv) name(…) from a func literal.
func declares(list []lexeme) bool {
	depth := 0
	for i, t := range list {
		switch t.tok {
		case token.LPAREN:
			depth++
		case token.RPAREN:
			if depth--; depth == 0 {
				return i+1 < len(list) && list[i+1].tok == token.IDENT && i+2 < len(list) && list[i+2].tok == token.LPAREN
			}
		case token.IDENT:
			if depth == 0 {
				return true
			}
		default:
			if depth == 0 {
				return false
			}
		}
	}
	return false
}

// Complete says whether a piece is whole: false while a bracket, a string or an
// operator at the end waits for the next line.
func Complete(src string) bool {
	_, state := split(src)
	return state != inside
}

// only is the piece with everything but the chunks blanked out, so that what is
// left keeps its lines and columns.
func only(src string, chunks []chunk) string {
	b := []byte(src)
	next := 0
	blank := func(to int) {
		for ; next < to; next++ {
			if b[next] != '\n' && b[next] != '\t' {
				b[next] = ' '
			}
		}
	}
	for _, c := range chunks {
		blank(c.start)
		next = c.end
		if next < len(b) && b[next] == ';' {
			next++
		}
	}
	blank(len(b))
	return string(b)
}

// segment is a run of declarations, or of statements.
type segment struct {
	decls  bool
	chunks []chunk
}

// segments groups the chunks. Where there are statements, a var between them is
// one too: it is done in its turn.
func segments(chunks []chunk) []segment {
	mixed := false
	for _, c := range chunks {
		mixed = mixed || !c.decl
	}
	var list []segment
	for _, c := range chunks {
		decl := c.decl && !(mixed && c.word == token.VAR)
		if n := len(list); n > 0 && list[n-1].decls == decl {
			list[n-1].chunks = append(list[n-1].chunks, c)
			continue
		}
		list = append(list, segment{decl, []chunk{c}})
	}
	return list
}
