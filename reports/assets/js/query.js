// The filter grammar of the sample browser:
//
//   tag:regressed  family:count  category:math  id:eval-17  set:validation
//   verdict:wrong  model:tuned   base:right     tuned:wrong
//   win:b  win:tuned  win:tie  win:flip: who won; a and b are the first and the second answer
//   len>50  tokens<=8  prompt>200      text  "several words"   -anything
//
// Parts are joined by "and". model: names whose verdict, len, tokens and answer
// are meant; without it any answer may match.
const filterKeys = new Set(["tag", "family", "category", "verdict", "model", "id", "set", "answer", "reference", "prompt", "reason", "win"]);
const filterSizes = new Set(["len", "tokens", "prompt", "reference"]);

// readQuery cuts a query into its parts in one pass, whatever it holds.
function readQuery(text) {
  const parts = [], space = (c) => /\s/.test(c);
  let i = 0;
  while (i < text.length) {
    if (space(text[i])) { i++; continue; }
    const start = i, part = {not: false, key: "", op: "", value: ""};
    if (text[i] === "-" && i + 1 < text.length && !space(text[i + 1])) { part.not = true; i++; }
    let j = i;
    while (j < text.length && /[\p{L}\p{N}_.-]/u.test(text[j])) j++;
    const op = /^(?:>=|<=|[:><=])/.exec(text.slice(j, j + 2));
    if (j > i && op && !/[\p{N}.-]/u.test(text[i])) {
      part.key = text.slice(i, j);
      part.op = op[0];
      i = j + op[0].length;
    }
    if (text[i] === '"') {
      const end = text.indexOf('"', i + 1);
      part.value = text.slice(i + 1, end < 0 ? text.length : end);
      i = end < 0 ? text.length : end + 1;
    } else {
      const from = i;
      while (i < text.length && !space(text[i])) i++;
      part.value = text.slice(from, i);
    }
    part.raw = text.slice(start, i);
    parts.push(part);
  }
  return parts;
}

function parseQuery(text, models) {
  const parts = [], words = [], problems = [];
  let model = null;
  for (const {not, key: name, op, value: written} of readQuery(text)) {
    const key = name.toLowerCase(), value = written.toLowerCase();
    if (value === "" && !key) continue;
    if (key === "model" && op === ":" && !not) { model = value; continue; }
    if (filterSizes.has(key) && op !== ":" && value !== "" && isFinite(Number(value))) {
      parts.push({kind: "size", not, key, op, n: Number(value)});
    } else if (op === ":" && filterKeys.has(key)) {
      parts.push({kind: "key", not, key, value});
    } else if (op === ":" && models.includes(key)) {
      parts.push({kind: "model", not, key, value});
    } else {
      const plain = key + op + value;
      if (op === ":" && !/^https?$/.test(key)) problems.push(name);
      parts.push({kind: "text", not, value: plain});
      if (!not) words.push(plain);
    }
  }
  return {parts, model, words, problems};
}

const compare = {
  ">": (a, b) => a > b, "<": (a, b) => a < b, "=": (a, b) => a === b,
  ">=": (a, b) => a >= b, "<=": (a, b) => a <= b,
};

function matches(query, s) {
  const answers = query.model === null ? s.a : s.a.filter((a) => a.m.toLowerCase() === query.model);
  if (query.model !== null && answers.length === 0) return false;
  return query.parts.every((p) => p.not !== matchesPart(p, s, answers));
}

function matchesPart(p, s, answers) {
  const low = (t) => (t || "").toLowerCase();
  switch (p.kind) {
  case "text": return s.hay.includes(p.value);
  case "model": return s.a.some((a) => low(a.m) === p.key && low(a.v) === p.value);
  case "size": {
    const test = (n) => compare[p.op](n, p.n);
    if (p.key === "prompt") return test(s.p.length);
    if (p.key === "reference") return test((s.r || "").length);
    return answers.some((a) => test(p.key === "len" ? a.x.length : a.n || 0));
  }
  }
  switch (p.key) {
  case "tag": return s.t.some((t) => low(t) === p.value);
  case "family": return low(s.f) === p.value;
  case "category": return low(s.c) === p.value;
  case "id": return low(s.i) === p.value;
  case "set": return low(s.setName) === p.value;
  case "verdict": return answers.some((a) => low(a.v) === p.value);
  case "answer": return answers.some((a) => low(a.x).includes(p.value) || low(a.e) === p.value);
  case "win": return wins(s, p.value);
  case "reason": return answers.some((a) => low(a.w).includes(p.value)) || s.j.some((j) => low(j.r).includes(p.value));
  case "prompt": return low(s.p).includes(p.value);
  case "reference": return low(s.r).includes(p.value);
  }
  return false;
}

// wins: a model by name, or by its place among the answers.
function wins(s, who) {
  const w = s.w.toLowerCase(), at = ["a", "b", "c", "d"].indexOf(who);
  return w !== "" && (w === who || (at >= 0 && s.a[at] !== undefined && s.a[at].m.toLowerCase() === w));
}

const quoted = (v) => (/[\s"]/.test(v) ? '"' + v.replaceAll('"', "") + '"' : v);

// hasPart, togglePart and dropKeys work on the text of a query, so that buttons
// and typing are the same thing.
const splitQuery = (q) => readQuery(q).map((p) => p.raw);
const hasPart = (q, part) => splitQuery(q).includes(part);
function togglePart(q, part) {
  const parts = splitQuery(q);
  return (parts.includes(part) ? parts.filter((x) => x !== part) : [...parts, part]).join(" ");
}
const dropKeys = (q, keys) => splitQuery(q).filter((x) => !keys.some((k) => x.startsWith(k + ":"))).join(" ");
