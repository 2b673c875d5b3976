// Small helpers. Text from the run reaches the page through el() and
// textContent only; nothing here or below writes HTML.
const $ = (id) => document.getElementById(id);

// el makes an element: attributes as an object, children as nodes or text.
function el(tag, attrs, ...children) {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs || {})) {
    if (v === undefined || v === null || v === false) continue;
    if (k.startsWith("on")) node.addEventListener(k.slice(2), v);
    else node.setAttribute(k, v === true ? "" : v);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

const whole = new Intl.NumberFormat("en");
const count = (n) => whole.format(n);
const plural = (n, one, many) => count(n) + "\u00a0" + (n === 1 ? one : many || one + "s");

function fine(v) {
  if (typeof v !== "number" || !isFinite(v)) return "";
  const a = Math.abs(v);
  if (a !== 0 && (a < 1e-4 || a >= 1e15)) return v.toExponential(2).replace("-", "−");
  if (Number.isInteger(v) || a >= 1000) return count(Math.round(v)).replace("-", "−");
  return String(Number(v.toPrecision(4))).replace("-", "−");
}

// withUnit knows the units whose numbers nobody reads as they are.
function withUnit(v, unit) {
  if (unit === "%") return fine(v) + "%";
  if (unit !== "B") return fine(v);
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  while (Math.abs(v) >= 1000 && i < 4) { v /= 1000; i++; }
  return Number(v.toPrecision(3)) + "\u00a0" + units[i];
}

function say(text) {
  $("live").textContent = text;
}

// Settings survive where the browser allows it; pages from disk may not store.
const memory = {};
function keep(key, value) {
  memory[key] = value;
  try { localStorage.setItem("cogumi." + key, value); } catch { /* private or from disk */ }
}
function kept(key) {
  try { return localStorage.getItem("cogumi." + key) ?? memory[key]; } catch { return memory[key]; }
}

// The hash holds either a section's name or the state of the sample browser.
function hashState() {
  const h = location.hash.slice(1);
  if (!h.includes("=")) return null;
  const p = new URLSearchParams(h);
  return {q: p.get("q") || "", sample: p.get("sample"), set: p.get("set")};
}
// Holding a key down moves fast, and browsers refuse addresses that change too
// often: the hash follows a moment later, and at once when it is needed.
let hashLater;
function setHash(state) {
  clearTimeout(hashLater?.timer);
  hashLater = {state, timer: setTimeout(flushHash, 200)};
}
function flushHash() {
  if (!hashLater) return;
  const p = new URLSearchParams(), {state, timer} = hashLater;
  clearTimeout(timer);
  hashLater = null;
  for (const k of ["set", "sample", "q"]) if (state[k]) p.set(k, state[k]);
  const hash = "#" + (String(p) || "samples");
  try { history.replaceState(null, "", hash); } catch { location.hash = hash; }
}
addEventListener("pagehide", flushHash);

function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  el("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
