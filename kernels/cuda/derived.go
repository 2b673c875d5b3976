package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// half returns the bf16 copies of f32 tensors, making those that are not there;
// copies that are made together lie one behind the other without gaps, where
// their sizes are multiples of the alignment.
func (m *memory) half(ts ...*kernels.Tensor) ([]driver.Ptr, error) {
	var missing []*kernels.Tensor
	var sizes []int64
	for _, t := range ts {
		if _, ok := m.halves[t]; !ok {
			missing, sizes = append(missing, t), append(sizes, 2*int64(t.Len()))
		}
	}
	if len(missing) > 0 {
		places, err := m.take(fmt.Sprintf("bf16 copies from %s on", missing[0]), sizes...)
		if err != nil {
			return nil, err
		}
		for i, t := range missing {
			m.halves[t] = places[i]
			if err := m.round(t); err != nil {
				return nil, err
			}
		}
	}
	ptrs := make([]driver.Ptr, len(ts))
	for i, t := range ts {
		ptrs[i] = m.halves[t].ptr
	}
	return ptrs, nil
}

// round fills a bf16 copy from its master.
func (m *memory) round(t *kernels.Tensor) error {
	k, err := m.d.modules.kernel("linear_round")
	if err != nil {
		return err
	}
	master, ok := m.tensors[t]
	if !ok {
		return fmt.Errorf("%s is not allocated", t)
	}
	l, err := k.NewLaunch(blocks(t.Len(), 256), [3]int{256, 1, 1}, 0, m.halves[t].ptr, master.ptr, int64(t.Len()))
	if err != nil {
		return err
	}
	return l.Run(m.d.stream)
}

// blocks is a one-dimensional grid of blocks of size values for n.
func blocks(n, size int) [3]int { return [3]int{max((n+size-1)/size, 1), 1, 1} }

// refresh brings up to date what was derived from a tensor that was written.
func (m *memory) refresh(t *kernels.Tensor) error {
	if _, ok := m.halves[t]; ok {
		return m.round(t)
	}
	if p, ok := m.dense[t]; ok {
		return fmt.Errorf("write %s: its dequantised copy at %#x is in use", t, uint64(p.ptr))
	}
	return nil
}
