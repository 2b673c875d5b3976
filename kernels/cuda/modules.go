package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
	"cogumi/kernels/cuda/objects"
)

// kernel is a loaded GPU function.
type kernel struct {
	*driver.Function
	shared int // bytes of dynamic shared memory that it may use
}

// modules loads compiled families when one of their kernels is first asked for.
type modules struct {
	context   *driver.Context
	functions map[string]*kernel
	loaded    map[string]*driver.Module
}

// architecture is the embedded machine code that runs on a GPU; the newest PTX
// where it is later than all of them.
func architecture(g driver.Device) string {
	switch c := g.Capability(); {
	case c == 90:
		return "sm_90a"
	case c == 89:
		return "sm_89"
	case c >= 90:
		return "compute_90"
	case c >= 86:
		return "sm_86"
	}
	return "sm_80"
}

func (m *modules) kernel(name string) (*kernel, error) {
	if k := m.functions[name]; k != nil {
		return k, nil
	}
	family, ok := objects.Family(name)
	if !ok {
		return nil, fmt.Errorf("kernel %s is in none of the compiled families: %w", name, kernels.ErrUnsupported)
	}
	mod := m.loaded[family]
	if mod == nil {
		image, err := objects.Read(family, architecture(m.context.Device))
		if err != nil {
			return nil, err
		}
		if mod, err = m.context.LoadModule(family, image); err != nil {
			return nil, err
		}
		m.loaded[family] = mod
	}
	f, err := mod.Function(name)
	if err != nil {
		return nil, err
	}
	k := &kernel{Function: f, shared: 48 << 10}
	m.functions[name] = k
	return k, nil
}

// allow raises the kernel's limit of dynamic shared memory where it is above
// what every kernel may use.
func (k *kernel) allow(bytes int) error {
	if bytes <= k.shared {
		return nil
	}
	k.shared = bytes
	return k.SetShared(bytes)
}

func (m *modules) close() error {
	for _, mod := range m.loaded {
		if err := mod.Close(); err != nil {
			return err
		}
	}
	return nil
}
