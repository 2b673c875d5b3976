// The rest of the page: theme, times, sections, keys.
function copy(text, button) {
  const label = button.textContent, done = (t) => { button.textContent = t; say(t); setTimeout(() => { button.textContent = label; }, 1500); };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => done("Copied"), () => done("Not allowed"));
  else done("Not allowed");
}

function startTheme() {
  const root = document.documentElement, button = $("theme"), names = {system: "as the system", dark: "dark", light: "light"};
  const show = (mode) => {
    if (mode === "system") root.removeAttribute("data-theme"); else root.dataset.theme = mode;
    button.setAttribute("aria-label", "Colours: " + names[mode]);
    button.title = "Colours: " + names[mode];
    redraw();
  };
  let mode = Object.hasOwn(names, kept("theme") || "") ? kept("theme") : "system";
  show(mode);
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches, order = dark ? ["system", "light", "dark"] : ["system", "dark", "light"];
    mode = order[(order.indexOf(mode) + 1) % 3];
    keep("theme", mode);
    show(mode);
    say("Colours: " + names[mode]);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", () => { root.dataset.theme = "light"; drawForPaper(); });
  addEventListener("afterprint", () => { show(mode); drawForScreen(); });
}

function startTimes() {
  const f = new Intl.DateTimeFormat("en-GB", {day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short"});
  for (const t of document.querySelectorAll("time[datetime]")) {
    const d = new Date(t.dateTime);
    if (isNaN(d)) continue;
    t.title = t.textContent;
    t.textContent = f.format(d);
  }
}

function startSections() {
  const rail = document.querySelector(".rail");
  const links = new Map([...document.querySelectorAll(".rail a")].map((a) => [a.hash.slice(1), a]));
  const seen = () => {
    let now = "summary";
    for (const id of links.keys()) {
      const s = $(id);
      if (s && s.getBoundingClientRect().top < innerHeight * .35) now = id;
    }
    for (const [id, a] of links) {
      if (id !== now) { a.removeAttribute("aria-current"); continue; }
      a.setAttribute("aria-current", "true");
      if (rail.scrollWidth > rail.clientWidth) rail.scrollLeft = a.offsetLeft - rail.clientWidth / 3;
    }
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; seen(); });
  }, {passive: true});
  seen();
}

function helpDialog() {
  const d = $("help"), keys = [["/", "search the samples"], ["j", "next sample"], ["k", "previous sample"], ["Esc", "clear the search"], ["t", "change colours"], ["?", "this list"]];
  const terms = [["tag:regressed", "samples with this tag"], ["family:count category:math", "of a family, of a category"], ["verdict:wrong model:tuned", "wrong answers of one model"],
    ["base:right tuned:wrong", "verdicts by model"], ["win:b win:tuned win:flip", "who won; a and b are the first and the second answer"], ["len>50 tokens<=8", "size of an answer"], ["\"two words\" -poem", "text, and what not"]];
  const list = (rows, tag) => el("dl", null, ...rows.flatMap(([k, v]) => [el("dt", null, el(tag, null, k)), el("dd", null, v)]));
  d.append(el("h2", {id: "help-t"}, "Keys and filters"), list(keys, "kbd"), el("h3", null, "Filters of the samples"), list(terms, "code"),
    el("button", {type: "button", class: "quiet", onclick: () => d.close()}, "Close"));
  d.addEventListener("click", (e) => { if (e.target === d) d.close(); });
  $("keys").hidden = false;
  $("keys").addEventListener("click", () => d.showModal());
  return d;
}

function startKeys() {
  const dialog = helpDialog();
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || dialog.open || /^(input|select|textarea)$/i.test(e.target.tagName || "")) return;
    const step = (by) => { move(by); $("samples").scrollIntoView({block: "nearest"}); };
    const act = {"?": () => dialog.showModal(), t: () => $("theme").click()};
    if (browse.input) Object.assign(act, {"/": () => { $("samples").scrollIntoView(); browse.input.focus({preventScroll: true}); }, j: () => step(1), k: () => step(-1)});
    if (!Object.hasOwn(act, e.key)) return;
    act[e.key]();
    e.preventDefault();
  });
}

// startFollowing loads a growing report again, unless somebody is in the middle
// of something: typing, marking text, a dialog. Open parts stay open.
function startFollowing() {
  const every = Number(document.body.dataset.refresh), parts = [...document.querySelectorAll("details")];
  const store = (v) => { try { sessionStorage.setItem("cogumi.open", v); } catch { /* not kept */ } };
  try {
    for (const i of JSON.parse(sessionStorage.getItem("cogumi.open") || "[]")) if (parts[i]) parts[i].open = true;
    sessionStorage.removeItem("cogumi.open");
  } catch { /* nothing kept */ }
  if (!every) return;
  let busy = 0;
  for (const what of ["keydown", "pointerdown", "input"]) addEventListener(what, () => { busy = Date.now(); }, {passive: true});
  setInterval(() => {
    const typing = /^(input|select)$/i.test(document.activeElement?.tagName || "");
    if (document.hidden || $("help").open || String(getSelection()) || Date.now() - busy < (typing ? 60000 : 4000)) return;
    flushHash();
    store(JSON.stringify(parts.flatMap((d, i) => (d.open ? [i] : []))));
    location.reload();
  }, every * 1000);
}

// One part that fails must not take the others along.
function start(part) {
  try {
    const p = part();
    if (p && p.catch) p.catch((err) => console.error(err));
  } catch (err) {
    console.error(err);
  }
}

for (const part of [startTheme, startTimes, startCharts, startTables, startSections, startKeys, startSamples, startFollowing]) start(part);
for (const b of document.querySelectorAll(".command .copy")) {
  b.hidden = false;
  b.addEventListener("click", () => copy(b.parentNode.querySelector("code").textContent, b));
}
