// The filter grammar of the sample browser:
//
//   tag:regressed  family:count  category:math  id:eval-17  set:validation
//   verdict:wrong  model:tuned   base:right     tuned:wrong
//   len>50  tokens<=8  prompt>200      text  "several words"   -anything
//
// Parts are joined by "and". model: names whose verdict, len, tokens and answer
// are meant; without it any answer may match.
const filterKeys = new Set(["tag", "family", "category", "verdict", "model", "id", "set", "answer", "reference", "prompt", "reason"]);
const filterSizes = new Set(["len", "tokens", "prompt", "reference"]);

function parseQuery(text, models) {
  const parts = [], words = [], problems = [];
  let model = null;
  const re = /(-?)(?:([\p{L}_][\p{L}\p{N}_.-]*)(:|>=|<=|>|<|=))?("[^"]*"?|\S+)/gu;
  for (const m of text.matchAll(re)) {
    const not = m[1] === "-", key = m[2] && m[2].toLowerCase(), op = m[3];
    const value = m[4].replace(/^"|"$/g, "").toLowerCase();
    if (value === "" && !key) continue;
    if (key === "model" && op === ":" && !not) { model = value; continue; }
    if (key && filterSizes.has(key) && op !== ":" && value !== "" && isFinite(Number(value))) {
      parts.push({kind: "size", not, key, op, n: Number(value)});
    } else if (key && op === ":" && filterKeys.has(key)) {
      parts.push({kind: "key", not, key, value});
    } else if (key && op === ":" && models.includes(key)) {
      parts.push({kind: "model", not, key, value});
    } else {
      const raw = (key ? m[2] + op : "") + value;
      if (key && op === ":" && !/^https?$/.test(key)) problems.push(m[2]);
      parts.push({kind: "text", not, value: raw.toLowerCase()});
      if (!not) words.push(raw.toLowerCase());
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
  case "reason": return answers.some((a) => low(a.w).includes(p.value));
  case "prompt": return low(s.p).includes(p.value);
  case "reference": return low(s.r).includes(p.value);
  }
  return false;
}

const quoted = (v) => (/[\s"]/.test(v) ? '"' + v.replaceAll('"', "") + '"' : v);

// hasPart, togglePart and dropKeys work on the text of a query, so that buttons
// and typing are the same thing.
const splitQuery = (q) => q.match(/-?(?:[^\s":<>=]+(?::|[<>]=?|=))?(?:"[^"]*"?|\S+)/g) || [];
const hasPart = (q, part) => splitQuery(q).includes(part);
function togglePart(q, part) {
  const parts = splitQuery(q);
  return (parts.includes(part) ? parts.filter((x) => x !== part) : [...parts, part]).join(" ");
}
const dropKeys = (q, keys) => splitQuery(q).filter((x) => !keys.some((k) => x.startsWith(k + ":"))).join(" ");
