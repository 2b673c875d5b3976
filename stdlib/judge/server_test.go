package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
)

const testKey = "sk-test/Ab+9<never>written"

// server speaks the protocol. odd answers instead of it where it returns true.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	asked  map[string]int // by idempotency key
	good   map[string]int // answered and paid, by idempotency key
	bodies [][]byte
	odd    func(n int, w http.ResponseWriter, r *http.Request, body []byte) bool
	n      int
	say    func(body []byte) string
	model  string
	most   int // at once
	now    int
	delay  time.Duration
	out    int // tokens of an answer
}

func serve(t testing.TB) *server {
	s := &server{asked: map[string]int{}, good: map[string]int{}, say: better, out: 100, model: "gpt-4o-2024-08-06"}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	t.Cleanup(s.Close)
	return s
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key := r.Header.Get("Idempotency-Key")
	s.mu.Lock()
	s.n++
	n := s.n
	s.asked[key]++
	s.bodies = append(s.bodies, body)
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.now--; s.mu.Unlock() }()
	if s.odd != nil && s.odd(n, w, r, body) {
		return
	}
	time.Sleep(s.delay)
	s.mu.Lock()
	s.good[key]++
	s.mu.Unlock()
	w.Write(bytes.Replace(completion(s.model, s.say(body), "stop"), []byte(`"completion_tokens":100`), fmt.Appendf(nil, `"completion_tokens":%d`, s.out), 1))
}

func (s *server) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func completion(model, text, end string) []byte {
	b, _ := json.Marshal(map[string]any{"id": "x", "object": "chat.completion", "model": model,
		"choices": []any{map[string]any{"index": 0, "finish_reason": end, "message": map[string]any{"role": "assistant", "content": text}}},
		"usage":   map[string]any{"prompt_tokens": 500, "completion_tokens": 100, "total_tokens": 600}})
	return b
}

func said(winner string) string {
	m := `{"correctness":5,"completeness":5,"clarity":5,"relevance":5}`
	return fmt.Sprintf(`{"reasoning":"because","a":%s,"b":%s,"winner":%q}`, m, m, winner)
}

// better is a fair judge: the answer with "good" in it wins.
func better(body []byte) string {
	var r struct {
		Messages []struct{ Role, Content string }
	}
	json.Unmarshal(body, &r)
	for _, m := range r.Messages {
		if m.Role == "user" {
			_, rest, _ := strings.Cut(m.Content, "<answer-a")
			a, b, _ := strings.Cut(rest, "<answer-b")
			switch x, y := strings.Contains(a, "good"), strings.Contains(b, "good"); {
			case x && !y:
				return said(First)
			case y && !x:
				return said(Second)
			}
			return said(Tie)
		}
	}
	return "?"
}

// match is n pairs: ours wins every third, loses the second third, else a tie.
func match(n int) *Match {
	m := &Match{Name: "eval", Ours: "tuned", Theirs: "teacher"}
	for i := range n {
		p := Pair{Row: dataset.Row{Instruction: fmt.Sprintf("task %d", i), Category: []string{"math", "code", "creativity"}[i%3], Answer: "truth"},
			Ours: fmt.Sprintf("a bad answer %d", i), Theirs: fmt.Sprintf("a good reply %d", i)}
		switch i % 3 {
		case 0:
			p.Ours, p.Theirs = fmt.Sprintf("a good answer %d", i), fmt.Sprintf("a bad reply %d", i)
		case 2:
			p.Ours = fmt.Sprintf("a good answer %d", i)
		}
		m.Pairs = append(m.Pairs, p)
	}
	return m
}

func judgeAt(t testing.TB, s *server, change func(*EndpointConfig)) *Judge {
	t.Helper()
	t.Setenv("TEST_JUDGE_KEY", testKey)
	c := EndpointConfig{Model: "gpt-4o", URL: s.URL + "/v1", KeyEnv: "TEST_JUDGE_KEY", PriceFile: priceFile(t)}
	if change != nil {
		change(&c)
	}
	j, err := Endpoint(c)
	if err != nil {
		t.Fatal(err)
	}
	e := j.bench.(*endpoint)
	e.back, e.poll = time.Millisecond, time.Millisecond
	return j
}

// judged starts a run and compares.
func judged(t testing.TB, j *Judge, m *Match, o Options) (*Result, error) {
	t.Helper()
	experimenttest.Start(t)
	return Compare(j, m, o)
}

func check(t testing.TB, r *Result, err error, pairs, wins, losses, ties int) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (%s)", err, experiment.HintOf(err))
	}
	c := r.Total
	if c.Pairs != pairs || c.Wins != wins || c.Losses != losses || c.Ties != ties || c.Flips != 0 || c.Errors != 0 {
		t.Errorf("%+v", c)
	}
}
