"""Writes the prompts of BBH and MBPP as lm-evaluation-harness makes them from local data, one JSON
line a prompt. TestPeerPrompts compares them with ours.

    python prompts.py DATA ROWS > prompts.jsonl
"""

import gzip
import json
import os
import pathlib
import sys
import tempfile

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

import yaml
import lm_eval.tasks
from lm_eval.api.task import ConfigurableTask

TASKS = pathlib.Path(lm_eval.tasks.__file__).parent


def loaded(path):
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda l, n: None)
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def show(config, rows, work, n, shots):
    path = work / (config["task"] + ".jsonl")
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    config = {k: v for k, v in config.items() if k not in ("include", "dataset_name", "tag", "metric_list", "filter_list", "unsafe_code")}
    config |= {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(path)}}}
    task = ConfigurableTask(config=config)
    for row, doc in enumerate(list(task.test_docs())[:n]):
        prompt = task.fewshot_context(doc, shots, gen_prefix=task.doc_to_prefix(doc) if hasattr(task, "doc_to_prefix") else None)
        print(json.dumps({"task": config["task"], "row": row, "prompt": prompt, "target": task.doc_to_target(doc),
                          "until": task.config.generation_kwargs.get("until")}), flush=True)


def main():
    data, n = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    print(json.dumps({"tasks": str(TASKS)}))
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        base = loaded(TASKS / "bbh" / "cot_fewshot" / "_cot_fewshot_template_yaml")
        for path in sorted((TASKS / "bbh" / "cot_fewshot").glob("[a-z]*.yaml")):
            rows = json.loads((data / "bbh" / (path.stem + ".json")).read_text(encoding="utf-8"))["examples"]
            show(base | loaded(path), rows, work, n, 3)
        with gzip.open(data / "mbpp" / "mbpp.jsonl.gz", "rt", encoding="utf-8") as f:
            rows = [r for r in map(json.loads, f) if 11 <= r["task_id"] <= 510]
        # utils.py cannot be imported offline: its first lines load a metric from a hub
        source = (TASKS / "mbpp" / "utils.py").read_text(encoding="utf-8")
        names = {}
        exec(source[source.index("def list_fewshot_samples"):], names)
        for name in ("mbpp", "mbpp_instruct"):
            config = loaded(TASKS / "mbpp" / (name + ".yaml"))
            config["fewshot_config"]["samples"] = names["list_fewshot_samples"]()
            show(config, rows, work, n, 3)


main()
