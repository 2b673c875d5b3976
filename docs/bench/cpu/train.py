"""Tokens per second of LoRA training with PyTorch + PEFT on the CPU.

python train.py SHAPE f32|bf16 ROWS LENGTH STEPS THREADS   (SHAPE: tiny, smollm2-135m)

Random weights of the model's shape, r 16 on all seven projections, AdamW, clipping;
every token is a target. Prints one JSON object; the rate is that of the median step.
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
took = []
for _ in range(steps + 1):
    ids = torch.randint(0, SHAPES[shape]["vocab_size"], (rows, length))
    began = time.perf_counter()
    model(input_ids=ids, labels=ids).loss.backward()
    torch.nn.utils.clip_grad_norm_(trainable, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    took.append(time.perf_counter() - began)
print(json.dumps({"tokens_per_s": rows * length / statistics.median(took[1:]),
                  "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "torch": torch.__version__}))
