// Keys, and what they are.
const keyList = [["Shift + Enter", "run the cell, go to the next"], ["Ctrl + Enter", "run the cell, stay"], ["Alt + Enter", "run the cell, a new one below"],
  ["Ctrl + Shift + Enter", "run all"], ["Ctrl + .", "stop what runs"], ["Tab", "complete, or indent"], ["Ctrl + Space", "complete"], ["Ctrl + F", "search in the cell"],
  ["Esc", "leave the cell"], ["j k", "next and former cell"], ["a b", "a new cell above, below"], ["Enter", "edit the cell"]];

function helpDialog() {
  const d = $("help");
  d.replaceChildren(el("h2", {id: "help-t"}, "The notebook"),
    el("p", {}, "The cells are the script itself: what stands between two lines // %% is one. The file is saved as you type; outputs never go into it."),
    el("p", {}, "A line _ = x shows x here, and does nothing in cogumi run. The names below a cell show their values when you click them."),
    el("p", {}, "Stale: something above has changed since the cell ran, and it would now come out otherwise."),
    el("dl", {}, ...keyList.flatMap(([k, v]) => [el("dt", {}, ...k.split(" + ").flatMap((x, i) => [i ? " + " : "", el("kbd", {}, x)])), el("dd", {}, v)])),
    el("button", {type: "button", class: "quiet", onclick: () => d.close()}, "close"));
  d.showModal();
}

// chosen is the cell that keys outside of an editor are for.
let chosen = null;

function choose(id, focus) {
  const v = views.get(id);
  if (!v) return;
  for (const n of document.querySelectorAll(".cell.chosen")) n.classList.remove("chosen");
  chosen = id;
  v.node.classList.add("chosen");
  if (focus) v.view?.focus();
  else v.node.scrollIntoView({block: "nearest"});
}

addEventListener("keydown", (e) => {
  const command = e.ctrlKey || e.metaKey;
  if (command && e.shiftKey && e.key === "Enter") { e.preventDefault(); e.stopPropagation(); runAll(); return; }
  if (command && e.key === ".") { e.preventDefault(); stop(); return; }
  if (e.target.closest?.(".cm-editor, input, select, textarea, dialog, button, a, summary") || command || e.altKey) return;
  const cells = order.filter((id) => views.get(id)?.output), at = cells.indexOf(chosen);
  switch (e.key) {
  case "j": case "ArrowDown": e.preventDefault(); choose(cells[Math.min(cells.length - 1, at + 1)]); break;
  case "k": case "ArrowUp": e.preventDefault(); choose(cells[Math.max(0, at - 1)]); break;
  case "Enter": e.preventDefault(); if (e.shiftKey) views.get(chosen)?.run("next"); else choose(chosen ?? cells[0], true); break;
  case "b": if (chosen) { e.preventDefault(); addBelow(chosen); } break;
  case "a": if (chosen) { e.preventDefault(); addBelow(order[order.indexOf(chosen) - 1]); } break;
  case "?": helpDialog(); break;
  }
}, true);
