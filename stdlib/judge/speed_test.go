package judge

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"cogumi/stdlib/experiment/experimenttest"
)

// serveAlone is an endpoint in a process of its own, until its input ends.
func serveAlone() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Write(completion("gpt-4o-2024-08-06", better(body), "stop"))
	}))
}

// peakMiB is the most memory that this process has held; 0 where it is not told.
func peakMiB() (peak float64) {
	b, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Sscan(rest, &peak)
		}
	}
	return peak / 1024
}

// BenchmarkJudgements: both orders of 500 and 5,000 pairs, the endpoint in another
// process on the same machine. Journal and records are written as in a run.
func BenchmarkJudgements(b *testing.B) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "JUDGE_SERVER=1")
	in, _ := c.StdinPipe()
	out, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	defer c.Wait()
	defer in.Close()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv("TEST_JUDGE_KEY", testKey)
	for _, pairs := range []int{500, 5000} {
		b.Run(fmt.Sprintf("%d judgements", 2*pairs), func(b *testing.B) {
			m := match(pairs)
			for i := range m.Pairs { // answers as long as people's
				filler := strings.Repeat(" and so on", 80)
				m.Pairs[i].Ours += filler
				m.Pairs[i].Theirs += filler
				m.Pairs[i].Row.Answer = "" // programs are not run here
			}
			for b.Loop() {
				b.StopTimer()
				experimenttest.Start(b)
				j, err := Endpoint(EndpointConfig{Model: "gpt-4o", URL: "http://" + strings.TrimSpace(address) + "/v1", KeyEnv: "TEST_JUDGE_KEY", PriceFile: priceFile(b)})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				r, err := Compare(j, m, Options{Canaries: -1})
				if err != nil || r.Total.Errors > 0 || r.Total.Pairs != pairs {
					b.Fatalf("%v, %+v", err, r)
				}
			}
			b.ReportMetric(float64(2*pairs*b.N)/b.Elapsed().Seconds(), "judgements/s")
			b.ReportMetric(peakMiB(), "peak-MiB")
		})
	}
}
