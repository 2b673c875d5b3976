// What a cell gave, by its kind.
const mostText = 400000;

function streamOutput(o) {
  const pre = el("pre", {class: "stream " + o.kind});
  const node = el("div", {class: "out"}, pre);
  let text = "";
  const shape = () => {
    const down = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 20;
    pre.textContent = text;
    if (down) pre.scrollTop = pre.scrollHeight;
  };
  let waits = false;
  const print = (more) => {
    text = lastLines(text + more);
    if (text.length > mostText) text = "…" + text.slice(-mostText / 2);
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; shape(); });
  };
  text = lastLines(o.text || "");
  shape();
  return {node, print};
}

// lastLines does what a terminal does with a carriage return, and leaves colours out.
function lastLines(text) {
  return text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "").replace(/\r\n/g, "\n").replace(/[^\n]*\r(?=[^\n])/g, "");
}

function valueOutput(o) {
  const v = o.value, kind = (o.name ? o.name + "  " : "") + v.type;
  const typed = () => el("span", {class: "type"}, kind);
  switch (v.kind) {
  case "table":
    return {node: el("div", {class: "out value"}, grid({columns: v.table.columns, rows: v.table.rows, numeric: v.table.numeric, total: v.total, caption: kind}))};
  case "series": {
    const p = new plot(kind + " · " + plural(v.total, "number"), "index");
    const step = v.series.length > 1 ? (v.total - 1) / (v.series.length - 1) : 1;
    p.set(o.name || v.type, v.series.map((y, i) => [Math.round(i * step), y]));
    return {node: el("div", {class: "out value"}, p.node), close: () => p.close()};
  }
  case "image": {
    const img = el("img", {alt: kind});
    img.src = "data:" + v.mime + ";base64," + v.image;
    return {node: el("figure", {class: "out value picture"}, img, el("figcaption", {class: "type"}, kind + " · " + v.text))};
  }
  case "error":
    return {node: el("div", {class: "out value"}, typed(), el("pre", {class: "bad"}, v.text))};
  }
  return {node: el("div", {class: "out value"}, typed(), el("pre", {}, v.kind === "string" && !v.text.includes("\n") ? JSON.stringify(v.text) : v.text))};
}

const percent = (v) => (100 * v).toFixed(1) + "\u00a0%";

function eventOutput(e) {
  if (e.table) return grid({columns: e.table.columns, rows: e.table.rows || [], caption: e.table.title || e.table.name, first: 6});
  if (e.samples) return sampleBrowser(e.samples);
  if (e.figure) {
    const f = e.figure;
    return el("dl", {class: "figure"}, el("dt", {}, f.name), el("dd", {}, fine(f.value) + (f.unit ? "\u00a0" + f.unit : ""),
      f.method ? el("span", {class: "small"}, " " + fine(f.low) + " to " + fine(f.high) + (f.n ? ", n = " + count(f.n) : "") + ", " + f.method) : f.note ? el("span", {class: "small"}, " " + f.note) : null));
  }
  if (e.note) return el("p", {class: "note " + e.note.level}, e.note.text, e.note.hint ? el("span", {class: "hint"}, " " + e.note.hint) : null);
  if (e.log) return el("p", {class: "small"}, e.log);
  if (e.funnel) return funnel(e.funnel);
  if (e.comparison) return comparison(e.comparison);
  if (e.artefact) {
    const a = e.artefact, href = "/artefact?path=" + encodeURIComponent(a.path);
    const line = el("p", {class: "artefact"}, el("a", {href, download: ""}, a.name), el("span", {class: "small"}, " " + a.kind + ", " + fine(a.bytes) + " bytes" + (a.note ? ", " + a.note : "")));
    return /\.(png|jpe?g|gif|webp)$/i.test(a.path) ? el("figure", {class: "picture"}, el("img", {src: href, alt: a.name}), line) : line;
  }
  const named = e.judging || e.benchmark || e.check;
  return named ? el("p", {class: "note info"}, (named.title || named.name || named.text || e.kind) + ": see the report") : null;
}

function funnel(f) {
  const most = Math.max(1, ...f.stages.map((s) => s.count));
  return el("div", {class: "funnel"}, el("div", {class: "what"}, f.title || f.name), ...f.stages.map((s) => {
    const fill = el("span", {class: "fill"});
    fill.style.width = Math.max(.5, 100 * s.count / most) + "%";
    return el("div", {class: "stage"}, el("span", {class: "name"}, s.name), el("span", {class: "track"}, fill), el("span", {class: "num"}, count(s.count)), el("span", {class: "small"}, s.note || ""));
  }));
}

function comparison(c) {
  const row = (name, r) => [name, percent(r.accuracy), percent(r.low) + " to " + percent(r.high), r.n];
  const d = c.overall;
  return el("div", {class: "compared"},
    grid({columns: ["model", "right", "interval", "n"], rows: [row(c.base_name, c.base), row(c.tuned_name, c.tuned)], numeric: [false, false, false, true], caption: "Before and after"}),
    el("p", {class: d.low > 0 ? "verdict up" : d.high < 0 ? "verdict down" : "verdict"},
      (d.diff >= 0 ? "+" : "−") + (100 * Math.abs(d.diff)).toFixed(1) + " points (" + (100 * d.low).toFixed(1).replace("-", "−") + " to " + (100 * d.high).toFixed(1).replace("-", "−") + "), gained " + count(d.gained) + ", lost " + count(d.lost)),
    (c.by_family || []).length ? grid({columns: ["family", "items", "before", "after", "gained", "lost", "p, Holm"], caption: "By family",
      rows: c.by_family.map((f) => [f.family, f.n, f.before, f.after, f.gained, f.lost, f.p_adjusted])}) : null);
}

function progressOutput(o) {
  const fill = el("span", {class: "fill"}), text = el("span", {class: "small"}), name = el("span", {class: "name"});
  const node = el("div", {class: "out progress"}, name, el("span", {class: "track"}, fill), text);
  const set = (p) => {
    name.textContent = p.name;
    fill.style.width = (p.total ? 100 * p.done / p.total : 100) + "%";
    node.classList.toggle("whole", p.total > 0 && p.done >= p.total);
    const left = p.total && p.rate > 0 && p.done < p.total ? ", " + took((p.total - p.done) / p.rate) + " left" : "";
    text.textContent = count(p.done) + (p.total ? " of " + count(p.total) : "") + " " + p.unit + (p.rate ? ", " + fine(p.rate) + "/s" : "") + left;
  };
  set(o.event.progress);
  return {node, set: (n) => set(n.event.progress)};
}

// outputOf makes what the page shows of an output: node, and what may change it.
function outputOf(o) {
  switch (o.kind) {
  case "stdout": case "stderr": return streamOutput(o);
  case "value": return valueOutput(o);
  case "progress": return progressOutput(o);
  case "series": {
    const m = new measures();
    for (const [name, points] of Object.entries(o.series)) m.add(name, points);
    return {node: el("div", {class: "out curves"}, m.node), points: (name, list) => m.add(name, list), close: () => m.close()};
  }
  case "error":
    return {node: el("div", {class: "out problem"}, el("p", {class: "message"}, o.name ? o.name + ": " + o.text : o.text), o.hint ? el("p", {class: "hint"}, o.hint) : null)};
  }
  return {node: el("div", {class: "out of-" + o.event.kind}, eventOutput(o.event))};
}
