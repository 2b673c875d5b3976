"""Tokens per second of LoRA training with PyTorch + PEFT on the CPU.

python train.py SHAPE f32|bf16 ROWS LENGTH STEPS THREADS [ragged]   (SHAPE: tiny, smollm2-135m)

Random weights of the model's shape, r 16 on all seven projections, AdamW, clipping;
every token is a target. ragged: rows of an eighth to the whole length, the last
quarter of each a target, padded to the longest of the batch as the usual collators
do; only real tokens count. Prints one JSON object; the rate is that of the median step.
"""
import json, resource, statistics, sys, time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

SHAPES = {
    "tiny": dict(vocab_size=2048, hidden_size=256, intermediate_size=640, num_hidden_layers=8, num_attention_heads=4,
                 num_key_value_heads=2, head_dim=64, rope_theta=1e4, max_position_embeddings=512),
    "smollm2-135m": dict(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
                         num_key_value_heads=3, head_dim=64, rope_theta=1e5, max_position_embeddings=8192),
}
shape, dtype, rows, length, steps, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7])
torch.set_num_threads(threads)
torch.manual_seed(1)
model = LlamaForCausalLM(LlamaConfig(tie_word_embeddings=True, attn_implementation="sdpa", **SHAPES[shape]))
model = model.to(torch.float32 if dtype == "f32" else torch.bfloat16)
model.config.use_cache = False
model.requires_grad_(False)
targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=targets, task_type="CAUSAL_LM")).train()
trainable = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trainable, lr=1e-4)
ragged = len(sys.argv) > 7
rates = []
for _ in range(steps + 1):
    ids = torch.randint(0, SHAPES[shape]["vocab_size"], (rows, length))
    labels, mask = ids.clone(), torch.ones_like(ids)
    if ragged:
        lengths = [max(8, length // 8 + int(torch.randint(0, length - length // 8 + 1, ()))) for _ in range(rows)]
        ids, labels, mask = (t[:, : max(lengths)].contiguous() for t in (ids, labels, mask))
        for row, n in enumerate(lengths):
            labels[row, : n - n // 4] = -100
            labels[row, n:], mask[row, n:] = -100, 0
    began = time.perf_counter()
    model(input_ids=ids, attention_mask=mask if ragged else None, labels=labels).loss.backward()
    torch.nn.utils.clip_grad_norm_(trainable, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    rates.append(int(mask.sum()) / (time.perf_counter() - began))
print(json.dumps({"tokens_per_s": statistics.median(rates[1:]),
                  "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "torch": torch.__version__}))
