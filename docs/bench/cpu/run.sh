#!/usr/bin/env bash
# Training beside PyTorch + PEFT, and reading and writing beside llama.cpp, on this machine's CPU, one after the
# other in the same run. Installs both peers (6 GB) into .bench/. Figures count on a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/../../.."
threads=$(nproc)
here=docs/bench/cpu
export COGUMI_CACHE=${COGUMI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cogumi}
gguf=$COGUMI_CACHE/models/SmolLM2-135M-Instruct.Q4_1.gguf

make --no-print-directory build models
if [ ! -x .bench/peers/bin/python ]; then
  python3 -m venv .bench/peers
  .bench/peers/bin/pip install -q torch==2.15.0 transformers==5.23.0 peft==0.21.2
fi
if [ ! -d .bench/node/node_modules/node-llama-cpp ]; then
  mkdir -p .bench/node
  (cd .bench/node && npm init -y >/dev/null && npm install --silent node-llama-cpp@3)
fi
cp $here/llama.mjs .bench/node/

field() { python3 -c 'import json,sys; print(round(json.load(sys.stdin)[sys.argv[1]], 1))' "$1"; }
ratio() { python3 -c 'import sys; print("%.2f" % (float(sys.argv[1]) / float(sys.argv[2])))' "$1" "$2"; }
row() { printf '%-46s %10s %10s %7s\n' "$@"; }
peak() { /usr/bin/env python3 -c 'import resource,subprocess,sys
out = subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout
print(out); print(round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024), file=sys.stderr)' "$@"; }

row "training, tokens/s" cogumi PyTorch ratio
for shape in tiny:16:64: tiny:16:128:ragged tiny:4:256: smollm2-135m:4:256: smollm2-135m:8:256:ragged; do
  IFS=: read -r name rows length ragged <<<"$shape"
  ours=$(peak ./cogumi bench train --preset "$name" --rows "$rows" --length "$length" --rank 16 --steps 8 ${ragged:+--ragged} --gpu off --json 2>.bench/memory)
  ours_mib=$(tail -n 1 .bench/memory)
  ours=$(field tokens_per_s <<<"$ours")
  for dtype in f32 bf16; do
    steps=8
    [ $dtype = bf16 ] && steps=1 # minutes a step where the processor has no bf16
    peer=$(.bench/peers/bin/python $here/train.py "$name" $dtype "$rows" "$length" $steps "$threads" $ragged 2>/dev/null)
    row "$name $rows × $length $ragged, PyTorch $dtype" "$ours" "$(field tokens_per_s <<<"$peer")" "$(ratio "$ours" "$(field tokens_per_s <<<"$peer")")"
    row "  peak MiB" "$ours_mib" "$(field peak_mib <<<"$peer")" "$(ratio "$ours_mib" "$(field peak_mib <<<"$peer")")"
  done
done
row "SmolLM2-135M Q4_1, tokens/s" cogumi llama.cpp ratio
ours=$(peak ./cogumi bench generate --model "$gguf" --prompt 256 --tokens 64 --gpu off --json 2>.bench/memory)
ours_mib=$(tail -n 1 .bench/memory)
peer=$(cd .bench/node && node llama.mjs "$gguf" "$threads" 256 64)
for what in prompt_tokens_per_s decode_tokens_per_s; do
  row "$what" "$(field $what <<<"$ours")" "$(field $what <<<"$peer")" "$(ratio "$(field $what <<<"$ours")" "$(field $what <<<"$peer")")"
done
row "peak MiB" "$ours_mib" "$(field peak_mib <<<"$peer")" "$(ratio "$ours_mib" "$(field peak_mib <<<"$peer")")"
