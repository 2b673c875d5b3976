// Word-level differences of two texts, as ranges of characters that the other
// text does not have. null: too long to compare.
const diffCells = 4e6;

// Equal words of both texts get the same number: numbers compare fast.
function tokens(text, ids) {
  const list = [];
  for (const m of text.matchAll(/\p{L}+|\p{N}+|\s+|[^\p{L}\p{N}\s]/gu)) {
    if (!ids.has(m[0])) ids.set(m[0], ids.size);
    list.push({id: ids.get(m[0]), at: m.index, end: m.index + m[0].length});
  }
  return list;
}

function differences(one, two) {
  if (one === two) return [[], []];
  if (one.length + two.length > 200000) return null;
  const ids = new Map(), a = tokens(one, ids), b = tokens(two, ids);
  let head = 0;
  while (head < a.length && head < b.length && a[head].id === b[head].id) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail].id === b[b.length - 1 - tail].id) tail++;
  const x = a.slice(head, a.length - tail), y = b.slice(head, b.length - tail);
  if ((x.length + 1) * (y.length + 1) > diffCells) return null;
  const [onlyX, onlyY] = withoutCommon(x, y);
  return [ranges(onlyX), ranges(onlyY)];
}

// withoutCommon drops the longest common subsequence from both.
function withoutCommon(x, y) {
  const w = y.length + 1, best = new Uint16Array((x.length + 1) * w);
  const xs = Int32Array.from(x, (t) => t.id), ys = Int32Array.from(y, (t) => t.id);
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      best[i * w + j] = xs[i] === ys[j] ? best[(i + 1) * w + j + 1] + 1 : Math.max(best[(i + 1) * w + j], best[i * w + j + 1]);
    }
  }
  const onlyX = [], onlyY = [];
  let i = 0, j = 0;
  while (i < x.length && j < y.length) {
    if (xs[i] === ys[j]) { i++; j++; } else if (best[(i + 1) * w + j] >= best[i * w + j + 1]) onlyX.push(x[i++]); else onlyY.push(y[j++]);
  }
  return [onlyX.concat(x.slice(i)), onlyY.concat(y.slice(j))];
}

function ranges(list) {
  const out = [];
  for (const t of list) {
    const last = out[out.length - 1];
    if (last && last[1] === t.at) last[1] = t.end; else out.push([t.at, t.end]);
  }
  return out;
}

// found gives the ranges of the words that were searched for.
function found(text, words) {
  const out = [], low = text.toLowerCase();
  if (low.length !== text.length) return out; // a few letters change length
  for (const w of words) {
    if (w === "") continue;
    for (let at = low.indexOf(w); at >= 0 && out.length < 500; at = low.indexOf(w, at + w.length)) out.push([at, at + w.length]);
  }
  return out.sort((a, b) => a[0] - b[0]);
}

// marked fills node with text; ranges of diff become <span class="d">, of hits <mark>.
function marked(node, text, diff, hits) {
  const cuts = new Set([0, text.length]);
  for (const [from, to] of [...diff, ...hits]) { cuts.add(from); cuts.add(to); }
  const at = [...cuts].sort((a, b) => a - b);
  const inside = (list, i) => list.some(([from, to]) => from <= i && i < to);
  for (let k = 0; k + 1 < at.length; k++) {
    let piece = document.createTextNode(text.slice(at[k], at[k + 1]));
    if (hits.length && inside(hits, at[k])) piece = el("mark", null, piece);
    if (diff.length && inside(diff, at[k])) piece = el("span", {class: "d"}, piece);
    node.append(piece);
  }
  return node;
}
