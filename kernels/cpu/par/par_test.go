package par

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withWorkers runs a test with several numbers of workers, more than there are
// cores too.
func withWorkers(t *testing.T, test func(t *testing.T)) {
	for _, w := range []int{1, 2, 3, 8} {
		was := SetWorkers(w)
		test(t)
		SetWorkers(was)
	}
}

func TestEveryIndexOnce(t *testing.T) {
	withWorkers(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 3, 7, 64, 1000, 4097} {
			for _, grain := range []int{-1, 0, 1, 2, 5, 64, 5000} {
				seen := make([]atomic.Int32, n)
				For(n, grain, func(lo, hi int) {
					if g := max(grain, 1); lo%g != 0 || hi-lo < g && hi != n || hi <= lo {
						t.Errorf("range %d…%d of %d with grain %d", lo, hi, n, grain)
					}
					for i := lo; i < hi; i++ {
						seen[i].Add(1)
					}
				})
				for i := range seen {
					if seen[i].Load() != 1 {
						t.Fatalf("%d workers, n %d, grain %d: index %d seen %d times", Workers(), n, grain, i, seen[i].Load())
					}
				}
			}
		}
	})
}

func TestNestedAndBeside(t *testing.T) {
	defer SetWorkers(SetWorkers(4))
	var sum atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				For(10, 1, func(lo, hi int) {
					for i := lo; i < hi; i++ {
						For(10, 1, func(a, b int) { sum.Add(int64(b - a)) })
					}
				})
			}
		})
	}
	wg.Wait()
	if sum.Load() != 4*50*100 {
		t.Errorf("counted %d, want %d", sum.Load(), 4*50*100)
	}
}

func TestWorkIsSpread(t *testing.T) {
	defer SetWorkers(SetWorkers(2))
	// Two ranges that wait for each other finish only if both are under way.
	var both sync.WaitGroup
	both.Add(2)
	For(2, 1, func(lo, hi int) {
		both.Done()
		both.Wait()
	})
}

var errTest = errors.New("broken")

func TestPanicReachesTheCaller(t *testing.T) {
	withWorkers(t, func(t *testing.T) {
		for bad := range 20 {
			func() {
				defer func() {
					v := recover()
					if p, ok := v.(*Panic); ok {
						if v = p.Value; !errors.Is(p, errTest) || len(p.Stack) == 0 {
							t.Errorf("a panic without its error or stack: %v", p)
						}
					}
					if v != errTest {
						t.Errorf("recovered %v", v)
					}
				}()
				For(20, 1, func(lo, hi int) {
					if lo <= bad && bad < hi {
						panic(errTest)
					}
				})
				t.Error("no panic")
			}()
			n := 0
			var lock sync.Mutex
			For(100, 1, func(lo, hi int) {
				lock.Lock()
				n += hi - lo
				lock.Unlock()
			})
			if n != 100 {
				t.Fatalf("the loop after a panic covered %d of 100", n)
			}
		}
	})
}

func TestSetWorkers(t *testing.T) {
	was := SetWorkers(5)
	defer SetWorkers(was)
	if Workers() != 5 {
		t.Errorf("%d workers, want 5", Workers())
	}
	if old := SetWorkers(0); old != 5 || Workers() != runtime.GOMAXPROCS(0) {
		t.Errorf("was %d, is %d", old, Workers())
	}
}

// BenchmarkFor is the overhead of a loop with nothing in it: in close succession,
// after a pause in which the workers fell asleep, and on the caller alone.
func BenchmarkFor(b *testing.B) {
	nothing := func(lo, hi int) {}
	b.Run("close", func(b *testing.B) {
		for b.Loop() {
			For(8, 1, nothing)
		}
	})
	b.Run("after a pause", func(b *testing.B) {
		var spent time.Duration
		for b.Loop() {
			time.Sleep(time.Millisecond)
			start := time.Now()
			For(8, 1, nothing)
			spent += time.Since(start)
		}
		b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "ns/op")
	})
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			For(1, 1, nothing)
		}
	})
}
