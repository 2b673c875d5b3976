package gemm

import "unsafe"

// runPlain is the kernel in plain Go.
func runPlain(t *tile) {
	const nr = 8
	b := unsafe.Slice(t.b, t.k*nr)
	for i := range t.rows {
		var acc [8]float32
		a := unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(t.a), 4*i*t.ars)), (t.k-1)*t.acs+1)
		for k := range t.k {
			v := a[k*t.acs]
			row := (*[8]float32)(b[k*nr:])
			for j := range acc {
				acc[j] += v * row[j]
			}
		}
		c := (*[8]float32)(unsafe.Add(unsafe.Pointer(t.c), 4*i*t.crs))
		if t.add {
			for j := range acc {
				c[j] += acc[j]
			}
		} else {
			*c = acc
		}
	}
}
