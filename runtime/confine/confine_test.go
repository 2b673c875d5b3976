package confine

import (
	"bytes"
	"reflect"
	"testing"
)

func TestPolicySurvivesThePipe(t *testing.T) {
	p := Policy{{"/usr", Read}, {"/data/ä b\n", Write | Link}, {"/x", all}}
	back, err := Unpack(p.Pack())
	if err != nil || !reflect.DeepEqual(p, back) {
		t.Fatalf("%v, %v; want %v", back, err, p)
	}
	for _, damaged := range []string{"\x02", "\x02\x00", "\x02/usr", "\xff/usr\x00", "\x02/usr\x00\x02"} {
		if p, err := Unpack([]byte(damaged)); err == nil {
			t.Errorf("%q is accepted: %v", damaged, p)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(Policy{{"/usr", Read}, {"/x", Write}}.Pack())
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := Unpack(b); err == nil && !bytes.Equal(p.Pack(), b) {
			t.Errorf("%q became another policy: %q", b, p.Pack())
		}
	})
}

func TestLevel(t *testing.T) {
	for want, l := range map[string]Level{
		"Landlock 7, seccomp": {7, true}, "Landlock 12": {12, false}, "seccomp": {0, true}, "none": {},
	} {
		if l.String() != want {
			t.Errorf("%+v is %q, want %q", l, l, want)
		}
	}
}
