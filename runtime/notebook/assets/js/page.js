// The page: the state that the notebook sends, and the buttons.
const views = new Map();
let order = [], last = null, focusNext = null;

function act(what, body) {
  return ask(what, body).catch((e) => { tell(e); throw e; }).catch(() => null);
}

// Empty lines between others are no cell to look at.
const visible = (c) => c.kind === "head" || c.kind === "frame" || c.shown.trim() !== "";

function takeState(s) {
  s.cells = s.cells.filter(visible);
  last = s;
  const had = new Set(order), place = $("cells");
  order = s.cells.map((c) => c.id);
  for (const [id, v] of views) if (!order.includes(id)) { v.close(); views.delete(id); }
  let before = place.firstElementChild;
  for (const c of s.cells) {
    let v = views.get(c.id);
    if (v && v.data.kind !== c.kind) { v.close(); views.delete(c.id); v = null; before = place.firstElementChild; }
    if (!v) {
      v = new cellView(c);
      views.set(c.id, v);
    }
    if (v.node !== before) place.insertBefore(v.node, before);
    else before = before.nextElementSibling;
    v.update(c);
    if (s.all && v.output) {
      v.clear();
      (c.outputs || []).forEach((o, i) => v.put(i, o));
    }
  }
  // What moved is put in order in one pass more: an insertion keeps the rest.
  order.forEach((id, i) => { const n = views.get(id).node; if (place.children[i] !== n) place.insertBefore(n, place.children[i] || null); });
  if (focusNext && views.has(focusNext)) { const id = focusNext; focusNext = null; choose(id, true); toEnd(id); }
  if (s.all && !had.size && s.cells.length) choose(s.cells.find((c) => c.kind === "decls" || c.kind === "steps")?.id);
  bar(s);
}

function toEnd(id) {
  const v = views.get(id).view;
  v.dispatch({selection: {anchor: v.state.doc.length}});
}

function bar(s) {
  const now = s.cells.find((c) => c.status === "running"), waits = s.cells.filter((c) => c.status === "queued").length;
  const failed = s.cells.some((c) => c.status === "failed"), stale = s.cells.filter((c) => c.stale && c.status !== "running" && c.status !== "queued").length;
  const pill = $("state");
  const [text, cls] = s.gone ? ["file is gone", "failed"] : s.busy ? ["restarting", "running"] : now ? [s.stopping ? "stopping" : waits ? "running, " + waits + " wait" : "running", "running"] : failed ? ["a cell failed", "failed"] : ["ready", "done"];
  pill.textContent = text;
  pill.className = "pill " + cls;
  $("run-all").hidden = !!now;
  $("stop").hidden = !now;
  $("stop").querySelector("span").textContent = s.stopping ? "End it now" : "Stop";
  $("stop").title = s.stopping ? "It does not listen: end its process; all values are lost" : "Stop what runs (Ctrl + .); values stay";
  $("run-stale").hidden = !stale || !!now;
  $("run-stale").textContent = "Run " + stale + " stale";
  $("run").textContent = s.run ? "run " + s.run + " · " + s.path : "";
  document.title = (now ? "● " : failed ? "✕ " : "") + s.file + " · cogumi";
  savedState();
}

function savedState() {
  const list = [...views.values()], s = $("saved");
  if (list.some((v) => v.conflict)) s.textContent = "two versions";
  else if (list.some((v) => v.data.refused)) s.textContent = "not all saved";
  else s.textContent = list.some((v) => v.dirty || v.saving) ? "saving…" : last ? "saved" : "";
}

const flushAll = () => Promise.all([...views.values()].map((v) => v.flush?.()));
const runAll = () => flushAll().then(() => act("run", {mode: "all"}));
const stop = () => act("interrupt", {kill: !!last?.stopping});

async function addBelow(id) {
  await views.get(id)?.flush?.();
  const r = await act("insert", {id});
  if (!r) return;
  if (views.has(r.id)) { choose(r.id, true); toEnd(r.id); } else focusNext = r.id;
}

// afterRun goes to the next cell, or makes one at the end of main.
function afterRun(id) {
  const next = order.slice(order.indexOf(id) + 1).find((i) => views.get(i)?.output);
  if (next) { choose(next, true); views.get(next).node.scrollIntoView({block: "nearest"}); } else addBelow(id);
}

// step leaves a cell over its first or last line.
function step(id, by) {
  const cells = order.filter((i) => views.get(i)?.output), to = views.get(cells[cells.indexOf(id) + by]);
  if (!to) return false;
  choose(to.id, true);
  to.view.dispatch({selection: {anchor: by > 0 ? 0 : to.view.state.doc.length}, scrollIntoView: true});
  return true;
}

// goOn puts the cursor into the cell behind, that was split off.
function goOn(id) {
  const next = last?.cells[last.cells.findIndex((c) => c.id === id) + 1];
  if (next) requestAnimationFrame(() => { if (views.get(next.id)?.view) { choose(next.id, true); toEnd(next.id); } });
}

const heard = {
  state: takeState,
  clear: (id) => views.get(id)?.clear(),
  output: (m) => views.get(m.id)?.put(m.at, m.output),
  print: (m) => views.get(m.id)?.outs[m.at]?.print?.(m.text),
  points: (m) => views.get(m.id)?.outs[m.at]?.points?.(m.series, m.points),
  trouble: (text) => banner(text, "error"),
  late: (text) => banner(text.trim(), ""),
  bye: () => { over = true; stream.close(); offline("The notebook has ended. The file is as you left it."); },
};

let stream, over = false;
function listen() {
  stream = new EventSource("/api/events");
  stream.onmessage = (e) => { const m = JSON.parse(e.data); heard[m.kind]?.(m.data); if (m.kind === "state") online(); };
  stream.onerror = () => { if (!over) offline("The notebook does not answer. Trying again…"); if (stream.readyState === 2 && !over) setTimeout(listen, 2000); };
}
function offline(text) {
  $("state").textContent = "not connected";
  $("state").className = "pill failed";
  banner(text, "error", true);
}
let was = true;
function online() {
  if (!was || $("banner").textContent.includes("does not answer")) $("banner").hidden = true;
  was = true;
}

function setTheme(t) {
  if (t) document.documentElement.dataset.theme = t;
  else delete document.documentElement.dataset.theme;
  redraw();
}
$("theme").onclick = () => {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme:dark)").matches;
  setTheme(dark ? "light" : "dark");
  keep("theme", dark ? "light" : "dark");
};
matchMedia("(prefers-color-scheme:dark)").addEventListener("change", redraw);
$("run-all").onclick = runAll;
$("run-stale").onclick = () => flushAll().then(() => act("run", {mode: "stale"}));
$("stop").onclick = stop;
$("restart").onclick = () => { if (!last?.cells.some((c) => c.names?.length || c.status === "running") || confirm("Restart? All values are lost; the script and the outputs stay.")) flushAll().then(() => act("restart")); };
$("help-open").onclick = helpDialog;
document.addEventListener("pointerdown", (e) => { const n = e.target.closest?.(".cell"); if (n) choose(Number(n.dataset.id)); });
addEventListener("beforeunload", (e) => { if ([...views.values()].some((v) => v.dirty)) { flushAll(); e.preventDefault(); } });
setTheme(kept("theme"));
listen();
