// The sample browser: filter, list, detail. The list draws only the rows that
// can be seen, so that ten thousand samples scroll like ten.
const rowHeight = 58;
const browse = {all: [], shown: [], sets: [], q: "", at: -1, query: null, mode: "answers"};

async function startSamples() {
  const root = $("browser");
  if (!root) return;
  let data;
  try {
    data = JSON.parse(await unpack("samples-gz"));
  } catch (err) {
    $("samples-intro").textContent = "The samples cannot be shown. " + err.message;
    return;
  }
  browse.sets = data.sets || [];
  browse.all = (data.samples || []).map(prepare);
  $("samples-intro").textContent = introText();
  buildBrowser(root);
  root.hidden = false;
  const state = hashState();
  applyState(state || {q: "", sample: null});
  if (state) $("samples").scrollIntoView();
  addEventListener("hashchange", () => {
    const s = hashState();
    if (s) { applyState(s); $("samples").scrollIntoView(); }
  });
}

function prepare(s) {
  s.t ||= []; s.a ||= []; s.p ||= ""; s.s ||= 0; s.i = String(s.i);
  s.setName = browse.sets[s.s]?.name || "";
  s.j ||= [];
  s.w ||= winnerOf(s);
  s.hay = [s.p, s.r, s.i, s.f, s.c, ...s.a.flatMap((a) => [a.x, a.e, a.w]), ...s.j.flatMap((j) => [j.r, j.e])].filter(Boolean).join("\n").toLowerCase();
  return s;
}

// winnerOf says who won where nobody judged: the one answer of two that is right.
function winnerOf(s) {
  if (s.a.length !== 2 || !s.a.every((a) => a.v === "right" || a.v === "wrong")) return "";
  const right = s.a.filter((a) => a.v === "right");
  return right.length === 1 ? right[0].m : "tie";
}

function introText() {
  const total = browse.sets.reduce((n, s) => n + s.total, 0), here = browse.all.length;
  if (here === total) return plural(total, "sample") + (browse.all.some((s) => s.j.length) ? ", lost pairs first." : ", what got worse first.");
  return `${count(here)} of ${count(total)} samples are in this file: what got worse, was lost, flipped or failed first. All of them are in samples.parquet beside this file in the run folder; cogumi report --all-samples makes one with all.`;
}

const modelNames = () => [...new Set(browse.all.flatMap((s) => s.a.map((a) => a.m.toLowerCase())))].slice(0, 20);

function buildBrowser(root) {
  browse.models = modelNames();
  browse.input = el("input", {type: "search", id: "find", placeholder: browse.all.some((s) => s.j.length) ? "Search, or filter: win:b len>50 tag:flip" : "Search, or filter: tag:regressed len>50", "aria-label": "Filter samples", autocomplete: "off", spellcheck: "false",
    oninput: () => filter(browse.input.value)});
  browse.input.addEventListener("keydown", (e) => {
    if (e.key === "Escape") { if (browse.input.value) filter(""); else browse.list.focus(); e.preventDefault(); }
    if (e.key === "Enter" || e.key === "ArrowDown") { browse.list.focus(); if (e.key === "Enter") openDetail(); e.preventDefault(); }
  });
  browse.chips = el("div", {class: "chips", role: "group", "aria-label": "Quick filters"});
  browse.status = el("p", {class: "status", role: "status"});
  browse.csv = el("button", {type: "button", class: "quiet", onclick: samplesCSV, "aria-label": "Download these samples as CSV"}, "CSV");
  browse.run = el("div", {class: "run"});
  browse.list = el("div", {class: "list", role: "listbox", tabindex: "0", "aria-label": "Samples", onscroll: drawRows, onkeydown: listKeys}, browse.run);
  browse.detail = el("div", {class: "detail", role: "region", "aria-label": "Sample", tabindex: "0"});
  browse.panes = el("div", {class: "panes"}, browse.list, browse.detail);
  root.append(el("div", {class: "find", role: "search"}, el("div", {class: "box"}, browse.input), ...pickers()), browse.chips, el("div", {class: "found"}, browse.status, browse.csv), browse.panes);
  new ResizeObserver(drawRows).observe(browse.list);
}

// samplesCSV takes along what the filter shows, a row for an answer.
function samplesCSV() {
  const rows = [["set", "id", "category", "family", "tags", "winner", "prompt", "reference", "model", "verdict", "answer", "extracted", "reason", "tokens"]];
  for (const s of browse.shown) {
    for (const a of s.a.length ? s.a : [{}]) {
      const why = a.w || s.j.map((j) => `shown first ${j.f}: ${j.e || [j.w, j.r].filter(Boolean).join(". ")}`).join("\n");
      rows.push([s.setName, s.i, s.c, s.f, s.t.join(" "), s.w, s.p, s.r, a.m, a.v, a.x, a.e, why, a.n].map((v) => v ?? ""));
    }
  }
  download((document.body.dataset.run || "run") + "-samples.csv", "text/csv;charset=utf-8", csvText(rows));
}

function tally(list) {
  const m = new Map();
  for (const k of list) if (k) m.set(k, (m.get(k) || 0) + 1);
  return m;
}

// pickers are the menus for set and family; they write into the query.
function pickers() {
  const menus = [];
  if (browse.sets.length > 1) {
    menus.push(menu("Set", ["set"], [["", "All sets"], ...browse.sets.map((s) => ["set:" + quoted(s.name), `${s.title} (${count(s.shown)})`])]));
  }
  const groups = new Map();
  for (const s of browse.all) {
    const c = s.c || "";
    if (!groups.has(c)) groups.set(c, []);
    groups.get(c).push(s.f);
  }
  if (groups.size > 1 || [...groups.values()].some((f) => new Set(f).size > 1)) {
    const options = [["", "All families"]];
    for (const [c, list] of [...groups].sort((a, b) => a[0].localeCompare(b[0])).slice(0, 100)) {
      if (c) options.push(["category:" + quoted(c), `${c.slice(0, 60)} (${count(list.length)})`]);
      for (const [f, n] of [...tally(list)].sort((a, b) => a[0].localeCompare(b[0])).slice(0, 100)) {
        options.push([(c ? "category:" + quoted(c) + " " : "") + "family:" + quoted(f), `\u2003${f.slice(0, 60)} (${count(n)})`]);
      }
    }
    menus.push(menu("Family", ["category", "family"], options));
  }
  return menus;
}

function menu(label, keys, options) {
  const select = el("select", {"aria-label": label, onchange: () => filter([dropKeys(browse.q, keys), select.value].filter(Boolean).join(" "))},
    ...options.map(([value, text]) => el("option", {value}, text)));
  const known = options.map(([v]) => splitQuery(v).sort().join(" "));
  select.sync = (parts) => {
    const at = known.indexOf(parts.filter((p) => keys.some((k) => p.startsWith(k + ":"))).sort().join(" "));
    select.selectedIndex = Math.max(at, 0);
  };
  (browse.menus ||= []).push(select);
  return select;
}

function drawChips() {
  const order = ["regressed", "lost", "loss", "error", "flip", "fixed", "gained", "tie", "win", "unsupported", "truncated", "wrong", "right"];
  const place = (t) => (order.indexOf(t) + order.length + 1) % (order.length + 1);
  const tags = [...tally(browse.all.flatMap((s) => s.t))].sort((a, b) => place(a[0]) - place(b[0]) || b[1] - a[1]).slice(0, 10);
  const chips = tags.map(([t, n]) => ["tag:" + quoted(t), t, n]);
  for (const m of browse.models.slice(0, 3)) {
    const n = browse.all.filter((s) => s.a.some((a) => a.m.toLowerCase() === m && a.v === "wrong")).length;
    if (n && /^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(m)) chips.push([m + ":wrong", m + " wrong", n]);
  }
  browse.chips.replaceChildren(...chips.map(([part, text, n]) => el("button", {type: "button", class: "chip", "aria-pressed": String(hasPart(browse.q, part)),
    onclick: () => filter(togglePart(browse.q, part))}, text, el("b", null, count(n)))));
}

// filter shows what matches q and stays on the sample that is open, if it can.
function filter(q, keepHash) {
  const open = browse.shown[browse.at];
  browse.q = q;
  if (browse.input.value !== q) browse.input.value = q;
  browse.query = parseQuery(q, browse.models);
  browse.shown = browse.query.parts.length || browse.query.model !== null ? browse.all.filter((s) => matches(browse.query, s)) : browse.all;
  browse.run.style.height = browse.shown.length * rowHeight + "px";
  browse.list.scrollTop = 0;
  drawChips();
  const parts = splitQuery(q);
  (browse.menus || []).forEach((m) => m.sync(parts));
  const odd = browse.query.problems.length ? ` “${browse.query.problems[0]}:” is no filter; searched as text.` : "";
  browse.status.textContent = (browse.shown.length === browse.all.length ? plural(browse.all.length, "sample") : `${count(browse.shown.length)} of ${plural(browse.all.length, "sample")}`) + "." + odd;
  select(Math.max(browse.shown.indexOf(open), browse.shown.length ? 0 : -1), keepHash);
}

function applyState(state) {
  filter(state.q, true);
  let at = -1;
  if (state.sample !== null) {
    const same = (s) => s.i === state.sample && (!state.set || s.setName === state.set);
    at = browse.shown.findIndex(same);
    if (at < 0 && browse.all.some(same)) { filter("", true); at = browse.shown.findIndex(same); }
    if (at < 0) browse.status.textContent += ` Sample ${state.sample} is not in this report.`;
  }
  if (at >= 0) { select(at, true); openDetail(); }
}

function select(at, keepHash) {
  browse.at = at;
  const s = browse.shown[at];
  if (s) {
    const top = at * rowHeight, l = browse.list;
    if (top < l.scrollTop) l.scrollTop = top;
    else if (top + rowHeight > l.scrollTop + l.clientHeight) l.scrollTop = top + rowHeight - l.clientHeight;
    browse.list.setAttribute("aria-activedescendant", "row-" + at);
  } else {
    browse.list.removeAttribute("aria-activedescendant");
  }
  drawRows();
  drawDetail(s);
  if (!keepHash) setHash({q: browse.q, sample: s && s.i, set: s && browse.sets.length > 1 && s.setName});
}

function move(by) {
  if (!browse.shown.length) return;
  select(Math.min(Math.max(browse.at + by, 0), browse.shown.length - 1));
  say(`Sample ${browse.at + 1} of ${browse.shown.length}`);
}

function listKeys(e) {
  const page = Math.max(Math.floor(browse.list.clientHeight / rowHeight) - 1, 1);
  const by = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -1e9, End: 1e9}[e.key];
  if (by) { move(by); e.preventDefault(); }
  if (e.key === "Enter") { openDetail(); browse.detail.focus(); e.preventDefault(); }
}

function openDetail() {
  browse.panes.classList.add("open");
}

const glyphs = {right: "✓", wrong: "✕", win: "✓", loss: "✕", flip: "↔", tie: "=", error: "!"};
function verdictMark(a) {
  const known = Object.hasOwn(glyphs, a.v);
  return el("span", {class: "v " + (known ? a.v : "none"), title: `${a.m}: ${a.v || "no verdict"}`}, known ? glyphs[a.v] : "–");
}

function drawRows() {
  const list = browse.list, from = Math.max(Math.floor(list.scrollTop / rowHeight) - 6, 0);
  const to = Math.min(Math.ceil((list.scrollTop + list.clientHeight) / rowHeight) + 6, browse.shown.length);
  if (!browse.shown.length) {
    browse.run.replaceChildren(el("p", {class: "empty"}, browse.all.length ? "No sample matches." : "No samples."));
    return;
  }
  const rows = [];
  for (let i = from; i < to; i++) rows.push(drawRow(browse.shown[i], i));
  browse.run.replaceChildren(...rows);
}

function drawRow(s, i) {
  const line = (s.p.trim().split("\n")[0] || s.i).slice(0, 200);
  const row = el("div", {class: "row", id: "row-" + i, role: "option", "aria-selected": String(i === browse.at), "aria-posinset": i + 1, "aria-setsize": browse.shown.length,
    onclick: () => { select(i); openDetail(); }},
  marked(el("div", {class: "q"}), line, [], found(line, browse.query.words)),
  el("div", {class: "m"},
    el("span", {class: "vs"}, ...s.a.filter((a) => a.v || !s.j.length).slice(0, 4).map(verdictMark), el("span", {class: "sr"}, s.a.map((a) => `${a.m} ${a.v}`).join(", "))),
    el("span", {class: "fam"}, [s.c, s.f].filter(Boolean).join(" · ")),
    ...["regressed", "fixed", "loss", "flip", "error", "tie", "win"].filter((t) => s.t.includes(t)).slice(0, 1).map((t) => el("span", {class: "was " + t}, t))));
  row.style.top = i * rowHeight + "px";
  return row;
}

function drawDetail(s) {
  const d = browse.detail;
  d.scrollTop = 0;
  if (!s) { d.replaceChildren(el("p", {class: "empty"}, "Nothing to show.")); return; }
  const words = browse.query.words, text = (cls, t) => marked(el("div", {class: "text " + cls, dir: "auto"}), t, [], found(t, words));
  const {sides, note} = answerSides(s, words);
  d.replaceChildren(
    el("header", null,
      el("button", {type: "button", class: "quiet back", onclick: () => { browse.panes.classList.remove("open"); browse.list.focus(); }}, "← List"),
      el("span", {class: "id"}, s.i), ...[s.c, s.f].filter(Boolean).map((t) => el("span", {class: "tag"}, t)), ...s.t.map((t) => el("span", {class: "tag" + (t === "regressed" ? " stopped" : "")}, t)),
      el("span", {class: "spring"}),
      el("button", {type: "button", class: "quiet", onclick: () => move(-1), "aria-label": "Previous sample"}, "↑"),
      el("button", {type: "button", class: "quiet", onclick: () => move(1), "aria-label": "Next sample"}, "↓"),
      el("button", {type: "button", class: "quiet", onclick: (e) => { flushHash(); copy(location.href, e.currentTarget); }}, "Copy link")),
    text("prompt", s.p),
    ...(s.r ? [el("h3", null, "Reference"), text("ref", s.r)] : []),
    el("h3", null, s.a.length === 1 ? "Answer" : "Answers"), sides, ...(note ? [note] : []), ...judgements(s, words));
}

// judgements are what the judge said, one column for each order.
function judgements(s, words) {
  if (!s.j.length) return [];
  const said = (j) => el("article", {class: "said" + (j.e ? " error" : "")},
    el("div", {class: "top"}, el("span", null, "Shown first: ", el("strong", null, j.f)), j.g ? el("span", {class: "tok"}, j.g) : null),
    el("p", {class: "winner"}, j.e ? "Could not be judged" : j.w === "tie" ? "A tie" : [j.w || "Nobody", " wins"].join("")),
    marked(el("p", {class: "why", dir: "auto"}), j.e || j.r || "(no reason given)", [], found(j.e || j.r || "", words)));
  return [el("h3", null, "What the judge said, in each order"), el("div", {class: "sides"}, ...s.j.map(said))];
}

function answerSides(s, words) {
  const marks = s.a.map(() => []);
  let note = null, long = false;
  const against = browse.mode;
  if (against === "answers" && s.a.length > 1) {
    for (let i = 1; i < s.a.length; i++) {
      const diff = differences(s.a[0].x, s.a[i].x);
      if (!diff) { long = true; continue; }
      if (i === 1) marks[0] = diff[0];
      marks[i] = diff[1];
    }
  } else if (against === "reference" && s.r) {
    s.a.forEach((a, i) => { const diff = differences(s.r, a.x); if (diff) marks[i] = diff[1]; else long = true; });
  }
  if (s.a.length > 1 || s.r) {
    const pick = el("select", {"aria-label": "Mark differences", onchange: () => { browse.mode = pick.value; drawDetail(s); browse.detail.querySelector(".nodiff select")?.focus(); }},
      ...[["answers", "from each other"], ["reference", "from the reference"], ["off", "not at all"]].map(([v, t]) => el("option", {value: v, selected: v === against}, t)));
    const same = against === "answers" && s.a.length === 2 && s.a[0].x === s.a[1].x ? "The answers are the same. " : long ? "Too long to compare. " : "";
    note = el("p", {class: "nodiff"}, same + "Mark where answers differ ", pick);
  }
  return {sides: el("div", {class: "sides"}, ...s.a.map((a, i) => side(a, marks[i], words, s.j.length > 0))), note};
}

function side(a, diff, words, judged) {
  const facts = [["Extracted", a.e], ["Reason", a.w]].filter(([, v]) => v);
  return el("article", {class: "side " + (Object.hasOwn(glyphs, a.v) ? a.v : ""), "aria-label": `${a.m}: ${a.v}`},
    el("div", {class: "top"}, el("strong", null, a.m), a.v || !judged ? el("span", {class: "verdict"}, verdictMark(a), a.v || "no verdict") : null,
      a.n ? el("span", {class: "tok"}, plural(a.n, "token")) : null),
    a.x === "" ? el("p", {class: "small"}, "(empty answer)") : marked(el("div", {class: "text", dir: "auto"}), a.x, diff, found(a.x, words)),
    facts.length ? el("dl", null, ...facts.flatMap(([k, v]) => [el("dt", null, k), el("dd", null, v)])) : null);
}
