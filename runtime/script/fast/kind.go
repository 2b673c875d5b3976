package fast

import (
	"go/types"
	"unsafe"
)

// kind is the kind of register that a value lives in.
type kind int

const (
	kindInt kind = iota // and booleans
	kindFloat
	kindString
	kindSlice
)

// kindOf is the register of a type; ok is false for types that stay with the
// interpreter.
func kindOf(t types.Type) (k kind, ok bool) {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&(types.IsInteger|types.IsBoolean) != 0 && u.Kind() != types.Invalid:
			return kindInt, true
		case u.Kind() == types.Float32 || u.Kind() == types.Float64 || u.Kind() == types.UntypedFloat:
			return kindFloat, true
		case u.Info()&types.IsString != 0:
			return kindString, true
		}
	case *types.Slice:
		_, ok := kindOf(u.Elem())
		return kindSlice, ok
	}
	return 0, false
}

// basic is the type's machine representation.
func basic(t types.Type) types.BasicKind {
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return types.Invalid
	}
	switch b.Kind() {
	case types.UntypedInt, types.Int:
		return types.Int64
	case types.Uint, types.Uintptr:
		return types.Uint64
	case types.UntypedRune:
		return types.Int32
	case types.UntypedFloat:
		return types.Float64
	case types.UntypedBool:
		return types.Bool
	case types.UntypedString:
		return types.String
	}
	return b.Kind()
}

// wide64 says whether values need all 64 bits without a sign.
func wide64(t types.Type) bool { return basic(t) == types.Uint64 }

// integers are the representations in memory.
type integers interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

type floats interface{ float32 | float64 }

// byInteger calls the instance for an integer or boolean type.
func byInteger[R any](t types.Type, i8, i16, i32, i64, u8, u16, u32, u64 R) R {
	switch basic(t) {
	case types.Int8:
		return i8
	case types.Int16:
		return i16
	case types.Int32:
		return i32
	case types.Int64:
		return i64
	case types.Uint8, types.Bool:
		return u8
	case types.Uint16:
		return u16
	case types.Uint32:
		return u32
	case types.Uint64:
		return u64
	}
	panic(unfit{})
}

// wrap brings the result of 64-bit arithmetic back into the type's range.
func wrap(t types.Type, e intExpr) intExpr {
	switch basic(t) {
	case types.Int8:
		return func(f *frame) int64 { return int64(int8(e(f))) }
	case types.Int16:
		return func(f *frame) int64 { return int64(int16(e(f))) }
	case types.Int32:
		return func(f *frame) int64 { return int64(int32(e(f))) }
	case types.Uint8:
		return func(f *frame) int64 { return int64(uint8(e(f))) }
	case types.Uint16:
		return func(f *frame) int64 { return int64(uint16(e(f))) }
	case types.Uint32:
		return func(f *frame) int64 { return int64(uint32(e(f))) }
	}
	return e
}

// sharing makes the loads and stores of a variable that the interpreter owns.
func sharing(t types.Type, reg int) outer {
	k, ok := kindOf(t)
	if !ok {
		panic(unfit{})
	}
	o := outer{kind: k, reg: reg}
	switch k {
	case kindInt:
		o.load, o.store = byInteger(t, shareInt[int8], shareInt[int16], shareInt[int32], shareInt[int64],
			shareInt[uint8], shareInt[uint16], shareInt[uint32], shareInt[uint64])(reg)
	case kindFloat:
		o.load, o.store = shareFloat[float64](reg)
		if basic(t) == types.Float32 {
			o.load, o.store = shareFloat[float32](reg)
		}
	case kindString:
		o.load = func(f *frame, p unsafe.Pointer) { f.s[reg] = *(*string)(p) }
		o.store = func(f *frame, p unsafe.Pointer) { *(*string)(p) = f.s[reg] }
	case kindSlice:
		// The variable itself: what is assigned to it is there at once.
		o.load = func(f *frame, p unsafe.Pointer) { f.p[reg] = p }
		o.store = func(*frame, unsafe.Pointer) {}
	}
	return o
}

func shareInt[T integers](reg int) (load, store func(*frame, unsafe.Pointer)) {
	return func(f *frame, p unsafe.Pointer) { f.i[reg] = int64(*(*T)(p)) },
		func(f *frame, p unsafe.Pointer) { *(*T)(p) = T(f.i[reg]) }
}

func shareFloat[T floats](reg int) (load, store func(*frame, unsafe.Pointer)) {
	return func(f *frame, p unsafe.Pointer) { f.f[reg] = float64(*(*T)(p)) },
		func(f *frame, p unsafe.Pointer) { *(*T)(p) = T(f.f[reg]) }
}
