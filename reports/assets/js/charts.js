// The look of the charts. Their options come from the run as data, with an id
// for each series that says what it is; colours, markers and fonts come from
// the page's theme.
const drawn = new Map();
let chartData = [];

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

function look() {
  const t = {};
  for (const n of ["ink", "ink-2", "ink-3", "line", "line-strong", "paper", "raised", "base", "tuned", "up", "down", "warn", "kept", "wrong",
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"]) t[n] = token(n);
  t.font = getComputedStyle(document.body).fontFamily;
  return t;
}

const dashes = ["solid", "dashed", "dotted", "solid", "dashed", "dotted", "solid", "dashed"];
const symbols = ["circle", "rect", "triangle", "diamond", "circle", "rect", "triangle", "diamond"];

const styles = {
  base: (s, t) => ({...s, symbolSize: 11, itemStyle: {color: t.paper, borderColor: t.base, borderWidth: 2.5, opacity: 1}, z: 3, emphasis: {disabled: true}}),
  tuned: (s, t) => ({...s, symbolSize: 13, itemStyle: {color: t.tuned, borderColor: t.paper, borderWidth: 1.5, opacity: 1}, z: 4, emphasis: {disabled: true}}),
  link: (s, t) => ({...s, silent: true, encode: {x: [1, 2], y: 0}, z: 2, renderItem: (p, api) => {
    const [x1, y] = api.coord([api.value(1), api.value(0)]), [x2] = api.coord([api.value(2), api.value(0)]);
    return {type: "line", shape: {x1, y1: y, x2, y2: y}, style: {stroke: api.value(2) < api.value(1) ? t.down : t.tuned, lineWidth: 3, opacity: .55}};
  }}),
  interval: (s, t) => ({...s, silent: true, encode: {x: [1, 2], y: 0}, z: 2, renderItem: (p, api) => {
    const [x1, y] = api.coord([api.value(1), api.value(0)]), [x2] = api.coord([api.value(2), api.value(0)]);
    const line = (a, b, c, d) => ({type: "line", shape: {x1: a, y1: b, x2: c, y2: d}, style: {stroke: t["ink-3"], lineWidth: 1.5}});
    return {type: "group", children: [line(x1, y, x2, y), line(x1, y - 5, x1, y + 5), line(x2, y - 5, x2, y + 5)]};
  }}),
  // A filled marker: the interval leaves zero out.
  difference: (s, t, spec) => ({...s, symbolSize: 11, z: 4, emphasis: {disabled: true}, data: s.data.map((d, i) => ({...d,
    itemStyle: {color: sure(spec, i) ? sign(d.value[0], t) : t.paper, borderColor: sign(d.value[0], t), borderWidth: 2.5, opacity: 1}}))}),
  kept: (s, t, c) => bar(s, t.kept, t, c), gained: (s, t, c) => bar(s, t.up, t, c), lost: (s, t, c) => bar(s, t.down, t, c), wrong: (s, t, c) => bar(s, t.wrong, t, c),
  win: (s, t, c) => bar(s, t.up, t, c), tie: (s, t, c) => bar(s, t.kept, t, c), flip: (s, t, c) => bar(s, t.warn, t, c), loss: (s, t, c) => bar(s, t.down, t, c), error: (s, t, c) => bar(s, t.wrong, t, c),
  score: (s, t, spec) => ({...s, symbolSize: 12, z: 4, emphasis: {disabled: true}, data: s.data.map((d, i) => {
    const color = spec.kind === "score" ? sign(d.value[0] - spec.ref, t) : t.tuned;
    return {...d, itemStyle: {color: spec.kind === "bench" || sure(spec, i) ? color : t.paper, borderColor: color, borderWidth: 2.5, opacity: 1}};
  })}),
  reference: (s, t) => ({...s, symbol: "diamond", symbolSize: 13, itemStyle: {color: t.s1, borderColor: t.paper, borderWidth: 1, opacity: 1}, z: 3, emphasis: {disabled: true}}),
  elsewhere: (s, t) => ({...s, symbol: "diamond", symbolSize: 11, itemStyle: {color: t.paper, borderColor: t.base, borderWidth: 2, opacity: 1}, z: 3, emphasis: {disabled: true}}),
  clusters: (s, t) => ({...s, barWidth: 16, itemStyle: {color: t.tuned}, emphasis: {disabled: true}, label: {show: true, position: "right", fontSize: 11.5, color: t["ink-2"], formatter: (p) => count(p.value[0])}}),
};

// Charts of lines have numbers on both axes, the others a row for each label.
const lines = (spec) => spec.kind === "series" || spec.kind === "curve" || spec.kind === "bands";

const sign = (v, t) => (v < 0 ? t.down : v > 0 ? t.up : t.base);
function sure(spec, i) {
  const ivl = spec.option.series.find((s) => s.id === "interval")?.data[i]?.value;
  return !ivl || ivl[1] > (spec.ref || 0) || ivl[2] < (spec.ref || 0);
}

function bar(s, color, t, spec) {
  const wide = ($(spec.id).clientWidth - 120) / 100;
  return {...s, barWidth: 18, itemStyle: {color, borderColor: t.paper, borderWidth: 1}, emphasis: {disabled: true},
    label: {show: true, fontSize: 11, color: contrast(color), formatter: (p) => (p.value[0] * wide >= 11 + 7 * count(p.value[2]).length ? count(p.value[2]) : "")}};
}

function contrast(hex) {
  const n = parseInt(hex.slice(1), 16), f = (v) => { v /= 255; return v <= .04 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  return .2126 * f(n >> 16) + .7152 * f((n >> 8) & 255) + .0722 * f(n & 255) > .179 ? "#161513" : "#ffffff";
}

function lineStyle(s, t) {
  const band = /^(s\d)-band$/.exec(s.id);
  if (band) return {...s, silent: true, clip: true, z: 1, encode: {x: 0, y: [1, 2]}, renderItem: (p, api) => {
    if (p.dataIndexInside !== 0) return null; // the first point draws all of them
    const at = s.data.map((d) => d.value);
    return {type: "polygon", shape: {points: [...at.map((v) => api.coord([v[0], v[2]])), ...at.slice().reverse().map((v) => api.coord([v[0], v[1]]))]}, style: {fill: t[band[1]], opacity: .17}};
  }};
  const m = /^s(\d)(-raw|-dots)?$/.exec(s.id) || [0, "0", ""], i = Number(m[1]), color = t["s" + i];
  const faint = m[2] === "-raw", dots = m[2] === "-dots";
  return {...s, showSymbol: dots, symbol: dots ? symbols[i] : "circle", symbolSize: dots ? 8 : 5, connectNulls: true,
    lineStyle: {color, width: faint ? 1 : 2.2, opacity: faint ? .38 : 1, type: faint ? "solid" : dashes[i]},
    itemStyle: {color, opacity: faint ? .5 : 1}, z: faint ? 2 : 3, emphasis: {disabled: true}};
}

function axisLook(axis, t, lines) {
  return {...axis, axisLine: {show: false}, axisTick: {show: false}, splitLine: {show: lines, lineStyle: {color: t.line}},
    axisLabel: {...axis.axisLabel, color: t["ink-3"], fontSize: 12, fontFamily: t.font}};
}

function styled(spec) {
  const t = look(), o = structuredClone(spec.option), narrow = innerWidth < 640;
  const x = axisLook(o.xAxis[0], t, true), y = axisLook(o.yAxis[0], t, lines(spec));
  const grid = {left: 4, right: 18, top: 8, bottom: 4, containLabel: true};
  if (lines(spec)) {
    Object.assign(x.splitLine, {show: false});
    x.axisLine = {show: true, lineStyle: {color: t["line-strong"]}};
    if (spec.kind !== "curve") Object.assign(x, {minInterval: 1, max: "dataMax", min: "dataMin"});
    x.axisLabel = {...x.axisLabel, formatter: fine, hideOverlap: true, showMaxLabel: false};
    y.axisLabel = {...y.axisLabel, formatter: (v) => withUnit(v, spec.unit)};
    y.splitNumber = 4;
    if (spec.kind === "curve" && spec.unit === "%") y.interval = 25;
  } else {
    y.inverse = true;
    y.axisLabel = {...y.axisLabel, color: t.ink, fontSize: 13, interval: 0, width: narrow ? 84 : 150, overflow: "truncate"};
    x.axisLabel = {...x.axisLabel, formatter: spec.kind === "difference" ? (v) => (v > 0 ? "+" : "") + fine(v) : shares(spec) ? (v) => v + "%" : fine};
    if (spec.kind === "score") Object.assign(x, bounds(o, spec.ref));
    else if (shares(spec)) Object.assign(x, {min: 0, max: 100, interval: narrow ? 50 : 25});
    if (spec.kind === "counts") x.minInterval = 1;
    x.splitNumber = narrow ? 2 : 4;
  }
  const series = o.series.map((s) => (Object.hasOwn(styles, s.id) ? styles[s.id](s, t, spec) : lines(spec) ? lineStyle(s, t) : s));
  if (spec.kind === "difference" || spec.kind === "score") series.push(zeroLine(t, spec.ref || 0));
  return {animation: false, textStyle: {fontFamily: t.font}, grid, xAxis: x, yAxis: y, series,
    dataZoom: lines(spec) ? [{type: "inside", filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, moveOnMouseMove: true}] : undefined,
    tooltip: {trigger: "axis", confine: true, transitionDuration: 0, backgroundColor: "var(--raised)", borderColor: "var(--line-strong)", borderWidth: 1, padding: [8, 12],
      textStyle: {color: "var(--ink)", fontSize: 12.5, fontFamily: t.font},
      axisPointer: lines(spec) ? {type: "line", lineStyle: {color: t["ink-3"], type: "dashed"}, label: {show: false}} : {type: "shadow", axis: "y", shadowStyle: {color: t.line, opacity: .35}, label: {show: false}},
      formatter: (list) => tip(spec, Array.isArray(list) ? list : [list])}};
}

const shares = (spec) => spec.kind === "accuracy" || spec.kind === "outcome" || spec.kind === "score" || (spec.kind === "bench" && spec.unit === "%");

// bounds are tens around all intervals and the line of reference.
function bounds(o, ref) {
  const ends = o.series.find((s) => s.id === "interval").data.flatMap((d) => [d.value[1], d.value[2]]);
  const min = Math.max(Math.floor((Math.min(ref - 8, ...ends) - 1) / 10) * 10, 0), max = Math.min(Math.ceil((Math.max(ref + 8, ...ends) + 1) / 10) * 10, 100);
  return {min, max, interval: max - min > 60 && (max - min) % 20 === 0 ? 20 : 10};
}

function zeroLine(t, at) {
  return {type: "custom", id: "zero", silent: true, tooltip: {show: false}, data: [[at, 0]], z: 1, renderItem: (p, api) => {
    const [x] = api.coord([at, 0]), c = p.coordSys;
    return {type: "line", shape: {x1: x, y1: c.y, x2: x, y2: c.y + c.height}, style: {stroke: t["ink-3"], lineWidth: 1}};
  }};
}

// tip builds what hovering shows, as elements.
function tip(spec, list) {
  const box = el("div", {class: "tip"}), seen = list.filter((p) => p.seriesId !== "link" && p.seriesId !== "zero" && !p.seriesId.endsWith("-band"));
  const row = (k, v) => box.append(el("div", null, el("span", null, k), el("span", null, v)));
  if (seen.length === 0) return box;
  const at = seen[0].value, sized = (v) => (shares(spec) ? v.toFixed(1) + "%" : fine(v));
  box.append(el("b", null, lines(spec) ? (spec.x || "step") + " " + fine(at[0]) : spec.labels[seen[0].seriesId === "interval" ? at[0] : at[1]] ?? ""));
  for (const p of seen) {
    const v = p.value;
    if (lines(spec)) row(p.seriesName, withUnit(v[1], spec.unit) + (v[2] === undefined ? "" : ` (${withUnit(v[2], spec.unit)} to ${withUnit(v[3], spec.unit)})`));
    else if (spec.kind === "outcome") row(p.seriesName, count(v[2]) + " of " + count(v[3]));
    else if (p.seriesId === "interval") row("95% interval", spec.kind === "difference" ? signed(v[1]) + " to " + signed(v[2]) : sized(v[1]) + " to " + sized(v[2]));
    else if (spec.kind === "difference") row("change", signed(v[0]) + " points");
    else if (spec.kind === "counts") row(spec.unit, count(v[0]));
    else row(p.seriesId === "reference" || p.seriesId === "elsewhere" ? p.name || "published" : p.seriesName, sized(v[0]));
  }
  return box;
}

const signed = (v) => (v > 0 ? "+" : v < 0 ? "−" : "") + Math.abs(v).toFixed(1);

// drawNow needs the library; before, draw waits for it.
function drawNow(lib, spec) {
  const node = $(spec.id);
  if (!lines(spec)) {
    node.classList.add("bars");
    node.style.height = Number(node.dataset.rows) * (spec.kind === "outcome" ? 30 : 34) + 44 + "px";
  }
  let chart = drawn.get(spec.id);
  if (!chart) {
    chart = lib.init(node, null, {renderer: "canvas", devicePixelRatio: Math.max(2, devicePixelRatio || 1)});
    drawn.set(spec.id, chart);
  }
  chart.setOption(styled(spec), true);
}

async function draw(spec) {
  const node = $(spec.id);
  if (!node || drawn.has(spec.id)) return;
  try {
    drawNow(await loadCharts(), spec);
  } catch (err) {
    node.classList.add("missing");
    node.textContent = "No chart: " + err.message;
    const table = node.parentNode.querySelector("details");
    if (table) table.open = true;
  }
}

const redraw = () => chartData.filter((s) => drawn.has(s.id)).forEach((s) => drawNow(window.echarts, s));

// A sheet of paper is narrower than the screen, and white.
function drawForPaper() {
  if (!window.echarts) return;
  for (const s of chartData) {
    drawNow(window.echarts, s);
    const wide = $(s.id).closest(".chart").classList.contains("wide");
    drawn.get(s.id).resize({width: wide ? 720 : 340});
    drawn.get(s.id).getZr().flush(); // printing does not wait for the next frame
  }
}

function drawForScreen() {
  redraw();
  for (const c of drawn.values()) c.resize({width: "auto"});
}

// What can be seen is drawn first, the rest when the page has nothing to do.
function startCharts() {
  chartData = JSON.parse($("charts-data").textContent).filter((s) => $(s.id));
  const near = new IntersectionObserver((entries) => {
    for (const e of entries) {
      if (!e.isIntersecting) continue;
      near.unobserve(e.target);
      draw(chartData.find((s) => s.id === e.target.id));
    }
  }, {rootMargin: "400px"});
  let timer;
  const sized = new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => { for (const c of drawn.values()) c.resize(); }, 60);
  });
  for (const s of chartData) { near.observe($(s.id)); sized.observe($(s.id)); }
  const later = window.requestIdleCallback || ((f) => setTimeout(f, 300));
  const rest = chartData.slice();
  const one = () => {
    const s = rest.find((x) => !drawn.has(x.id));
    if (!s) return;
    rest.splice(0, rest.indexOf(s) + 1);
    draw(s).then(() => later(one));
  };
  later(one);
}

// pointsCSV is everything that a chart of series draws, a row for a step.
function pointsCSV(id) {
  const spec = chartData.find((s) => s.id === id);
  if (!spec || !lines(spec)) return null;
  const rows = new Map(), series = spec.option.series.filter((s) => s.type === "line");
  series.forEach((s, i) => s.data.forEach((d) => {
    const [x, y] = d.value;
    if (!rows.has(x)) rows.set(x, [x, ...series.map(() => "")]);
    rows.get(x)[i + 1] = y;
  }));
  return [[spec.x || "step", ...series.map((s) => s.name)], ...[...rows.values()].sort((a, b) => a[0] - b[0])];
}
