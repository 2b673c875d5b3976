package source

import (
	"crypto/sha256"
	"encoding/hex"
	"go/constant"
	"go/scanner"
	"go/token"
	"go/types"
	"strings"
)

// normal is Go text as its tokens, one a line: comments, blank lines, layout and
// the comma before a closing bracket on its own line make no difference.
func normal(text []byte) string {
	fset := token.NewFileSet()
	file := fset.AddFile("", fset.Base(), len(text))
	var sc scanner.Scanner
	sc.Init(file, text, func(token.Position, string) {}, 0)
	var b strings.Builder
	pending := "" // a separator that a closing bracket swallows
	for {
		_, tok, lit := sc.Scan()
		if tok == token.EOF {
			return b.String()
		}
		switch tok {
		case token.COMMA, token.SEMICOLON:
			b.WriteString(pending)
			pending = tok.String() + "\n"
			continue
		case token.RPAREN, token.RBRACE, token.RBRACK:
			pending = ""
		}
		b.WriteString(pending)
		pending = ""
		if lit == "" || tok.IsOperator() {
			lit = tok.String()
		}
		b.WriteString(lit)
		b.WriteByte('\n')
	}
}

func hashTokens(text []byte) string {
	sum := sha256.Sum256([]byte(normal(text)))
	return hex.EncodeToString(sum[:])
}

func constantString(c *types.Const) string { return constant.StringVal(c.Val()) }
