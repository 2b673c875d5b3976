package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"cogumi/kernels/golden"
)

// TestChain runs testdata/chain: phase 1B, one command after the other, on a real
// model that is its own judge. make test-chain runs it, in some minutes; what
// make test has of it is testdata/chain.txtar, on tiny.
func TestChain(t *testing.T) {
	if os.Getenv("COGUMI_CHAIN") == "" {
		t.Skip("it takes minutes: make test-chain")
	}
	path := golden.Model(t, golden.SmolLM2)
	p := scriptParams(filepath.Join("testdata", "chain"))
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error {
		env.Setenv("MODEL", path)
		return setup(env)
	}
	testscript.Run(t, p)
}
