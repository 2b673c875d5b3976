package host

import "cogumi/kernels"

// move binds Store, Fetch and Await; nil for any other operation. There is one
// memory here, so they only serve programs that are made for a device with its
// own. A copy happens as late as it may, and a place that waits for one holds no
// numbers: a plan that gives a place away too early is seen in the results.
func (v *View) move(op kernels.Op) func() {
	switch o := op.(type) {
	case *kernels.Store:
		return func() {}
	case *kernels.Fetch:
		y := v.bytes(o.Y)
		return func() {
			for i := range y {
				y[i] = 0xff
			}
		}
	case *kernels.Await:
		var to, from []byte
		switch c := o.Of.(type) {
		case *kernels.Store:
			to, from = v.bytes(c.To), v.bytes(c.X)
		case *kernels.Fetch:
			to, from = v.bytes(c.Y), v.bytes(c.From)
		}
		return func() { copy(to, from) }
	}
	return nil
}
