package train

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"cogumi/kernels"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment/machine"
)

// speed remembers, from training to training, how many tokens a second this
// machine trains: one small file for each model, device and shape of the recipe.
// Without a place for it nothing is remembered.
type speed struct{ path string }

func newSpeed(model string, d kernels.Description, c Config) speed {
	dir, err := machine.CacheDir()
	if err != nil {
		return speed{}
	}
	name := fmt.Sprintf("%.16s-%s-%s-%d-r%d-b%d.json", model, d.Name, d.ISA, machine.Cores(), c.Rank, c.Budget)
	return speed{filepath.Join(dir, "speed", filepath.Base(name))}
}

type spokenSpeed struct {
	TokensPerSecond float64 `json:"tokens_per_second"`
}

// known is the speed of the last training.
func (s speed) known() (tokensPerSecond float64, ok bool) {
	b, err := os.ReadFile(s.path)
	var v spokenSpeed
	if err != nil || json.Unmarshal(b, &v) != nil || !(v.TokensPerSecond > 0) {
		return 0, false
	}
	return v.TokensPerSecond, true
}

// remember keeps what was measured. It is no loss if that fails.
func (s speed) remember(tokensPerSecond float64) {
	if s.path == "" || !(tokensPerSecond > 0) || os.MkdirAll(filepath.Dir(s.path), 0o755) != nil {
		return
	}
	if b, err := json.Marshal(spokenSpeed{tokensPerSecond}); err == nil {
		durable.WriteBytes(s.path, append(b, '\n'))
	}
}
