#!/usr/bin/env bash
# Training beside PEFT + bitsandbytes, the same with Liger's kernels, and Unsloth on this machine's GPU, one after the
# other in the same run. Installs the peers (8 GB) into .bench/ and writes a model of drawn weights there (15 GiB).
# Figures count on a GPU that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=docs/bench/gpu
python=.bench/gpu/bin/python
model=.bench/llama-3.1-8b-drawn

make --no-print-directory build
if [ ! -x $python ]; then
  python3 -m venv .bench/gpu
  .bench/gpu/bin/pip install -q torch==2.11.0 transformers==5.17.0 peft accelerate bitsandbytes==0.50.2 liger-kernel==0.8.5 unsloth==2026.10.9 trl==1.15.0
fi
[ -f $model/model.safetensors.index.json ] || $python $here/make_model.py $model stdlib/model/builtin/tiny

echo "what cuBLAS and cuDNN alone need"
$python $here/floor.py
echo "cogumi"
./cogumi bench train --json
./cogumi bench train --rows 2 --memory 7.5 --json
./cogumi bench train --rows 2 --memory 6.5 --json
for peer in "peft 2,on 4,off" "liger 4,off 8,off" "unsloth 4,off 8,off 2,unsloth"; do
  read -ra words <<<"$peer"
  $python $here/train.py $model "${words[@]}"
done
