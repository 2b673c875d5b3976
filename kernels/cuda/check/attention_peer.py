"""Times PyTorch's attention (cuDNN and FlashAttention-2) on the shapes of BenchmarkAttention.

python3 kernels/cuda/check/attention_peer.py
"""
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


def median_ms(work, repeats=10, rounds=7):
    work()
    torch.cuda.synchronize()
    times = []
    for _ in range(rounds):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(repeats):
            work()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end) / repeats)
    return sorted(times)[rounds // 2]


for sequences, length, heads, kv, d in [(4, 2048, 32, 8, 128), (1, 8192, 32, 8, 128), (27, 300, 32, 8, 128), (4, 2048, 32, 8, 64)]:
    def random(h):
        return torch.randn(sequences, length, h, d, device="cuda", dtype=torch.bfloat16).transpose(1, 2).detach().requires_grad_()

    q, k, v, g = random(heads), random(kv), random(kv), random(heads).detach()
    for backend in (SDPBackend.CUDNN_ATTENTION, SDPBackend.FLASH_ATTENTION):
        try:
            with sdpa_kernel(backend):
                def forward():
                    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)

                with torch.no_grad():
                    f = median_ms(forward)
                o = forward()
                b = median_ms(lambda: torch.autograd.grad(o, (q, k, v), g, retain_graph=True))
        except RuntimeError as e:
            print(f"{sequences}x{length}x{heads}x{d} {backend.name}: {str(e).splitlines()[0]}")
            continue
        work = sequences * length * length * heads * d * 1e-9
        print(f"{sequences}x{length}x{heads}x{d} {backend.name}: forward {f:.3f} ms {2 * work / f:.0f} TFLOP/s, backward {b:.3f} ms {5 * work / b:.0f} TFLOP/s")
