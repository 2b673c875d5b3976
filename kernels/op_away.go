package kernels

// Store copies an activation to the host's memory, beside the operations that
// follow it. X keeps its place, and must not be written, until the Await.
type Store struct {
	X  *Tensor // an activation
	To *Tensor // Role Away, of X's size
}

func (o *Store) Kind() string      { return "store" }
func (o *Store) Reads() []*Tensor  { return tensors(o.X) }
func (o *Store) Writes() []*Tensor { return tensors(o.To) }

// Fetch brings back what was stored, beside the operations that follow it. Y
// has its place from here on and its values from the Await on.
type Fetch struct {
	From *Tensor // Role Away
	Y    *Tensor // an activation of its size
}

func (o *Fetch) Kind() string      { return "fetch" }
func (o *Fetch) Reads() []*Tensor  { return tensors(o.From) }
func (o *Fetch) Writes() []*Tensor { return tensors(o.Y) }

// Await waits for one Store or Fetch.
type Await struct{ Of Op }

func (o *Await) Kind() string { return "await" }

// Reads are what the copy reads: it must stay until now.
func (o *Await) Reads() []*Tensor { return o.Of.Reads() }

// Writes are what the copy writes.
func (o *Await) Writes() []*Tensor { return o.Of.Writes() }
