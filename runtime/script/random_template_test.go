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
}

func (g *random) template() *node {
	text := pick(g, templates)
	t, u, i := g.scalar(), g.scalar(), pick(g, integers)
	// Values first: what is written in capitals is replaced around them.
	var b strings.Builder
	for k := 0; k < len(text); k++ {
		if text[k] == '$' && k+1 < len(text) {
			k++
			b.WriteString(g.value(map[byte]string{'t': t, 'u': u, 'i': "int", 'I': i, 's': "string"}[text[k]], 1))
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
func P_caught(r any, out *int) {
	if r == nil { return }
	if err, ok := r.(error); ok { fmt.Println("panic:", err.Error()) } else { fmt.Println("panic:", r) }
	*out = -1
}
`
