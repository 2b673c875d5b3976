"""Runs lm-evaluation-harness on local data and a GGUF model, offline, and writes what it
asked and what came back, one JSON line an item. TestPeerHarness compares that with cogumi.

    python run.py --gguf SmolLM2-135M-Instruct.Q4_1.gguf --data DIR --out items.jsonl --mmlu 4 --gsm8k 50

The weights are dequantised to float32, so both sides compute with the same values.
"""

import argparse
import gzip
import json
import os
import pathlib
import tempfile

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

import gguf
import torch
import yaml
from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
import lm_eval.tasks
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

TASKS = pathlib.Path(lm_eval.tasks.__file__).parent


def rows(path):
    for p in (path, path.with_name(path.name + ".gz")):
        if p.exists():
            opened = gzip.open(p, "rt", encoding="utf-8") if p.suffix == ".gz" else open(p, encoding="utf-8")
            with opened as f:
                return [json.loads(line) for line in f]
    raise SystemExit(f"{path} is missing")


def write(path, list):
    path.write_text("".join(json.dumps(r) + "\n" for r in list), encoding="utf-8")
    return str(path)


def loaded(path):
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda l, n: None)
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def local(config, files):
    config = {k: v for k, v in config.items() if k not in ("include", "dataset_name", "tag", "task_alias")}
    config["dataset_path"] = "json"
    config["dataset_kwargs"] = {"data_files": files}
    return config


def mmlu(data, work):
    test, dev = rows(data / "mmlu" / "test.jsonl"), rows(data / "mmlu" / "dev.jsonl")
    base = loaded(TASKS / "mmlu" / "default" / "_default_template_yaml")
    for path in sorted((TASKS / "mmlu" / "default").glob("mmlu_*.yaml")):
        config = base | loaded(path)
        subject = config["dataset_name"]
        files = {s: write(work / f"{subject}.{s}.jsonl", [r for r in list if r["subject"] == subject]) for s, list in (("test", test), ("dev", dev))}
        yield local(config, files)


def gsm8k(data, work):
    files = {s: write(work / f"gsm8k.{s}.jsonl", rows(data / "gsm8k" / f"{s}.jsonl")) for s in ("train", "test")}
    yield local(loaded(TASKS / "gsm8k" / "gsm8k.yaml"), files)


def split_as_said(tokenizer, path):
    """transformers splits every GGUF file's text as GPT-2 does; "smollm" has digits apart,
    as the model's own tokenizer.json says: ".  1" is ".", two spaces, "1"."""
    said = gguf.GGUFReader(path).get_field("tokenizer.ggml.pre")
    if said is not None and said.contents() == "smollm":
        parts = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    return tokenizer


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--gguf", required=True)
    p.add_argument("--data", required=True, type=pathlib.Path)
    p.add_argument("--out", required=True)
    p.add_argument("--mmlu", type=int, default=0, help="items of each subject")
    p.add_argument("--shots", type=int, default=0, help="examples of MMLU")
    p.add_argument("--gsm8k", type=int, default=0, help="items")
    p.add_argument("--batch", type=int, default=1)
    a = p.parse_args()
    folder, name = os.path.split(os.path.abspath(a.gguf))
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    tokenizer = split_as_said(AutoTokenizer.from_pretrained(folder, gguf_file=name), a.gguf)
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=a.batch, device="cpu")
    with tempfile.TemporaryDirectory() as work, open(a.out + ".tmp", "w", encoding="utf-8") as out:
        jobs = []
        if a.mmlu:
            jobs.append((list(mmlu(a.data, pathlib.Path(work))), a.shots, a.mmlu))
        if a.gsm8k:
            jobs.append((list(gsm8k(a.data, pathlib.Path(work))), 5, a.gsm8k))
        for tasks, shots, limit in jobs:
            r = simple_evaluate(model=lm, tasks=tasks, num_fewshot=shots, limit=limit, log_samples=True, bootstrap_iters=1)  # 0 would give no standard errors; those of means need no bootstrap
            for task, samples in r["samples"].items():
                for s in samples:
                    args = s["arguments"]
                    item = {"task": task, "row": s["doc_id"], "filter": s["filter"], "prompt": args["gen_args_0"]["arg_0"] if isinstance(args, dict) else args[0][0]}
                    if "acc" in s:
                        item |= {"right": bool(s["acc"] == 1.0), "logprobs": [float(x[0]) for x in s["filtered_resps"]], "greedy": [str(x[1]) == "True" for x in s["filtered_resps"]]}
                    else:
                        item |= {"right": bool(s["exact_match"] == 1.0), "answer": s["resps"][0][0], "extracted": s["filtered_resps"][0] if isinstance(s["filtered_resps"], list) else s["filtered_resps"]}
                    out.write(json.dumps(item) + "\n")
            for task, figures in r["results"].items():
                out.write(json.dumps({"task": task, "figures": {k: v for k, v in figures.items() if isinstance(v, (int, float))}}) + "\n")
    os.rename(a.out + ".tmp", a.out)


main()
