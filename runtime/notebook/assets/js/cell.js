// A part of the script on the page: a cell with its editor and outputs, the head,
// or one of the lines that frame main.
const saveAfter = 450;

// frameOf parts a cell's text: the mark with its title, and empty lines around,
// are not in the editor.
function frameOf(text, kind) {
  if (kind === "head") return {lead: "", core: text.replace(/\n+$/, ""), tail: text.match(/\n*$/)[0]};
  const lead = text.match(/^(?:[ \t]*\/\/ %%[^\n]*(?:\n|$))?(?:[ \t]*\n)*/)[0], rest = text.slice(lead.length);
  const tail = rest.match(/(?:\n[ \t]*)*$/)[0];
  return {lead, core: rest.slice(0, rest.length - tail.length), tail: tail || "\n"};
}

class cellView {
  constructor(c) {
    this.id = c.id;
    this.outs = [];
    this.data = c;
    this.node = el("section", {class: "cell " + c.kind, "data-id": c.id});
    if (c.kind === "frame") return void this.frame(c);
    if (c.kind === "head") return void this.head(c);
    this.body();
    this.open(c);
  }

  frame(c) {
    const text = c.text.trim();
    this.node.append(el("span", {class: "frame-line"}), el("code", {}, text.startsWith("func") ? "func main" : "end of main"), el("span", {class: "frame-line"}), this.between());
  }

  head(c) {
    const about = el("div", {class: "about"}), box = el("details", {class: "header"}, el("summary", {}, "header"));
    this.about = about;
    this.place = el("div", {class: "code"});
    box.append(this.place);
    this.box = box;
    box.addEventListener("toggle", () => { if (box.open && !this.view) this.open(this.data); });
    this.node.append(about, box, this.between());
    this.sayHead(c);
  }

  sayHead(c) {
    const purpose = c.text.match(/^\/\/ PURPOSE:\s*(.*(?:\n\/\/[ \t]{2,}.*)*)/m);
    fill(this.about, el("h1", {}, $("file").textContent.replace(/\.go$/, "").replaceAll("_", " ")), purpose ? el("p", {class: "purpose"}, purpose[1].replace(/\n\/\/\s*/g, " ")) : null);
  }

  body() {
    const b = (label, path, act, cls) => el("button", {type: "button", class: "icon " + (cls || ""), title: label, "aria-label": label, onclick: act}, svg(path));
    this.play = b("Run this cell (Shift+Enter)", "M4 2.500v11l9-5.500z", () => this.run("stay"), "play");
    this.place = el("div", {class: "code"});
    this.heading = el("input", {class: "title", placeholder: "title", "aria-label": "Title of the cell", spellcheck: "false", onkeydown: (e) => { if (e.key === "Enter") { e.preventDefault(); this.view.focus(); } }, oninput: () => this.named()});
    this.menu = el("div", {class: "menu", role: "group", "aria-label": "This cell"},
      b("Run all above", "M3 13V3h1.500v10zM6 8l7 5V3z", () => act("run", {mode: "above", id: this.id})),
      b("Run this and all below", "M3 3v10l5-5zM9 3v10l5-5z", () => this.flush().then(() => act("run", {mode: "below", id: this.id}))),
      b("Move up", "M8 3.500l4.500 4.500-1 1L8.700 6.200V13H7.300V6.200L4.500 9l-1-1z", () => this.flush().then(() => act("move", {id: this.id, by: -1}))),
      b("Move down", "M8 12.500l-4.500-4.500 1-1 2.800 2.800V3h1.400v6.800L11.500 7l1 1z", () => this.flush().then(() => act("move", {id: this.id, by: 1}))),
      b("Delete", "M6 2h4l.5 1.500H13V5H3V3.500h2.500zM4 6h8l-.6 8H4.600z", () => this.remove()));
    this.state = el("div", {class: "foot"});
    this.problems = el("div", {class: "problems"});
    this.output = el("div", {class: "outputs"});
    this.node.append(el("div", {class: "gutter"}, this.play), el("div", {class: "box"}, this.heading, this.menu, this.place, this.problems, this.output, this.state), this.between());
  }

  between() {
    return el("div", {class: "between"}, el("button", {type: "button", class: "plus", title: "A new cell here", "aria-label": "A new cell below", onclick: () => addBelow(this.id)}, "+ cell"));
  }

  // wrap is the cell's whole text around what the editor holds.
  wrap(core) {
    return this.around.lead + core + this.around.tail;
  }

  // take shows another text.
  take(text) {
    this.around = frameOf(text, this.data.kind);
    setText(this.view, this.around.core);
    this.clean = text;
    this.dirty = false;
    if (this.heading && document.activeElement !== this.heading) this.heading.value = this.data.title || "";
  }

  get whole() { return this.wrap(this.view.state.doc.toString()); }

  // first is the file's line of the editor's first one.
  first() { return this.data.line + this.around.lead.split("\n").length - 1; }

  open(c) {
    this.around = frameOf(c.shown, c.kind);
    this.view = makeEditor(this.place, this.around.core, {
      line: () => this.first(), label: c.title || "cell", inner: c.kind === "steps",
      change: () => this.typed(),
      run: (then) => { this.run(then); return true; },
      leave: () => { this.view.contentDOM.blur(); this.node.focus?.(); },
      step: (by) => step(this.id, by),
      focus: (on) => { this.node.classList.toggle("focus", on); if (!on) this.save(); },
    });
    this.clean = c.shown;
  }

  // named gives the cell a title, which stands in its mark.
  named() {
    const text = this.heading.value.replace(/[\r\n]/g, " ").trim(), lead = this.around.lead;
    const mark = (this.data.kind === "steps" ? "\t" : "") + "// %%" + (text ? " " + text : "") + "\n";
    this.around.lead = /\/\/ %%/.test(lead) ? lead.replace(/^[ \t]*\/\/ %%[^\n]*\n?/, mark) : mark + lead;
    this.typed();
  }

  // typed waits a moment, then saves: one request at a time.
  typed() {
    this.dirty = this.whole !== this.clean;
    savedState();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), saveAfter);
  }

  save() {
    clearTimeout(this.timer);
    if (!this.view || !this.dirty || this.conflict) return this.saving || Promise.resolve();
    if (this.saving) return this.saving.then(() => this.save());
    const text = this.whole;
    this.sent = text;
    this.saving = ask("edit", {id: this.id, rev: this.data.rev, text}).then((r) => {
      this.data.rev = Math.max(this.data.rev, r.rev);
      this.clean = text;
      this.dirty = this.whole !== text;
    }, (e) => {
      if (e.status === 409) this.conflicts();
      else tell(e);
    }).finally(() => { this.saving = null; this.sent = null; savedState(); if (this.dirty && !this.conflict) this.timer = setTimeout(() => this.save(), saveAfter); });
    savedState();
    return this.saving;
  }

  flush() { return this.dirty ? Promise.resolve(this.save()) : Promise.resolve(this.saving); }

  // conflicts: the file and the page changed the same cell; a person chooses.
  conflicts() {
    if (this.conflict) return;
    this.conflict = true;
    const choose = (mine) => {
      bar.remove();
      this.conflict = false;
      if (mine) { this.dirty = true; this.save(); } else { this.take(this.data.shown); savedState(); }
    };
    const bar = el("div", {class: "conflict"}, el("span", {}, "This cell was changed in the file, too."),
      el("button", {type: "button", class: "quiet", onclick: () => choose(true)}, "keep mine"), el("button", {type: "button", class: "quiet", onclick: () => choose(false)}, "take the file's"));
    this.place.before(bar);
  }

  run(then) {
    this.flush().then(() => act("run", {mode: "cell", id: this.id}));
    if (then === "next") afterRun(this.id);
    if (then === "new") addBelow(this.id);
  }

  remove() {
    const text = this.view.state.doc.toString();
    if (text.replace(/\/\/.*/g, "").trim() && !confirm("Delete this cell? Its lines go from the file.")) return;
    act("remove", {id: this.id});
  }

  // update takes over what the notebook says of the cell.
  update(c) {
    const former = this.data;
    this.data = c;
    if (c.kind === "frame") return;
    if (c.kind === "head") this.sayHead(c);
    if (this.view && c.rev !== former.rev) {
      const text = this.whole;
      if (c.shown === text) { this.clean = text; this.dirty = false; }
      else if (this.dirty && c.shown === this.sent) this.clean = c.shown;
      else if (this.dirty && !this.saving) this.conflicts();
      else if (!this.dirty || c.shown !== this.sent) {
        const split = this.view.hasFocus && c.shown.length < text.length && text.startsWith(c.shown.trimEnd()) && this.around.lead.length + this.view.state.selection.main.head >= c.shown.length;
        this.take(c.shown);
        if (split) goOn(this.id); // the cell became two, and the cursor was in the second
      }
    }
    if (this.view && this.first() !== this.numbered) {
      this.numbered = this.first();
      this.view.renumber();
    }
    if (c.kind !== "head") this.show(c);
    if (this.view && !this.dirty) this.marks(c);
  }

  marks(c) {
    const list = c.problems?.map((d) => ({...d, severity: "error"})) || [];
    const lints = (c.lint || []).filter((l) => !list.some((d) => d.Line === l.Line)).map((d) => ({...d, severity: "warning"}));
    const key = JSON.stringify([list, lints, this.around.lead.length]);
    if (key === this.marked) return;
    this.marked = key;
    const shift = this.around.lead.split("\n").length - 1;
    mark(this.view, [...list, ...lints].filter((d) => d.Line > 0).map((d) => ({...d, Line: Math.max(1, d.Line - shift)})));
  }

  show(c) {
    const classes = {running: c.status === "running", queued: c.status === "queued", failed: c.status === "failed", stale: !!c.stale, ran: c.status === "done" && !c.stale};
    for (const [k, on] of Object.entries(classes)) this.node.classList.toggle(k, on);
    if (document.activeElement !== this.heading) this.heading.value = c.title || "";
    this.heading.classList.toggle("empty", !c.title);
    const facts = [];
    if (c.status === "running") facts.push(el("span", {class: "badge running"}, "running"));
    if (c.status === "queued") facts.push(el("span", {class: "badge"}, "waits"));
    if (c.status === "interrupted") facts.push(el("span", {class: "badge warn"}, "interrupted"));
    if (c.stale) facts.push(el("button", {type: "button", class: "badge stale", title: "Run it again", onclick: () => this.run("stay")}, "stale", el("span", {class: "why"}, c.stale)));
    if (c.refused) facts.push(el("span", {class: "badge warn"}, c.refused));
    if (c.status === "done" && c.seconds) facts.push(el("span", {class: "time"}, took(c.seconds)));
    for (const n of c.notes || []) facts.push(el("span", {class: "say"}, n));
    for (const n of (c.names || []).filter((n) => n !== "_")) facts.push(el("button", {type: "button", class: "name", title: "Show " + n, onclick: () => act("show", {id: this.id, text: n})}, n));
    this.state.replaceChildren(...facts);
    const wrong = (c.problems || []).map((d) => this.problem(d, "problem"));
    const lint = (c.lint || []).filter((l) => !(c.problems || []).some((d) => d.Line === l.Line)).map((d) => this.problem(d, "lint"));
    this.problems.replaceChildren(...wrong, ...(this.node.classList.contains("focus") && this.dirty ? [] : lint));
  }

  problem(d, kind) {
    const at = d.Line > 0 ? el("button", {type: "button", class: "at", onclick: () => this.go(d)}, "line " + (this.data.line + d.Line - 1)) : d.File ? el("span", {class: "at"}, d.File) : null;
    return el("div", {class: kind}, el("p", {class: "message"}, at, at ? " " : null, (d.Kind === "panic" ? "panic: " : "") + d.Message.trim()), d.Hint ? el("p", {class: "hint"}, d.Hint) : null);
  }

  go(d) {
    const at = d.Line - (this.around.lead.split("\n").length - 1);
    const line = this.view.state.doc.line(Math.max(1, Math.min(at, this.view.state.doc.lines)));
    this.view.dispatch({selection: {anchor: Math.min(line.to, line.from + (d.Column > 0 ? fromBytes(line.text, d.Column - 1) : 0))}, scrollIntoView: true});
    this.view.focus();
  }

  clear() {
    for (const o of this.outs) o.close?.();
    this.outs = [];
    this.output.replaceChildren();
  }

  put(at, o) {
    if (!this.output) return;
    const old = this.outs[at];
    if (old?.set && o.kind === "progress") return old.set(o);
    const made = outputOf(o);
    if (old) { old.close?.(); old.node.replaceWith(made.node); } else this.output.append(made.node);
    this.outs[at] = made;
  }

  close() {
    clearTimeout(this.timer);
    if (this.output) this.clear();
    this.view?.destroy();
    this.node.remove();
  }
}
