package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv("COGUMI_PEER_PYTHON")
	if path == "" {
		t.Skip("make test-peers runs this with the field's own tools")
	}
	return path
}

const readEvents = `
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
e = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
e.Reload()
for tag in sorted(e.Tags()["scalars"]):
    print(tag, [(s.step, round(s.value, 4), s.wall_time) for s in e.Scalars(tag)])
print(e.Tensors("run/text_summary")[0].tensor_proto.string_val[0].decode().split()[0])
start = plugin_data_pb2.HParamsPluginData.FromString(e.PluginTagToContent("hparams")["_hparams_/session_start_info"]).session_start_info
print(start.hparams["lr"].number_value, start.hparams["fast"].bool_value, start.hparams["rule"].string_value)
end = plugin_data_pb2.HParamsPluginData.FromString(e.PluginTagToContent("hparams")["_hparams_/session_end_info"]).session_end_info
print(end.status, end.end_time_secs)
`

// TestPeerTensorBoard: TensorBoard reads what was written.
func TestPeerTensorBoard(t *testing.T) {
	py := python(t)
	path, err := finished(t).TensorBoard(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(py, "-c", readEvents, filepath.Dir(path))
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	want := `figure/accuracy, tuned [(3, 62.5, 1767323105.0)]
train/loss [(1, 3.0, 1767323046.0), (2, 1.0, 1767323057.0), (3, 0.6667, 1767323058.0)]
**x**
0.001 True greedy
1 1767323105.0
`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\n%s", err, got, stderr.String())
	}
}

const readRun = `
import sys
from mlflow.tracking import MlflowClient
c = MlflowClient(sys.argv[1])
e = c.get_experiment_by_name("tried")
r = c.search_runs([e.experiment_id])[0]
print(r.info.status, r.info.run_name, r.info.end_time - r.info.start_time)
print(sorted(r.data.params.items()))
print([(m.step, round(m.value, 4)) for m in sorted(c.get_metric_history(r.info.run_id, "train/loss"), key=lambda m: m.step)])
print(r.data.metrics["figure/accuracy_ tuned"])
print([(a.path, a.file_size > 10000) for a in c.list_artifacts(r.info.run_id)])
`

// TestPeerMLflow: a real server takes the run once, and its client reads it.
func TestPeerMLflow(t *testing.T) {
	py := python(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	dir := t.TempDir()
	server := exec.Command(py, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", fmt.Sprint(port), "--workers", "1",
		"--backend-store-uri", "sqlite:///"+filepath.Join(dir, "db"), "--artifacts-destination", filepath.Join(dir, "artifacts"))
	server.Dir = dir
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	inGroup(server)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { killGroup(server); server.Wait() }()
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Second / 2) {
		if res, err := http.Get(address + "/health"); err == nil {
			res.Body.Close()
			break
		}
		if time.Now().After(until) {
			killGroup(server)
			server.Wait()
			t.Fatalf("MLflow did not start:\n%s", said.String())
		}
	}
	r := finished(t)
	s := Server{URL: address, Experiment: "tried"}
	page, notes, err := r.MLflow(context.Background(), s)
	if err != nil || len(notes) > 0 || !strings.HasPrefix(page, address) {
		t.Fatalf("%s, %v, %v\n%s", page, notes, err, said.String())
	}
	if _, _, err := r.MLflow(context.Background(), s); !errors.Is(err, ErrThere) {
		t.Errorf("a second time: %v", err)
	}
	got, err := exec.Command(py, "-c", readRun, address).CombinedOutput()
	want := fmt.Sprintf(`FINISHED %s 60000
[('fast', 'true'), ('lr', '0.001'), ('rule', 'greedy')]
[(1, 3.0), (2, 1.0), (3, 0.6667)]
62.5
[('report.html', True)]
`, r.Info.ID)
	if err != nil || !strings.HasSuffix(string(got), want) {
		t.Errorf("%v\n%s\n%s", err, got, want)
	}
}
