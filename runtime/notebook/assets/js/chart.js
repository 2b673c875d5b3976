// Curves of numbers: series of values, and what training reports while it runs.
const charts = new Set();
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

// smooth is a moving average that forgets over about width points.
function smooth(points, width) {
  let mean = null;
  const a = 2 / (width + 1);
  return points.map(([x, y]) => [x, (mean = mean === null ? y : mean + a * (y - mean))]);
}

function lineOption(list, unit) {
  const text = {color: token("ink-3"), fontSize: 11.5, fontFamily: getComputedStyle(document.body).fontFamily};
  const series = [];
  list.forEach(({name, points}, i) => {
    const color = token("s" + (i % 8)), long = unit === "step" && points.length > 60 && !/\blr$/.test(name);
    series.push({name, type: "line", data: points, showSymbol: points.length === 1, symbolSize: 6, sampling: "lttb", animation: false,
      lineStyle: {color, width: long ? 1 : 2, opacity: long ? .35 : 1}, itemStyle: {color}, emphasis: {disabled: true}});
    if (long) {
      series.push({name: name + " (smoothed)", type: "line", data: smooth(points, Math.max(8, points.length / 20)), showSymbol: false, animation: false,
        lineStyle: {color, width: 2}, itemStyle: {color}, emphasis: {disabled: true}});
    }
  });
  const axis = {axisLabel: {...text, hideOverlap: true, formatter: (v) => fine(v)}, splitLine: {lineStyle: {color: token("line")}}, axisLine: {show: false}, axisTick: {show: false}};
  return {animation: false, grid: {left: 8, right: 14, top: 14, bottom: 6, containLabel: true}, textStyle: text,
    xAxis: {...axis, type: "value", min: "dataMin", max: "dataMax", splitLine: {show: false}, name: "", minInterval: unit === "step" ? 1 : 0},
    yAxis: {...axis, type: "value", scale: true, splitNumber: 4},
    tooltip: {trigger: "axis", renderMode: "richText", confine: true, backgroundColor: token("raised"), borderColor: token("line-strong"), textStyle: {...text, color: token("ink"), fontSize: 12},
      axisPointer: {lineStyle: {color: token("line-strong")}}, formatter: (ps) => [unit + " " + fine(ps[0].value[0]), ...ps.map((p) => fine(p.value[1]) + "  " + p.seriesName)].join("\n")},
    series};
}

// plot is a chart whose points may grow.
class plot {
  constructor(caption, unit) {
    this.unit = unit;
    this.lines = new Map();
    this.box = el("div", {class: "plot"});
    this.last = el("span", {class: "last"});
    this.node = el("figure", {class: "chart", role: "img"}, el("figcaption", {}, el("span", {}, caption), this.last), this.box);
    this.node.setAttribute("aria-label", caption);
    charts.add(this);
  }
  set(name, points) {
    this.lines.set(name, points);
    this.later();
  }
  add(name, points) {
    const list = this.lines.get(name) || [];
    for (const p of points) {
      while (list.length && list.at(-1)[0] >= p[0]) list.pop();
      list.push(p);
    }
    if (list.length > 8000) list.splice(0, list.length, ...list.filter((_, i) => i % 2));
    this.set(name, list);
  }
  later() {
    if (this.waits) return;
    this.waits = true;
    setTimeout(() => requestAnimationFrame(() => { this.waits = false; this.draw(); }), 80);
  }
  draw() {
    if (!this.box.isConnected || !window.echarts) return;
    this.chart ??= echarts.init(this.box, null, {renderer: "canvas"});
    this.chart.setOption(lineOption([...this.lines].map(([name, points]) => ({name, points})), this.unit), {notMerge: true});
    const all = [...this.lines.values()];
    if (all[0]?.length) this.last.textContent = fine(all[0].at(-1)[1]);
  }
  close() {
    this.chart?.dispose();
    charts.delete(this);
  }
}

function redraw() {
  for (const c of charts) if (c.box.isConnected) { c.chart?.resize(); c.draw(); }
}
let resizing;
addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(redraw, 120); });

// measures groups what training reports: train/loss and eval/loss are one chart.
const titles = {loss: "Loss", lr: "Learning rate", grad_norm: "Gradient norm", tokens_per_second: "Tokens per second"};
class measures {
  constructor() {
    this.plots = new Map();
    this.node = el("div", {class: "charts"});
  }
  add(name, points) {
    const key = name.slice(name.indexOf("/") + 1);
    let p = this.plots.get(key);
    if (!p) {
      p = new plot(titles[key] || key.replaceAll("_", " "), "step");
      this.plots.set(key, p);
      this.node.append(p.node);
    }
    p.add(name, points);
  }
  close() {
    for (const p of this.plots.values()) p.close();
  }
}
