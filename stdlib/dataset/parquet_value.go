package dataset

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// errNoUTF8 is what text columns with other bytes give.
var errNoUTF8 = errors.New("the text is not UTF-8")

// converter gives the function that makes a row's value of a column's values:
// text, numbers and booleans as they are, JSON parsed, times in ISO 8601,
// decimals as text, other bytes as {"base64": …}.
func converter(t parquet.Type) func(parquet.Value) (any, error) {
	if logical := t.LogicalType(); logical != nil {
		if convert := logicalConverter(logical.Value, t.Kind()); convert != nil {
			return nullable(convert)
		}
	}
	return nullable(physicalConverter(t.Kind()))
}

// nullable guards against nulls in columns that must not have any.
func nullable(convert func(parquet.Value) (any, error)) func(parquet.Value) (any, error) {
	return func(v parquet.Value) (any, error) {
		if v.IsNull() {
			return nil, nil
		}
		return convert(v)
	}
}

func physicalConverter(k parquet.Kind) func(parquet.Value) (any, error) {
	switch k {
	case parquet.Boolean:
		return func(v parquet.Value) (any, error) { return v.Boolean(), nil }
	case parquet.Int32, parquet.Int64:
		return func(v parquet.Value) (any, error) { return fromInt(whole(v)), nil }
	case parquet.Int96:
		return int96
	case parquet.Float:
		return func(v parquet.Value) (any, error) { return float64(v.Float()), nil }
	case parquet.Double:
		return func(v parquet.Value) (any, error) { return v.Double(), nil }
	}
	return func(v parquet.Value) (any, error) {
		return map[string]any{"base64": base64.StdEncoding.EncodeToString(v.ByteArray())}, nil
	}
}

// whole is an integer of either width.
func whole(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// logicalConverter is nil for types that are read as what they physically are.
func logicalConverter(t format.LogicalTypeValue, k parquet.Kind) func(parquet.Value) (any, error) {
	bytes := k == parquet.ByteArray || k == parquet.FixedLenByteArray
	number := k == parquet.Int32 || k == parquet.Int64
	switch t := t.(type) {
	case *format.StringType, *format.EnumType:
		if bytes {
			return func(v parquet.Value) (any, error) { return textValue(v) }
		}
	case *format.JsonType:
		if bytes {
			return jsonText
		}
	case *format.UUIDType:
		if bytes {
			return uuid
		}
	case *format.Float16Type:
		if bytes {
			return float16
		}
	case *format.DecimalType:
		if bytes || number {
			return func(v parquet.Value) (any, error) { return decimal(v, int(t.Scale), bytes) }
		}
	case *format.IntType:
		if number && !t.IsSigned {
			return func(v parquet.Value) (any, error) { return unsigned(v), nil }
		}
	case *format.DateType:
		if number {
			return func(v parquet.Value) (any, error) {
				return time.Unix(0, 0).UTC().AddDate(0, 0, int(whole(v))).Format(time.DateOnly), nil
			}
		}
	case *format.TimeType:
		if number {
			return func(v parquet.Value) (any, error) { return clock(moment(whole(v), t.Unit)), nil }
		}
	case *format.TimestampType:
		if number {
			zone := ""
			if t.IsAdjustedToUTC {
				zone = "+00:00"
			}
			return func(v parquet.Value) (any, error) { return iso(moment(whole(v), t.Unit)) + zone, nil }
		}
	}
	return nil
}

func textValue(v parquet.Value) (string, error) {
	if b := v.ByteArray(); utf8.Valid(b) {
		return string(b), nil
	}
	return "", errNoUTF8
}

// jsonText parses JSON; what is none stays text.
func jsonText(v parquet.Value) (any, error) {
	text, err := textValue(v)
	if err != nil {
		return nil, err
	}
	if parsed, err := parseAny([]byte(text)); err == nil {
		return parsed, nil
	}
	return text, nil
}

func uuid(v parquet.Value) (any, error) {
	b := v.ByteArray()
	if len(b) != 16 {
		return nil, errShape
	}
	h := hex.EncodeToString(b)
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-"), nil
}

func unsigned(v parquet.Value) any {
	if v.Kind() == parquet.Int32 {
		return fromUint(uint64(v.Uint32()))
	}
	return fromUint(v.Uint64())
}

// decimal is unscaled·10^−scale as text, all digits of the scale shown.
func decimal(v parquet.Value, scale int, bytes bool) (any, error) {
	n := new(big.Int)
	if !bytes {
		n.SetInt64(whole(v))
	} else if b := v.ByteArray(); len(b) > 0 {
		n.SetBytes(b)
		if b[0]&0x80 != 0 { // two's complement
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	if scale < 0 || scale > 1000 {
		return nil, fmt.Errorf("a decimal of scale %d", scale)
	}
	digits := new(big.Int).Abs(n).String()
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale-len(digits)+1) + digits
	}
	if scale > 0 {
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return digits, nil
}

// float16 is an IEEE 754 half, little-endian.
func float16(v parquet.Value) (any, error) {
	b := v.ByteArray()
	if len(b) != 2 {
		return nil, errShape
	}
	bits := binary.LittleEndian.Uint16(b)
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		f = math.Inf(1)
		if fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 != 0 {
		f = -f
	}
	return f, nil
}

// moment is n units since 1970.
func moment(n int64, unit format.TimeUnit) time.Time {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return time.UnixMilli(n).UTC()
	case *format.MicroSeconds:
		return time.UnixMicro(n).UTC()
	}
	return time.Unix(n/1e9, n%1e9).UTC()
}

// int96 is Impala's time: nanoseconds of the day, then the Julian day.
func int96(v parquet.Value) (any, error) {
	x := v.Int96()
	const epoch = 2440588 // Julian day of 1970-01-01
	days := int64(int32(x[2])) - epoch
	nanos := int64(uint64(x[1])<<32 | uint64(x[0]))
	return iso(time.Unix(days*86400+nanos/1e9, nanos%1e9).UTC()), nil
}

func iso(t time.Time) string { return t.Format("2006-01-02T") + clock(t) }

// clock is the time of day; fractions with six or nine digits, or none.
func clock(t time.Time) string {
	switch nanos := t.Nanosecond(); {
	case nanos == 0:
		return t.Format("15:04:05")
	case nanos%1000 == 0:
		return t.Format("15:04:05.000000")
	}
	return t.Format("15:04:05.000000000")
}
