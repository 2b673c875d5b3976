"""What transformers and peft compute, for peer_test.go.

python peft_peer.py WORK: reads WORK/jobs.json, a list of
  {"model": folder, "adapter": folder or absent, "make": settings or absent,
   "dtype": "float32" | "bfloat16", "out": file}
computes the logits of WORK's "ids" and writes them as float32, little-endian.
With "make" an adapter with these LoraConfig settings is made first, filled with
noise, and saved to "adapter".
"""
import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

work = Path(sys.argv[1])
jobs = json.loads((work / "jobs.json").read_text())
torch.manual_seed(5)
torch.set_num_threads(2)

for job in jobs["jobs"]:
    model = AutoModelForCausalLM.from_pretrained(
        job["model"], dtype=getattr(torch, job["dtype"]), attn_implementation="eager")
    if job.get("make"):
        model = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **job["make"]))
        with torch.no_grad():
            for name, p in model.named_parameters():
                if "lora_B" in name:
                    p.copy_(torch.randn_like(p) * 0.05)
                elif "magnitude" in name:
                    p.mul_(1 + 0.1 * torch.rand_like(p))
        model.save_pretrained(job["adapter"])
    elif job.get("adapter"):
        model = PeftModel.from_pretrained(model, job["adapter"])
    model.eval()
    with torch.no_grad():
        logits = model(torch.tensor([jobs["ids"]]), use_cache=False).logits[0].float().contiguous()
    Path(job["out"]).write_bytes(logits.numpy().tobytes())
print("done", len(jobs["jobs"]))
