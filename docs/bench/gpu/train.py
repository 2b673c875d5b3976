"""Tokens per second and peak memory of a peer's QLoRA step on a GPU.

python train.py MODEL peft|liger|unsloth ROWS,CHECKPOINTING…   (CHECKPOINTING: off, on, unsloth; e.g. 4,off 8,off)

Llama-3.1-8B's shape, NF4 with double quantisation, r 64 on all seven projections, bf16, full sequences of 2,048,
8-bit AdamW, clipping; every token is a target. Prints one JSON object a case; the rate is that of the median step.
FOURBIT=0: 16-bit LoRA; RANK, SEQ, STEPS change the shape.
"""
import sys, os, time, json, gc
os.environ.setdefault("HF_HUB_OFFLINE", "1"); os.environ["TOKENIZERS_PARALLELISM"]="false"; os.environ["UNSLOTH_DISABLE_STATISTICS"]="1"
path, kind, cases = sys.argv[1], sys.argv[2], sys.argv[3:]
t00 = time.time()
if kind == "unsloth":
    from unsloth import FastLanguageModel
import torch, bitsandbytes as bnb
import transformers, peft
S = int(os.environ.get("SEQ", 2048)); STEPS = int(os.environ.get("STEPS", 6)); R = int(os.environ.get("RANK", 64))
mods = ["q_proj","k_proj","v_proj","o_proj","gate_proj","up_proj","down_proj"]
dq = os.environ.get("DQ", "1") == "1"

def load(ckpt):
    if kind == "unsloth":
        model, tok = FastLanguageModel.from_pretrained(path, max_seq_length=S, dtype=torch.bfloat16, load_in_4bit=os.environ.get("FOURBIT","1")=="1")
        model = FastLanguageModel.get_peft_model(model, r=R, lora_alpha=16, lora_dropout=0, target_modules=mods, bias="none", use_gradient_checkpointing={"off": False, "on": True, "unsloth": "unsloth"}[ckpt], random_state=1)
        model.train(); return model
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig
    if kind == "liger":
        from liger_kernel.transformers import apply_liger_kernel_to_llama
        apply_liger_kernel_to_llama()
    q = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=dq, bnb_4bit_compute_dtype=torch.bfloat16)
    model = AutoModelForCausalLM.from_pretrained(path, quantization_config=q, dtype=torch.bfloat16, device_map={"": 0}, attn_implementation="sdpa")
    model.config.use_cache = False
    for p in model.parameters(): p.requires_grad_(False)
    if ckpt != "off":
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False}); model.enable_input_require_grads()
    from peft import LoraConfig, get_peft_model
    model = get_peft_model(model, LoraConfig(r=R, lora_alpha=16, lora_dropout=0.0, target_modules=mods, bias="none", task_type="CAUSAL_LM"))
    model.train(); return model

import logging; transformers.logging.disable_progress_bar()
res = []
last = None
for c in cases:
    bs, ckpt = c.split(","); bs = int(bs)
    try:
        if ckpt != last:
            model = None; gc.collect(); torch.cuda.empty_cache()
            t0 = time.time(); model = load(ckpt); torch.cuda.synchronize(); tl = time.time() - t0; last = ckpt
            params = [p for p in model.parameters() if p.requires_grad]
            opt = bnb.optim.AdamW8bit(params, lr=1e-5)
            print(kind, "loaded", ckpt, f"{tl:.1f}s", "trainable", sum(p.numel() for p in params), {str(p.dtype) for p in params}, flush=True)
        torch.cuda.reset_peak_memory_stats(); ts = []; losses = []
        g = torch.Generator().manual_seed(7)
        for i in range(STEPS):
            ids = torch.randint(0, 128000, (bs, S), generator=g).cuda(); torch.cuda.synchronize(); t = time.time()
            with torch.autocast("cuda", dtype=torch.bfloat16, enabled=True):
                loss = model(input_ids=ids, labels=ids).loss
            loss.backward(); torch.nn.utils.clip_grad_norm_(params, 1.0); opt.step(); opt.zero_grad(set_to_none=True)
            torch.cuda.synchronize(); ts.append(time.time() - t); losses.append(float(loss))
            if i == 0: first = time.time() - t00
        m = sorted(ts[2:])[len(ts[2:])//2]
        r = dict(kind=kind, bs=bs, ckpt=ckpt, tok_s=round(bs*S/m), step_s=round(m,3), first_step_s=round(ts[0],1), since_start_s=round(first,1), load_s=round(tl,1), peak_gib=round(torch.cuda.max_memory_allocated()/2**30,2), reserved_gib=round(torch.cuda.max_memory_reserved()/2**30,2), loss=losses[:2])
    except Exception as e:
        import traceback; traceback.print_exc(limit=4)
        r = dict(kind=kind, bs=bs, ckpt=ckpt, error=f"{type(e).__name__}: {str(e)[:300]}"); opt.zero_grad(set_to_none=True) if 'opt' in dir() else None; gc.collect(); torch.cuda.empty_cache()
    print(json.dumps(r), flush=True); res.append(r)
    torch.cuda.empty_cache()
