package vec

// expTable holds the constants of EXP in exp_amd64.h, each as wide as a register:
// the argument's range, the rounding, ln 2 in two parts and the polynomial of
// Cephes' expf (S. Moshier, netlib.org/cephes).
//
//lint:ignore U1000 the assembly reads it
var expTable = [14][16]float32{
	filled(-87.4),            // below, 2ⁿ⁻¹ is 0
	filled(89.4),             // above, it is infinite
	filled(1.44269504088896), // 1/ln 2
	filled(1.5 * (1 << 23)),  // adding it rounds to an integer
	filled(0.693359375),      // ln 2, upper bits
	filled(-2.12194440e-4),   // ln 2, the rest
	filled(1.9875691500e-4),  // of r⁵
	filled(1.3981999507e-3),  // of r⁴
	filled(8.3334519073e-3),  // of r³
	filled(4.1665795894e-2),  // of r²
	filled(1.6666665459e-1),  // of r
	filled(5.0000001201e-1),  // of 1
	filled(1),
	filled(0.5), // its bits are the exponent of 2⁻¹
}

func filled(v float32) (a [16]float32) {
	for i := range a {
		a[i] = v
	}
	return a
}
