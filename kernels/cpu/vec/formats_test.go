package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDequantNF4(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range append(sizes(), 64*7, 64*7+13) {
			packed := make([]byte, (n+1)/2)
			for i := range packed {
				packed[i] = byte(r.Uint32())
			}
			absmax := random(r, (n+63)/64)
			if n > 200 {
				absmax[1] = math.Float32frombits(0x7fffffff) // a NaN whose bits would overflow
			}
			for _, round := range []bool{false, true} {
				got, want := make([]float32, n), make([]float32, n)
				DequantNF4(got, packed, absmax, round)
				for i := range want {
					code := packed[i/2] >> (4 * (1 - i%2)) & 15
					want[i] = NF4[code] * absmax[i/64]
					if round {
						want[i] = math.Float32frombits(uint32(bf16(want[i])) << 16)
					}
				}
				near(t, "DequantNF4", got, want, 0)
			}
		}
	})
}

func TestBF16(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		cases := []struct {
			in   uint32
			want uint16
		}{
			{0x3f800000, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f818000, 0x3f82}, {0x3f808001, 0x3f81}, {0x3f807fff, 0x3f80},
			{0x7f7fffff, 0x7f80}, {0xff800000, 0xff80}, {0x7fc00000, 0x7fc0}, {0x7f800001, 0x7fc0}, {0xffffffff, 0xffff},
			{0x80000000, 0x8000}, {0x00000001, 0}, {0x00008001, 1},
		}
		for pad := range 10 {
			src, dst := make([]float32, pad+len(cases)), make([]uint16, pad+len(cases))
			for i, c := range cases {
				src[pad+i] = math.Float32frombits(c.in)
			}
			ToBF16(dst, src)
			for i, c := range cases {
				if dst[pad+i] != c.want {
					t.Errorf("%08x becomes %04x, want %04x", c.in, dst[pad+i], c.want)
				}
			}
		}
		all := make([]uint16, 1<<16)
		for i := range all {
			all[i] = uint16(i)
		}
		wide, back := make([]float32, len(all)), make([]uint16, len(all))
		FromBF16(wide, all)
		ToBF16(back, wide)
		for i, v := range back {
			if nan := all[i]&0x7fff > 0x7f80; v != all[i] && !(nan && v == all[i]|0x40) {
				t.Fatalf("%04x comes back as %04x", all[i], v)
			}
		}
	})
}
