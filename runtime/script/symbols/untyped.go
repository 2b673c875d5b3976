package symbols

import (
	"go/constant"
	"go/token"
	"reflect"
	"strings"
)

// Untyped is an untyped constant with its exact value.
type Untyped struct {
	Kind  string // int, rune, float, string
	Value constant.Value
}

func untypedString(s string) reflect.Value {
	return reflect.ValueOf(Untyped{"string", constant.MakeString(s)})
}

func untypedInt(s string) reflect.Value {
	return reflect.ValueOf(Untyped{"int", exact(s)})
}

func untypedRune(s string) reflect.Value {
	return reflect.ValueOf(Untyped{"rune", exact(s)})
}

func untypedFloat(s string) reflect.Value {
	return reflect.ValueOf(Untyped{"float", constant.ToFloat(exact(s))})
}

// exact reads constant.Value's ExactString: an integer, or a fraction of two.
func exact(s string) constant.Value {
	num, den, fraction := strings.Cut(s, "/")
	v := literal(num)
	if fraction {
		return constant.BinaryOp(v, token.QUO, literal(den))
	}
	return v
}

func literal(s string) constant.Value {
	neg := strings.HasPrefix(s, "-")
	v := constant.MakeFromLiteral(strings.TrimPrefix(s, "-"), token.INT, 0)
	if v.Kind() == constant.Unknown {
		v = constant.MakeFromLiteral(strings.TrimPrefix(s, "-"), token.FLOAT, 0)
	}
	if neg {
		v = constant.UnaryOp(token.SUB, v, 0)
	}
	return v
}
