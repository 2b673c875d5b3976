package gemm

import "unsafe"

// runPlain is the kernel in plain Go, for any width of panels.
func runPlain(t *tile) {
	nr := t.nr
	if t.half {
		nr /= 2
	}
	var acc [32]float32
	for i := range t.rows {
		a := at(t.a, i*t.ars)
		for p := range t.wide {
			row := acc[:nr]
			clear(row)
			for k := range t.k {
				b := unsafe.Slice(at(t.b, p*t.panel+k*t.nr), nr)
				v := *at(a, k*t.acs)
				for j, w := range b {
					row[j] += v * w
				}
			}
			c := unsafe.Slice(at(t.c, i*t.crs+p*t.nr), nr)
			if !t.add {
				copy(c, row)
				continue
			}
			for j, v := range row {
				c[j] += v
			}
		}
	}
}
