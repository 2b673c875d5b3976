package cuda

import (
	"testing"

	"cogumi/kernels/cuda/driver"
	"cogumi/kernels/cuda/objects"
)

// TestArchitectures: machine code runs on its own generation only, later GPUs
// compile the PTX.
func TestArchitectures(t *testing.T) {
	for capability, want := range map[int]string{80: "sm_80", 86: "sm_86", 87: "sm_86", 89: "sm_89", 90: "sm_90a", 100: "compute_90", 120: "compute_90"} {
		got := architecture(driver.Device{Major: capability / 10, Minor: capability % 10})
		if got != want {
			t.Errorf("compute capability %d: %s, want %s", capability, got, want)
		}
		if _, err := objects.Read("linear", got); err != nil {
			t.Error(err)
		}
	}
}

// TestEveryKernelIsThere: what bindings ask for by name exists.
func TestEveryKernelIsThere(t *testing.T) {
	for _, k := range []string{"linear_drop", "linear_drop_add", "linear_bias", "linear_bias_f32", "linear_accumulate", "linear_round",
		"linear_ride", "nf4_dequantize", "nf4_dequantize_flat", "loss_chunk", "loss_sum", "check_nonfinite", "check_nonfinite_f32"} {
		if _, ok := objects.Family(k); !ok {
			t.Errorf("kernel %s is in no family", k)
		}
	}
}
