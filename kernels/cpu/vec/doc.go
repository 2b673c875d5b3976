// Package vec does arithmetic on float32 slices: sums, exponentials, rows of
// normalisation and softmax, the optimiser's update, number formats. Everything
// runs on the calling goroutine.
//
// Every function has a plain Go twin, which also serves processors without
// assembly here. Elementwise results do not depend on where in a slice an element
// stands, so a slice may be cut between goroutines anywhere; sums depend on the
// length alone. NaN and infinities propagate. Between instruction sets results
// differ by rounding.
//
// Slices that belong together must be as long as the first; longer ones are used
// in part, shorter ones panic.
package vec
