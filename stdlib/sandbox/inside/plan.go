// Package inside is the half of the sandbox that runs in a process of its own:
// the program itself, started again under another name.
//
// It is initialised before almost everything else, since it imports nothing but errors,
// io, os and syscall, and Go initialises packages in the order of their import paths as
// soon as what they need is ready. A start takes milliseconds, whatever the rest
// of the program has in its tables.
package inside

import "errors"

// Marker is the only argument (argv[0]) of a process that is a sandbox.
const Marker = "cogumi-sandbox"

// File descriptors of a sandbox process, beside the program's own 0, 1 and 2.
const (
	FDPlan   = 3 // a Plan comes in; its end means that the parent wants no more
	FDDone   = 4 // one line goes out, see Outcome
	FDReport = 5 // becomes the program's descriptor 3
)

// Folder is the program's, in memory: the only place it can write to.
const Folder = "/tmp"

// Plan is what the process has to do.
type Plan struct {
	Exe  string   // real path of the interpreter
	Args []string // argv
	Env  []string

	Dirs  []string // folders to see, real paths
	Files []Pair   // files to see: real path, path inside
	Links []Pair   // symbolic links: target, path inside

	Put []Pair // files of the program: name, content

	// Home is a folder that is there already. With it the program runs without
	// namespaces: behind Landlock, a narrower seccomp filter and limits alone.
	Home string
	User uint64 // who the program becomes without namespaces; 0: it keeps its user

	Root bool // map two users: the mounts are made as root, the program is nobody

	CPU       uint64 // seconds
	Memory    uint64 // bytes
	Disk      uint64 // bytes
	OpenFiles uint64
	Tasks     uint64
	Processes bool
}

// folder is where the program's files are.
func (p *Plan) folder() string {
	if p.Home != "" {
		return p.Home
	}
	return Folder
}

// Pair is two strings that belong together.
type Pair struct{ A, B string }

// Pack writes the plan as bytes: lengths before contents, little-endian.
func (p *Plan) Pack() []byte {
	var w packer
	w.walk(p)
	return append(le64(nil, uint64(len(w.buf))), w.buf...)
}

// Unpack reads what Pack wrote, without its first eight bytes, the length.
func Unpack(b []byte) (*Plan, error) {
	r := packer{buf: b, reading: true}
	p := &Plan{}
	r.walk(p)
	if r.bad || len(r.buf) != 0 {
		return nil, errors.New("the sandbox's plan is damaged")
	}
	return p, nil
}

// packer writes or reads: one walk for both, so that they cannot differ.
type packer struct {
	buf     []byte
	reading bool
	bad     bool
}

func (w *packer) walk(p *Plan) {
	w.text(&p.Exe)
	w.texts(&p.Args)
	w.texts(&p.Env)
	w.texts(&p.Dirs)
	w.pairs(&p.Files)
	w.pairs(&p.Links)
	w.pairs(&p.Put)
	w.text(&p.Home)
	w.number(&p.User)
	w.flag(&p.Root)
	for _, n := range []*uint64{&p.CPU, &p.Memory, &p.Disk, &p.OpenFiles, &p.Tasks} {
		w.number(n)
	}
	w.flag(&p.Processes)
}

func (w *packer) number(n *uint64) {
	if !w.reading {
		w.buf = le64(w.buf, *n)
		return
	}
	if len(w.buf) < 8 {
		w.bad, w.buf, *n = true, nil, 0
		return
	}
	*n = FromLE64(w.buf)
	w.buf = w.buf[8:]
}

func (w *packer) flag(b *bool) {
	var n uint64
	if *b {
		n = 1
	}
	w.number(&n)
	if n > 1 {
		w.bad = true
	}
	*b = n == 1
}

func (w *packer) text(s *string) {
	n := uint64(len(*s))
	w.number(&n)
	if !w.reading {
		w.buf = append(w.buf, *s...)
		return
	}
	if n > uint64(len(w.buf)) {
		w.bad, w.buf, n = true, nil, 0
	}
	*s = string(w.buf[:n])
	w.buf = w.buf[n:]
}

// count writes or reads a list's length; each element takes at least size bytes.
func (w *packer) count(n, size int) int {
	c := uint64(n)
	w.number(&c)
	if w.reading && c > uint64(len(w.buf)/size) {
		w.bad, w.buf, c = true, nil, 0
	}
	return int(c)
}

func (w *packer) texts(list *[]string) {
	n := w.count(len(*list), 8)
	if w.reading {
		*list = make([]string, n)
	}
	for i := range *list {
		w.text(&(*list)[i])
	}
}

func (w *packer) pairs(list *[]Pair) {
	n := w.count(len(*list), 16)
	if w.reading {
		*list = make([]Pair, n)
	}
	for i := range *list {
		w.text(&(*list)[i].A)
		w.text(&(*list)[i].B)
	}
}

func le64(b []byte, n uint64) []byte {
	for range 8 {
		b = append(b, byte(n))
		n >>= 8
	}
	return b
}

// FromLE64 is the number in the first eight bytes.
func FromLE64(b []byte) uint64 {
	var n uint64
	for i := range 8 {
		n |= uint64(b[i]) << (8 * i)
	}
	return n
}
