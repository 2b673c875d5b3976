// Nothing here or below writes HTML: text of the script, of models and of files
// reaches the page through el() and textContent. The policy takes the empty text
// only, with which charts clear their element.
if (window.trustedTypes) trustedTypes.createPolicy("default", {createHTML: (s) => (s === "" ? s : null)});

const $ = (id) => document.getElementById(id);

// el makes an element: attributes as an object, children as nodes or text.
function el(tag, attrs, ...children) {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs || {})) {
    if (v === undefined || v === null || v === false) continue;
    if (k.startsWith("on")) node.addEventListener(k.slice(2), v);
    else node.setAttribute(k, v === true ? "" : v);
  }
  node.append(...children.filter(there));
  return node;
}

const there = (c) => c !== null && c !== undefined && c !== "";

// fill gives an element other children.
function fill(node, ...children) {
  node.replaceChildren(...children.filter(there));
}

function svg(path, box = "0 0 16 16") {
  const s = document.createElementNS("http://www.w3.org/2000/svg", "svg"), p = document.createElementNS("http://www.w3.org/2000/svg", "path");
  s.setAttribute("viewBox", box);
  s.setAttribute("aria-hidden", "true");
  p.setAttribute("d", path);
  s.append(p);
  return s;
}

const whole = new Intl.NumberFormat("en");
const count = (n) => whole.format(n);
const plural = (n, one, many) => count(n) + "\u00a0" + (n === 1 ? one : many || one + "s");

function fine(v) {
  if (typeof v !== "number" || !isFinite(v)) return String(v ?? "");
  const a = Math.abs(v);
  if (a !== 0 && (a < 1e-4 || a >= 1e15)) return v.toExponential(2).replace("-", "−");
  if (Number.isInteger(v) || a >= 1000) return count(Math.round(v)).replace("-", "−");
  return String(Number(v.toPrecision(4))).replace("-", "−");
}

function took(s) {
  if (!s) return "";
  if (s < 1e-3) return Math.max(1, Math.round(s * 1e6)) + "\u00a0µs";
  if (s < 1) return Math.round(s * 1e3) + "\u00a0ms";
  if (s < 120) return s.toPrecision(3) + "\u00a0s";
  return Math.floor(s / 60) + "\u00a0min " + Math.round(s % 60) + "\u00a0s";
}

function say(text) {
  $("say").textContent = text;
}

function keep(key, value) {
  try { localStorage.setItem("cogumi.notebook." + key, value); } catch { /* not allowed here */ }
}
function kept(key) {
  try { return localStorage.getItem("cogumi.notebook." + key); } catch { return null; }
}

// ask sends a request that changes or answers something.
async function ask(what, body) {
  let r;
  try {
    r = await fetch("/api/" + what, {method: "POST", headers: {"Content-Type": "application/json", "X-Cogumi-Notebook": "1"}, body: JSON.stringify(body || {})});
  } catch {
    throw Object.assign(new Error("the notebook does not answer: is cogumi notebook still running?"), {gone: true});
  }
  const text = await r.text();
  let v = null;
  try { v = JSON.parse(text); } catch { /* not from the notebook itself */ }
  if (!r.ok) throw Object.assign(new Error(v?.error || text.trim() || "the notebook refused it"), {status: r.status});
  return v;
}

// tell shows what went wrong with a request.
function tell(error) {
  banner(error.message, "error");
}

let bannerTimer;
function banner(text, kind, stays) {
  clearTimeout(bannerTimer);
  const b = $("banner");
  b.className = "banner " + (kind || "");
  b.replaceChildren(el("span", {}, text), el("button", {type: "button", class: "quiet", "aria-label": "Close", onclick: () => { b.hidden = true; }}, "×"));
  b.hidden = false;
  if (!stays) bannerTimer = setTimeout(() => { b.hidden = true; }, 9000);
}
