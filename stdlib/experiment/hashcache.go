package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment/machine"
)

// rememberFrom is the size from which hashes are kept between runs: reading a
// model of 16 GB takes longer than starting to train it.
const rememberFrom = 64 << 20

// rememberedHash is a file of the cache.
type rememberedHash struct {
	Path   string    `json:"path"`
	Size   int64     `json:"size"`
	Mod    time.Time `json:"modified"`
	SHA256 string    `json:"sha256"`
}

func rememberedPath(abs string) (string, error) {
	dir, err := machine.CacheDir()
	sum := sha256.Sum256([]byte(abs))
	return filepath.Join(dir, "hashes", hex.EncodeToString(sum[:12])+".json"), err
}

// recall is the hash of a file that has neither size nor time changed since it
// was read last.
func (f fileState) recall() (sum string, ok bool) {
	if f.size < rememberFrom {
		return "", false
	}
	path, err := rememberedPath(f.path)
	if err != nil {
		return "", false
	}
	b, err := os.ReadFile(path)
	var r rememberedHash
	if err != nil || json.Unmarshal(b, &r) != nil || r.Path != f.path || r.Size != f.size || !r.Mod.Equal(f.mod) || !hexHash.MatchString(r.SHA256) {
		return "", false
	}
	return r.SHA256, true
}

// remember keeps the hash for later runs. It is no loss if that fails.
func (f fileState) remember(sum string) {
	if f.size < rememberFrom {
		return
	}
	path, err := rememberedPath(f.path)
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	if b, err := json.Marshal(rememberedHash{f.path, f.size, f.mod, sum}); err == nil {
		durable.WriteBytes(path, append(b, '\n'))
	}
}
