package hub

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"cogumi/stdlib/hub/hubtest"
)

// TestPeerHuggingFaceHub: the field's own tool finds what we downloaded, and we
// use what it did. It runs where COGUMI_PEER_PYTHON names a Python that has
// huggingface_hub.
func TestPeerHuggingFaceHub(t *testing.T) {
	python := os.Getenv("COGUMI_PEER_PYTHON")
	if python == "" {
		t.Skip("COGUMI_PEER_PYTHON names no Python with huggingface_hub")
	}
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/ours": m, "org/theirs": m})
	c := client(t, s)
	ask := func(program string) string {
		t.Helper()
		cmd := exec.Command(python, "-c", program)
		cmd.Env = append(os.Environ(), "HF_HUB_DISABLE_TELEMETRY=1", "HF_HUB_DISABLE_PROGRESS_BARS=1")
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, stderr.String())
		}
		return strings.TrimSpace(string(out))
	}
	r := get(t, c, "org/ours@v1.0")
	s.Asked()
	got := ask(`
from huggingface_hub import snapshot_download, hf_hub_download, scan_cache_dir
a = snapshot_download("org/ours", revision="v1.0", local_files_only=True)
b = hf_hub_download("org/ours", "model-00001-of-00002.safetensors", revision="v1.0", local_files_only=True)
info = scan_cache_dir()
print(a, b.startswith(a), len(info.warnings), [r.nb_files for r in info.repos])`)
	if want := r.Dir + " True 0 [7]"; got != want {
		t.Errorf("it says %s, want %s", got, want)
	}
	if asked := s.Asked(); len(asked) > 0 {
		t.Errorf("it asked %v", asked)
	}
	ask(`
from huggingface_hub import hf_hub_download
for name in ["config.json", "tokenizer.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"]:
    hf_hub_download("org/theirs", name)`)
	sent := s.Served(shards[0])
	holds(t, get(t, c, "org/theirs").Dir, m, append(shards, "config.json")...)
	if n := s.Served(shards[0]); n != sent {
		t.Errorf("%d bytes of its shard were fetched again", n-sent)
	}
}
