//go:build ignore

// What fmt prints of exported and unexported fields.
package main

import (
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

type K int

func (k K) String() string { return "K!" }

type E struct {
	d   time.Duration
	D   time.Duration
	t   time.Time
	T   time.Time
	m   time.Month
	k   K
	K2  K
	err error
	Err error
	mu  sync.Mutex
	ks  []K
	Ks  []K
	mk  map[K]time.Duration
	MK  map[K]time.Duration
	f   func()
	c   chan int
	a   any
	A   any
	p   *K
	b   []byte
	w   os.FileMode
	fl  float32
	cx  complex64
	st  strings.Builder
}

func main() {
	tt := time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC)
	e := &E{d: 1e9, D: 2e9, t: tt, T: tt, m: 3, k: 1, K2: 2, err: errors.New("e1"), Err: errors.New("e2"), ks: []K{1}, Ks: []K{2}, mk: map[K]time.Duration{1: 2}, MK: map[K]time.Duration{1: 2}, a: K(3), A: time.Second, b: []byte("hi"), w: 0o644, fl: 1.5, cx: 2i}
	s := fmt.Sprintf("%v", e)
	fmt.Println(strings.Contains(s, "0x"), s[:80])
	s = fmt.Sprintf("%+v", e)
	i := strings.Index(s, "err:")
	fmt.Println(s[:i])
	fmt.Println(s[strings.Index(s, "Err:"):])
	type in struct {
		u *url.URL
		U *url.URL
		b *big.Int
		B *big.Int
		r *regexp.Regexp
		d []time.Duration
		m map[string]time.Month
		x struct {
			d time.Duration
			D time.Duration
		}
		X struct {
			d time.Duration
			D time.Duration
		}
	}
	u, _ := url.Parse("http://a/b")
	v := in{U: u, B: big.NewInt(5), d: []time.Duration{1}, m: map[string]time.Month{"a": 1}}
	v.x.D, v.X.D, v.X.d = 3, 4, 5
	fmt.Printf("%v\n%+v\n", v, v)
	fmt.Printf("%d %x %q %s\n", e.ks, e.b, e.b, e.Ks)
	fmt.Printf("%#v\n", struct {
		d time.Duration
		k K
		m []K
	}{1, 2, []K{3}})
}
