#!/usr/bin/env bash
# Training beside PEFT + bitsandbytes, the same with Liger's kernels, and Unsloth, writing beside llama.cpp, on this
# machine's GPU, one after the other in the same run. Installs the peers (8 GB) into .bench/ and writes models of drawn
# weights there (15 and 5 GiB). llama.cpp is compiled, which needs nvcc and cmake, and some minutes.
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
./cogumi bench train --memory 45 --json
./cogumi bench train --fp8 --json
./cogumi bench train --rows 2 --memory 7.5 --json
./cogumi bench train --rows 2 --memory 6.5 --json
for peer in "peft 2,on 4,off" "liger 4,off 8,off" "unsloth 4,off 8,off 2,unsloth"; do
  read -ra words <<<"$peer"
  $python $here/train.py $model "${words[@]}"
done

if ! command -v nvcc >/dev/null || ! command -v cmake >/dev/null; then
  echo "no nvcc or no cmake: llama.cpp is left out"
  exit 0
fi
llama=.bench/llama.cpp
if [ ! -x $llama/build/bin/llama-bench ]; then
  .bench/gpu/bin/pip install -q gguf ninja
  .bench/gpu/bin/pip download -q --no-deps --no-binary :all: --no-build-isolation -d .bench/llama-source llama-cpp-python
  mkdir -p $llama
  tar xzf .bench/llama-source/llama_cpp_python-*.tar.gz -C $llama --strip-components=3 --wildcards '*/vendor/llama.cpp'
  PATH=$PWD/.bench/gpu/bin:$PATH cmake -G Ninja -S $llama -B $llama/build -DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=native \
    -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF
  cmake --build $llama/build --target llama-bench llama-batched-bench
fi
gguf=.bench/llama-3.1-8b-drawn-q4_k.gguf
[ -f $gguf ] || $python $here/make_gguf.py $gguf
for batch in 1 4 8 64; do
  ./cogumi bench generate --preset llama-3.1-8b --prompt 512 --tokens 128 --batch $batch
done
./cogumi bench generate --preset llama-3.1-8b --prompt 4096 --tokens 16
$llama/build/bin/llama-bench -m $gguf -ngl 99 -fa 1 -p 512,4096 -n 128
$llama/build/bin/llama-batched-bench -m $gguf -ngl 99 -fa on -c 49152 -b 4096 -ub 512 -npp 512 -ntg 128 -npl 1,4,8,64
