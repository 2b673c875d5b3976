package script

import "strings"

// templates are statements of the kinds that random words do not make: P is the
// program's prefix, T and U random scalar types, $t and $u values of them, $i an int.
var templates = []string{
	`{ a := PPair[T, U]{$t, $u}; b := a; b.A = $t; fmt.Println(a == b, a, b, a.Swap()) }`,
	`{ c := PCounter{N: $i}; inc := c.Inc; get := c.Get; inc(); c.N += 2; fmt.Println(get(), c.Get(), PCounter.Get(c)) }`,
	`{ c := &PCounter{N: $i}; defer c.Inc(); f := c.Get; c.Inc(); fmt.Println(f(), c.Get(), *c) }`,
	`{ e := PEmbeds{PCounter: PCounter{N: $i}, Name: $s}; e.Inc(); g := PGetter(e.PCounter); e.Inc(); fmt.Println(g.Get(), e.Get(), e, e.String()) }`,
	`for _, x := range []any{$t, $u, PCounter{N: $i}, &PEmbeds{}, nil, PKind($i % 4), []int{1}, error(PErr{$s})} { fmt.Println(Pwhat(x)) }`,
	`{ var x any = $t; u, ok := x.(U); fmt.Println(u, ok, x == any($t)) }`,
	`{ var x any = $t; fmt.Println(x.(U)) }`,
	`{ var x PGetter; fmt.Println(x.Get()) }`,
	`{ var p *PCounter; fmt.Println(p.Get()) }`,
	`{ var m map[T]U; m[$t] = $u }`,
	`{ var x any = []int{1}; fmt.Println(x == x) }`,
	`{ k := PKind($i % 5); fmt.Printf("%v %d %s %T\n", k, k, k, k) }`,
	`{ var err error = fmt.Errorf("wrapped: %w", PErr{$s}); var e PErr; fmt.Println(errors.As(err, &e), e.S, err) }`,
	`fmt.Println(Pmap([]T{$t, $t}, func(x T) U { _ = x; return $u }))`,
	`fmt.Println(Pcount(), Pcount($t), Pcount([]any{$t, $u}...), Pcount([]any{$i}))`,
	`{ c := make(chan T, 3); c <- $t; c <- $t; close(c); for x := range c { fmt.Println(x) }; x, ok := <-c; fmt.Println(x, ok, len(c)) }`,
	`{ c := make(chan T); go func(x T) { defer close(c); c <- x; c <- x }($t); for x := range c { fmt.Println(x) } }`,
	`{ c := make(chan T, 1); for range 3 { select { case c <- $t: fmt.Println("sent"); case x := <-c: fmt.Println("got", x); default: fmt.Println("none") } ; if len(c) == 1 { fmt.Println(<-c) } } }`,
	`{ c := make(chan T); close(c); close(c) }`,
	`for i, x := range slices.Backward([]T{$t, $t}) { fmt.Println(i, x) }`,
	`for x := range Pseq($i) { if x == 2 { continue }; if x > 3 { break }; fmt.Println(x) }`,
	`fmt.Println(func() (n int) { defer func() { n *= 2 }(); for x := range Pseq($i) { if x == 1 { return x + 5 } }; return 3 }())`,
	`fmt.Println(slices.Sorted(maps.Keys(map[string]T{$s: $t, "k": $t})))`,
	`fmt.Println(slices.Max([]I{$I, $I}), slices.Index([]T{$t, $t}, $t), slices.Contains([]T{$t}, $t))`,
	`{ x := []I{$I, $I, $I}; slices.SortFunc(x, func(a, b I) int { return cmp.Compare(b, a) }); fmt.Println(x) }`,
	`{ const k = 1 << 40; const f = k / 3.0; fmt.Println(int64(k>>3), float32(f), uint8(k>>36), k%7, 'a'+1, "s"+"t") }`,
	`{ s := make([]T, $i) ; fmt.Println(len(s)) ; clear(s) }`,
	`{ s := struct { A T; B [2]U }{$t, [2]U{$u}}; q := s; q.B[1] = $u; fmt.Printf("%v %+v %v\n", s, q, s == q) }`,
	`for s := range strings.SplitSeq($s, "l") { fmt.Printf("%q\n", s) }`,
	`{ f := func(xs ...T) (n int, last T) { for _, x := range xs { n++; last = x }; return }; n, l := f($t, $t); fmt.Println(n, l) ; fmt.Println(f()) }`,
	`panic(fmt.Sprintf("at %v", $t))`,
	`panic(PErr{$s})`,
	`{ x := $t; p, q := &x, &x; *p = $t; fmt.Println(*q, p == q, x) }`,
	`{ h := &PList[T]{}; for range 3 { h.Add($t) }; fmt.Println(h.Len(), h.All()) }`,
	`fmt.Println(Pfib($i & 15), Psieve($i & 63))`,
	// what deferred functions see
	`func() { defer Pcatch("named"); fmt.Println($t); panic($u) }()`,
	`func() { c := Pcatch; defer c("value"); var p *PCounter; p.N++ }()`,
	`func() { k := &PCatcher{}; defer k.Catch(); var g PCatches = k; defer g.Catch(); panic($t) }()`,
	`func() { for i := range 3 { defer func(n int) { fmt.Println(n, i, recover()) }(i * $i) }; panic($t) }()`,
	`fmt.Println(func() (a T, err error) { defer func() { if r := recover(); r != nil { err = fmt.Errorf("caught %v", r) } }(); a = $t; if $b { panic("x") }; return $t, nil }())`,
	`func() { defer func() { defer Pcatch("inner"); panic(fmt.Sprint("again ", recover())) }(); panic($t) }()`,
	// floats in structs, by value and by pointer
	`{ v := PVec{$f, $f}; w := v.Scale($f); v.Add(w); fmt.Println(v, w, v.Dot(w), PVec.Dot(v, w), v == w) }`,
	`{ vs := []PVec{{$f, $f}, {}}; for i := range vs { vs[i].Add(PVec{$f, 1}) }; for _, v := range vs { v.Add(v) }; fmt.Println(vs) }`,
	`{ m := map[string]PVec{"a": {$f, 0}}; v := m["a"]; v.X++; m["b"] = v; fmt.Println(m, m["zz"], len(m)) }`,
	`{ f := PVec{-0.0, $f}.Scale; g := (*PVec).Add; v := f($f); g(&v, v); fmt.Println(v) }`,
	// arrays are values, slices are not
	`{ a := [2][3]T{{$t}, {1: $t}}; b := a; b[1][2] = $t; p := &a[0]; p[1] = $t; fmt.Println(a, b, a == b) }`,
	`{ type box struct { in [3]T; at *[3]T }; x := box{in: [3]T{$t}}; x.at = &x.in; y := x; y.in[0] = $t; x.at[1] = $t; fmt.Println(x.in, y.in, *y.at) }`,
	`{ a := [3]T{$t, $t, $t}; for i, x := range a { a[2] = x; fmt.Println(i, x) }; s := a[:]; for i, x := range s { s[2] = x; fmt.Println(i, x) }; fmt.Println(a) }`,
	`{ f := func(a [2]T, s []T) { a[0], s[0] = $t, $t }; a, s := [2]T{}, make([]T, 2); f(a, s); f(a, s[1:]); fmt.Println(a, s) }`,
	`{ s := []T{$t, $t, $t, $t}; u := append(s[:1], s[2:]...); w := append(u[:2:2], $t); fmt.Println(s, u, w, len(u), cap(w) >= 3) }`,
	`{ s := [][]T{{$t}, nil, {$t, $t}}; s[1] = append(s[1], s[2]...); s[2][0] = $t; for i := range s { s[i] = append(s[i], $t) }; fmt.Println(s) }`,
	`{ m := map[T][]U{}; for range 3 { m[$t] = append(m[$t], $u) }; fmt.Println(len(m) > 0) ; delete(m, $t) }`,
	`{ m := map[[2]T]*PCounter{}; k := [2]T{$t, $t}; m[k] = &PCounter{N: $i}; m[k].Inc(); if c, ok := m[k]; ok { c.N *= 2; fmt.Println(m[k].N) } }`,
	// control flow
	`func() { n := 0
outer:
	for i := range 4 { switch { case i == 1: continue outer; case $b: n += i; fallthrough; case i == 2: n++; break; default: if $b { break outer } }; n += 10 }
	fmt.Println(n) }()`,
	`func() { c := make(chan int, 2)
loop:
	for i := 0; ; i++ { select { case c <- i: if i > 5 { break loop }; default: if i&1 == 0 { <-c; continue loop }; break loop } }
	fmt.Println(len(c)) }()`,
	`switch x := any($t).(type) { case T: y := x; fmt.Printf("%T %v\n", y, y); case []U, fmt.Stringer: fmt.Println("other", x); case nil: default: fmt.Println("none") }`,
	`{ var fs [3]func(int) int; for i := range fs { k := i * $i; fs[i] = func(n int) int { k += n; return k } }; fmt.Println(fs[0](1), fs[1](2), fs[1](3), fs[2](4)) }`,
	`{ var walk func(t *PTree) int; walk = func(t *PTree) int { if t == nil { return 0 }; return walk(t.L) + t.V + walk(t.R) }; var t *PTree; for _, v := range []int{$i, 3, $i, -2} { t = t.Insert(v) }; fmt.Println(walk(t)); for v := range t.All { fmt.Println(v); if v == 3 { break } } }`,
	`for i, v := range func(yield func(int, T) bool) { for k := range 3 { if !yield(k, $t) { fmt.Println("left"); return } } } { if i == 1 { continue }; defer fmt.Println("later", i, v) }`,
	// operations on places
	`{ s := []I{$I, $I}; k := 0; s[k] += func() I { k = 1; return $I }(); s[k] <<= uint8($I) & 7; s[k]--; fmt.Println(s, k) }`,
	`{ v := struct { A I; M map[string]I }{$I, map[string]I{}}; v.A *= $I; v.A &^= $I; v.M["x"] -= $I; v.M["x"] |= $I; v.M["y"]++; p := &v; p.A ^= v.M["x"]; fmt.Println(v) }`,
	`{ x, y := $I, $I; x, y = y, x; a := []I{x, y, x}; i := 0; i, a[i] = 2, $I; a[0], a[i] = a[i], a[0]; fmt.Println(x, y, a, i) }`,
	`{ x, z := $I, I(0); if $b { z = 1 }; fmt.Println(x / z, x % (z + 1)) }`,
	// interfaces and errors
	`{ var e error = PErr{$s}; w := errors.Join(e, nil, errors.New("two")); fmt.Println(errors.Is(w, e), errors.Is(w, PErr{"no"}), w) }`,
	`{ var s fmt.Stringer = PEmbeds{Name: $s}; g, ok := s.(PGetter); fmt.Println(ok, g != nil && g.Get() == 0, s) ; var p *PEmbeds; var t fmt.Stringer = p; fmt.Println(t == nil, p == nil) }`,
	`{ xs := []any{$t, $u, nil, PKind(1), [1]T{$t}}; fmt.Println(xs[0] == any($t), xs[1] == xs[2], xs[3] == any(1), xs[4] == any([1]T{$t})) }`,
	`fmt.Printf("%5v|%-6v|%x|%q|%08.3f|%+d|%t\n", $t, $u, $s, $s, $f, $i, $b)`,
	`fmt.Printf("%v %+v %#v %T\n", PVec{$f, 1}, &PCounter{$i}, struct { A T; b U }{$t, $u}, PPair[T, []U]{})`,
	`{ f := PReduce([]T{$t, $t, $t}, "", func(a string, x T) string { return a + fmt.Sprint(x) }); fmt.Println(f, PReduce([]I{$I, $I}, I(1), func(a, x I) I { return a*x + 1 })) }`,
	`{ c := complex($f, 1); d := c * complex(0, $f); fmt.Println(real(c), imag(d), c == d) }`,
	// the same statement again, with another outcome
	`for i, x := range []any{$t, nil, $u, PVec{$f, 1}, $t, PKind(1)} { a, ok := x.(T); b, ok2 := x.(U); c, ok3 := x.(fmt.Stringer); d, ok4 := x.(PVec); fmt.Println(i, a, ok, b, ok2, c, ok3, d, ok4) }`,
	`{ m := map[int]T{0: $t, 2: $t}; for i := range 4 { v, ok := m[i]; w := m[i+1]; _, no := m[i+2]; fmt.Println(v, ok, w, no); if x, ok := m[i+1]; !ok { fmt.Println(x) } } }`,
	`{ m := map[T]PPair[U, []T]{$t: {$u, []T{$t}}}; for _, k := range []T{$t, $t, $t} { v, ok := m[k]; fmt.Println(v, ok, v.B == nil); delete(m, k) } }`,
	`for i := range 4 { var a T; var b [2]U; var c *T; var d []U; var e any; if i&1 == 0 { a, b[1], c, d, e = $t, $u, &a, append(d, $u), a }; fmt.Println(a, b, c == nil, d, e) }`,
	`for i := range 4 { a, b, err := func() (a T, b []U, err error) { if i%2 == 1 { return }; if i == 2 { err = PErr{"two"}; return }; return $t, []U{$u}, nil }(); fmt.Println(a, b, err) }`,
	`{ c := make(chan T, 2); c <- $t; c <- $t; close(c); for range 4 { v, ok := <-c; fmt.Println(v, ok) } }`,
	`for i := range 3 { p := &PPair[T, U]{A: $t}; if i == 1 { p.B = $u }; q := *p; q.A = $t; fmt.Println(*p, q); l := []PPair[T, U]{{B: $u}, *p}; l[0].A = $t; fmt.Println(l) }`,
	`{ var s PGetter; for i := range 3 { switch i { case 0: s = PCounter{1}; case 1: s = nil; default: s = &PEmbeds{} }; c, ok := s.(PCounter); e, ok2 := s.(*PEmbeds); fmt.Println(c, ok, e == nil, ok2, s == nil) } }`,
	`for _, k := range []string{"1", "x", "", "22"} { before, after, ok := strings.Cut(k, "2"); i, ok2 := map[string]T{"1": $t}[k]; fmt.Println(before, after, ok, i, ok2) }`,
	`fmt.Println(min($s, "b", $s), max($s, "héllo"), len($s), strings.ToUpper($s), []rune($s), []byte($s))`,
}

func (g *random) template() *node {
	text := pick(g, templates)
	t, u, i := g.scalar(), g.scalar(), pick(g, integers)
	// Values first: what is written in capitals is replaced around them.
	var b strings.Builder
	for k := 0; k < len(text); k++ {
		if text[k] == '$' && k+1 < len(text) {
			k++
			b.WriteString(g.value(map[byte]string{'t': t, 'u': u, 'i': "int", 'I': i, 's': "string", 'b': "bool", 'f': "float64"}[text[k]], 1))
			continue
		}
		prev := k > 0 && isWord(text[k-1])
		next := k+1 < len(text) && isWord(text[k+1])
		switch {
		case text[k] == 'P' && !prev && next && !strings.HasPrefix(text[k:], "Print"):
			b.WriteString(g.id)
		case text[k] == 'T' && !prev && !next && (k == 0 || text[k-1] != '%'):
			b.WriteString(t)
		case text[k] == 'U' && !prev && !next:
			b.WriteString(u)
		case text[k] == 'I' && !prev && !next:
			b.WriteString(i)
		default:
			b.WriteByte(text[k])
		}
	}
	return leaf("%s", b.String())
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func prelude(id string) string { return strings.ReplaceAll(declarations, "P_", id) }

const declarations = `
type P_Pair[A, B any] struct { A A; B B }
func (p P_Pair[A, B]) Swap() P_Pair[B, A] { return P_Pair[B, A]{p.B, p.A} }
type P_Getter interface{ Get() int }
type P_Counter struct{ N int }
func (c *P_Counter) Inc() { c.N++ }
func (c P_Counter) Get() int { return c.N }
type P_Embeds struct { P_Counter; Name string }
func (e P_Embeds) String() string { return "<" + e.Name + ">" }
type P_Kind int
const ( P_A P_Kind = iota; P_B; P_C )
func (k P_Kind) String() string { if k >= P_A && k <= P_C { return [...]string{"A", "B", "C"}[k] }; return "?" }
type P_Err struct{ S string }
func (e P_Err) Error() string { return "err " + e.S }
type P_List[E any] struct { head *P_item[E]; n int }
type P_item[E any] struct { v E; next *P_item[E] }
func (l *P_List[E]) Add(v E) { l.head = &P_item[E]{v, l.head}; l.n++ }
func (l *P_List[E]) Len() int { return l.n }
func (l *P_List[E]) All() (out []E) { for i := l.head; i != nil; i = i.next { out = append(out, i.v) }; return }
func P_id[E any](x E) E { return x }
func P_sum[E ~int|~int8|~int16|~int32|~int64|~uint|~uint8|~uint16|~uint32|~uint64|~uintptr](xs ...E) (s E) { for _, x := range xs { s += x }; return s }
func P_clamp(x float64) int64 { if x > -1e9 && x < 1e9 { return int64(x) }; return 0 }
func P_cut(s string) string { if len(s) > 40 { return s[:40] }; return s }
func P_map[E, F any](xs []E, f func(E) F) []F { var out []F; for _, x := range xs { out = append(out, f(x)) }; return out }
func P_count(xs ...any) int { return len(xs) }
func P_seq(n int) iter.Seq[int] { return func(yield func(int) bool) { for i := range n & 7 { if !yield(i) { return } } } }
func P_fib(n int) int { if n < 2 { return n }; return P_fib(n-1) + P_fib(n-2) }
func P_sieve(n int) (count int) { s := make([]bool, n+1); for i := 2; i <= n; i++ { if s[i] { continue }; count++; for j := i * i; j <= n; j += i { s[j] = true } }; return }
func P_what(x any) string {
	switch v := x.(type) {
	case nil: return "nil"
	case int, int8: return fmt.Sprintf("small %v", v)
	case fmt.Stringer: return "stringer " + v.String()
	case error: return "error " + v.Error()
	case P_Getter: return fmt.Sprint("getter ", v.Get())
	case string: return "string " + v
	}
	return fmt.Sprintf("%T %v", x, x)
}
func P_catch(tag string) { if r := recover(); r != nil { fmt.Println(tag, r) } }
type P_Catches interface{ Catch() }
type P_Catcher struct{ n int }
func (c *P_Catcher) Catch() { c.n++; fmt.Println(c.n, recover()) }
type P_Vec struct{ X, Y float64 }
func (v P_Vec) Scale(f float64) P_Vec { return P_Vec{v.X * f, v.Y * f} }
func (v P_Vec) Dot(w P_Vec) float64 { return float64(v.X*w.X) + float64(v.Y*w.Y) }
func (v *P_Vec) Add(w P_Vec) { v.X += w.X; v.Y += w.Y }
type P_Tree struct { L, R *P_Tree; V int }
func (t *P_Tree) Insert(v int) *P_Tree { if t == nil { return &P_Tree{V: v} }; if v < t.V { t.L = t.L.Insert(v) } else { t.R = t.R.Insert(v) }; return t }
func (t *P_Tree) All(yield func(int) bool) { t.push(yield) }
func (t *P_Tree) push(yield func(int) bool) bool { return t == nil || t.L.push(yield) && yield(t.V) && t.R.push(yield) }
func P_Reduce[E, A any](xs []E, a A, f func(A, E) A) A { for _, x := range xs { a = f(a, x) }; return a }
func P_caught(r any, out *int) {
	if r == nil { return }
	if err, ok := r.(error); ok { fmt.Println("panic:", err.Error()) } else { fmt.Println("panic:", r) }
	*out = -1
}
`
