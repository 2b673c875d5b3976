// Tokens per second of llama.cpp on a GGUF file: node llama.mjs FILE THREADS PROMPT TOKENS
// Reads a prompt, then writes greedily; prints one JSON object.
import {getLlama} from "node-llama-cpp";

const [file, threads, prompt, tokens] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const llama = await getLlama({gpu: false, logLevel: "error", maxThreads: threads});
const model = await llama.loadModel({modelPath: file});
const context = await model.createContext({contextSize: prompt + tokens + 16, threads, batchSize: 512});
const runs = [];
for (let run = 0; run < 4; run++) {
  const sequence = context.getSequence();
  const ids = Array.from({length: prompt}, (_, i) => (100 + i * 7919) % 49152);
  const began = performance.now();
  let first = 0, written = 0;
  for await (const _ of sequence.evaluate(ids, {temperature: 0, yieldEogToken: true})) {
    if (written++ === 0) first = performance.now();
    if (written > tokens) break;
  }
  runs.push([prompt / (first - began) * 1e3, tokens / (performance.now() - first) * 1e3]);
  await sequence.clearHistory();
  sequence.dispose();
}
const median = (i) => runs.slice(1).map((r) => r[i]).sort((a, b) => a - b)[1];
console.log(JSON.stringify({prompt_tokens_per_s: median(0), decode_tokens_per_s: median(1),
  peak_mib: process.resourceUsage().maxRSS / 1024, llama_cpp: "node-llama-cpp"}));
process.exit(0);
