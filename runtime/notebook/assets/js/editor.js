// The editor of a cell: Go with completion and documentation from the session.
const E = Editor;
const remote = E.Annotation.define(); // a change that did not come from the keyboard

const colours = E.HighlightStyle.define([
  {tag: [E.tags.keyword, E.tags.controlKeyword, E.tags.definitionKeyword, E.tags.modifier], color: "var(--c-word)"},
  {tag: [E.tags.string, E.tags.character, E.tags.special(E.tags.string)], color: "var(--c-text)"},
  {tag: [E.tags.number, E.tags.bool, E.tags.null, E.tags.atom], color: "var(--c-number)"},
  {tag: [E.tags.comment, E.tags.lineComment, E.tags.blockComment], color: "var(--ink-3)", fontStyle: "italic"},
  {tag: [E.tags.typeName, E.tags.namespace], color: "var(--c-type)"},
  {tag: [E.tags.function(E.tags.variableName), E.tags.function(E.tags.propertyName), E.tags.function(E.tags.definition(E.tags.variableName))], color: "var(--c-func)"},
]);

const bytes = new TextEncoder();
const toBytes = (text) => bytes.encode(text).length;
const fromBytes = (text, n) => new TextDecoder().decode(bytes.encode(text).slice(0, n)).length;

const kinds = {func: "function", method: "method", field: "property", var: "variable", const: "constant", type: "type", package: "namespace", file: "text"};

async function completions(context) {
  const before = context.matchBefore(/[\w.)\]"'/-]+$/);
  if (!before && !context.explicit) return null;
  if (!context.explicit && !/[\w.]$/.test(before.text)) return null;
  const text = context.state.doc.toString();
  let a;
  try { a = await ask("complete", {text, at: toBytes(text.slice(0, context.pos))}); } catch { return null; }
  if (context.aborted || !a.candidates?.length) return null;
  const from = fromBytes(text, a.from || 0);
  const chain = text.slice(0, from).match(/([\w.]+\.)$/)?.[1] || "";
  return {from, validFor: /^\w*$/, options: a.candidates.map((c) => ({label: c.text, type: kinds[c.kind] || "variable", detail: c.type,
    info: c.kind === "file" ? undefined : () => docNode(chain + c.text)}))};
}

async function docNode(name) {
  try {
    const a = await ask("doc", {text: name});
    if (a.error || !a.text) return null;
    const [head, ...rest] = a.text.split("\n\n");
    return el("div", {class: "doc"}, el("pre", {}, head), rest.length ? el("div", {class: "words"}, ...rest.join("\n\n").split(/\n{2,}/).map((p) => (/^[\t ]/.test(p) ? el("pre", {}, p) : el("p", {}, p)))) : null);
  } catch { return null; }
}

// nameAt is the chain of names around a place: train.QLoRA.
function nameAt(state, pos) {
  const line = state.doc.lineAt(pos), at = pos - line.from;
  let from = at, to = at;
  while (from > 0 && /[\w.]/.test(line.text[from - 1])) from--;
  while (to < line.text.length && /\w/.test(line.text[to])) to++;
  const name = line.text.slice(from, to).replace(/^\.+/, "");
  return /^[A-Za-z_][\w.]*$/.test(name) ? {name, from: line.from + from, to: line.from + to} : null;
}

const words = new Set("break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var".split(" "));

const explain = E.hoverTooltip(async (view, pos) => {
  const at = nameAt(view.state, pos);
  if (!at || words.has(at.name)) return null;
  const node = await docNode(at.name);
  return node && {pos: at.from, end: at.to, above: true, create: () => ({dom: node})};
}, {hoverTime: 450});

// A new line is as deep as the one before it, or deeper behind an open bracket.
const depth = E.indentService.of((context, pos) => {
  const line = context.lineAt(pos), doc = context.state.doc;
  let n = doc.lineAt(pos).number - (context.simulatedBreak === pos ? 0 : 1);
  while (n > 1 && !doc.line(n).text.trim()) n--;
  if (n < 1) return null;
  const former = context.simulatedBreak === pos && n === doc.lineAt(pos).number ? doc.line(n).text.slice(0, pos - doc.line(n).from) : doc.line(n).text;
  const tabs = former.match(/^\t*/)[0].length + (/[{([]\s*(\/\/.*)?$/.test(former) || /^\s*(case\b.*|default):\s*$/.test(former) ? 1 : 0) - (/^\s*[})\]]/.test(line.text) ? 1 : 0);
  return 4 * Math.max(0, tabs);
});

// main's body is indented in the file; its cells show the first tab without width.
const tabless = new E.MatchDecorator({regexp: /^\t/g, decoration: E.Decoration.mark({class: "cm-first-tab"})});
const flush = E.ViewPlugin.fromClass(class {
  constructor(view) { this.decorations = tabless.createDeco(view); }
  update(u) { this.decorations = tabless.updateDeco(u, this.decorations); }
}, {decorations: (v) => v.decorations});

// makeEditor is an editor of a text; on has change, and what keys do.
function makeEditor(parent, text, on) {
  const numbers = new E.Compartment(), numbered = () => E.lineNumbers({formatNumber: (n) => String(n + on.line() - 1)});
  const view = new E.EditorView({parent, state: E.EditorState.create({doc: text, extensions: [
    E.EditorView.cspNonce.of(document.body.dataset.nonce),
    E.Prec.highest(E.keymap.of([
      {key: "Shift-Enter", run: () => on.run("next")}, {key: "Mod-Enter", run: () => on.run("stay")},
      {key: "Alt-Enter", run: () => on.run("new")},
      {key: "Escape", run: (v) => { if (v.dom.querySelector(".cm-tooltip-autocomplete, .cm-search")) return false; on.leave(); return true; }},
      {key: "ArrowUp", run: (v) => v.state.selection.main.empty && v.state.doc.lineAt(v.state.selection.main.head).number === 1 && !v.dom.querySelector(".cm-tooltip-autocomplete") && on.step(-1)},
      {key: "ArrowDown", run: (v) => v.state.selection.main.empty && v.state.doc.lineAt(v.state.selection.main.head).number === v.state.doc.lines && !v.dom.querySelector(".cm-tooltip-autocomplete") && on.step(1)},
    ])),
    E.highlightSpecialChars(), E.history(), E.drawSelection(), E.indentOnInput(), E.bracketMatching(), E.closeBrackets(), E.search({top: true}), E.highlightSelectionMatches(),
    E.EditorState.tabSize.of(4), E.indentUnit.of("\t"), depth, on.inner ? flush : [], E.go(), E.syntaxHighlighting(colours),
    E.autocompletion({override: [completions], icons: false, activateOnTypingDelay: 60}), explain,
    numbers.of(numbered()),
    E.keymap.of([{key: "Tab", run: E.acceptCompletion}, ...E.closeBracketsKeymap, ...E.defaultKeymap, ...E.searchKeymap, ...E.historyKeymap, ...E.completionKeymap, E.indentWithTab]),
    E.EditorView.contentAttributes.of({"aria-label": on.label, spellcheck: "false", autocorrect: "off", tabindex: "0"}),
    E.EditorView.updateListener.of((u) => { if (u.docChanged && !u.transactions.some((t) => t.annotation(remote))) on.change(u.state.doc.toString()); if (u.focusChanged) on.focus(u.view.hasFocus); }),
  ]})});
  view.renumber = () => view.dispatch({effects: numbers.reconfigure(numbered())});
  return view;
}

// setText gives an editor another text, with as small a change as can be: cursor
// and history stay.
function setText(view, text) {
  const old = view.state.doc.toString();
  if (old === text) return;
  let from = 0, a = old.length, b = text.length;
  while (from < a && from < b && old[from] === text[from]) from++;
  while (a > from && b > from && old[a - 1] === text[b - 1]) { a--; b--; }
  view.dispatch({changes: {from, to: a, insert: text.slice(from, b)}, annotations: remote.of(true)});
}

// mark underlines what is wrong. list has line, column (in bytes), message, hint.
function mark(view, list) {
  const doc = view.state.doc;
  view.dispatch(E.setDiagnostics(view.state, list.filter((d) => d.Line >= 1 && d.Line <= doc.lines).map((d) => {
    const line = doc.line(d.Line);
    const from = Math.min(line.to, line.from + (d.Column > 0 ? fromBytes(line.text, d.Column - 1) : 0));
    const rest = line.text.slice(from - line.from).match(/^[\w.]+/);
    const to = Math.min(line.to, Math.max(from + (rest ? rest[0].length : 1), from));
    return {from, to, severity: d.severity, message: d.Message + (d.Hint ? "\n" + d.Hint : "")};
  })));
}
