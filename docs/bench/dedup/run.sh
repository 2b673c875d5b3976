#!/usr/bin/env bash
# Near-duplicates beside gaoya, datasketch and rensa, on the same file with the same settings (3-grams of runes,
# 128 permutations, threshold 0.8), one after the other in the same run. Installs them into .bench/dedup.
# FILE: JSON lines with "text" (and "id"); TRUTH: pairs "id id Jaccard" of it, tab-separated.
# Figures count on a machine that does nothing else; on a busy one only their ratios do.
set -euo pipefail
cd "$(dirname "$0")/../../.."
shared=../shared/data/neardup
FILE=${FILE:-$shared/dev.jsonl.gz} TRUTH=${TRUTH:-$shared/dev.pairs.tsv}
if [ ! -f "$FILE" ]; then
  echo "bench-dedup: there is no $FILE: name a file with FILE= and its pairs with TRUTH="
  exit 0
fi
make --no-print-directory build
if [ ! -x .bench/dedup/bin/python ]; then
  python3 -m venv .bench/dedup
fi
.bench/dedup/bin/pip install -q datasketch rensa gaoya
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $FILE in *.gz) gzip -dc "$FILE" ;; *) cat "$FILE" ;; esac >"$work/rows.jsonl"
[ -f "$TRUTH" ] && cp "$TRUTH" "$work/truth.tsv"

echo "$(wc -l <"$work/rows.jsonl") rows, $(wc -c <"$work/rows.jsonl") bytes, $(nproc) cores"
printf '%-28s %10s %10s %8s %10s\n' "" docs/s "peak MiB" recall precision
for recall in 0.98 0.995; do
  ./cogumi run dedup --in "$work/rows.jsonl" --keep first --recall $recall --pairs "$work/pairs.tsv" \
    --out "$work/kept.jsonl" --audit "$work/audit.jsonl" --runs "$work/runs" --json >"$work/result.json" 2>/dev/null
  .bench/dedup/bin/python docs/bench/dedup/peers.py cogumi "$work" "cogumi, recall $recall"
done
for peer in gaoya rensa datasketch; do
  .bench/dedup/bin/python docs/bench/dedup/peers.py $peer "$work" $peer
done
