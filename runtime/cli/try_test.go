package cli

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/llm/safetensors"
)

const tinyFolder = "../../stdlib/model/builtin/tiny" // seen from this package

// makeAdapter is the script command "adapter DIR RANK BASE": an adapter that
// changes tiny's answers, or nothing with RANK 0. BASE wider is one that does not fit.
func makeAdapter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: adapter DIR RANK BASE")
	}
	rank, err := strconv.Atoi(args[1])
	ts.Check(err)
	hidden := 256
	if args[2] == "wider" {
		hidden = 512
	}
	size := 0.5
	if rank == 0 { // B is zero: it changes nothing
		rank, size = 1, 0
	}
	random := rand.New(rand.NewPCG(uint64(rank), 1))
	noise := func(n int, scale float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(random.NormFloat64() * scale)
		}
		return x
	}
	a := &peft.Adapter{BaseModel: args[2], R: rank, Alpha: float64(rank), Targets: []string{"q_proj"}, Tensors: map[string]peft.Pair{}}
	for i := range 8 {
		a.Tensors[fmt.Sprintf("model.layers.%d.self_attn.q_proj", i)] = peft.Pair{A: noise(rank*hidden, 0.1), B: noise(hidden*rank, size), In: hidden, Out: hidden}
	}
	ts.Check(a.Write(ts.MkAbs(args[0])))
}

// makeShards is the script command "shards DIR": tiny in two files.
func makeShards(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: shards DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for _, name := range []string{"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"} {
		if b, err := os.ReadFile(filepath.Join(tinyFolder, name)); err == nil {
			ts.Check(os.WriteFile(filepath.Join(dir, name), b, 0o644))
		}
	}
	f, err := safetensors.Open(tinyFolder)
	ts.Check(err)
	defer f.Close()
	var parts [2][]safetensors.Tensor
	where := map[string]string{}
	for i, name := range f.Names() {
		t, _ := f.Tensor(name)
		parts[i%2] = append(parts[i%2], t)
		where[name] = fmt.Sprintf("model-%05d-of-00002.safetensors", i%2+1)
	}
	for i, p := range parts {
		ts.Check(safetensors.Write(filepath.Join(dir, fmt.Sprintf("model-%05d-of-00002.safetensors", i+1)), p, nil))
	}
	b, err := json.Marshal(map[string]any{"weight_map": where})
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), b, 0o644))
}

// cutFile is the script command "truncate FILE": it loses its second half.
func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: truncate FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), info.Size()/2))
}
