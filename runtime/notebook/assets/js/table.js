// A table that can be sorted and filtered.
const mostRows = 200;

function grid({columns, rows, numeric, total, caption, first = 12}) {
  const state = {sort: -1, way: 1, q: "", all: false};
  const numbers = columns.map((_, i) => numeric?.[i] ?? (rows.length > 0 && rows.every((r) => r[i] === null || typeof r[i] === "number")));
  const body = el("tbody"), info = el("span", {class: "count"});
  const more = el("button", {type: "button", class: "quiet", onclick: () => { state.all = !state.all; arrange(); }});
  const heads = columns.map((name, i) => el("th", {scope: "col", class: numbers[i] ? "num" : null},
    el("button", {type: "button", class: "sortable", onclick: () => {
      if (state.sort !== i) [state.sort, state.way] = [i, 1];
      else if (state.way === 1) state.way = -1;
      else [state.sort, state.way] = [-1, 1];
      arrange();
    }}, name)));
  const value = (r, i) => {
    const v = r[i];
    if (!numbers[i] || v === null) return v;
    return typeof v === "number" ? v : parseFloat(v);
  };
  function arrange() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let list = rows.filter((r) => words.every((w) => r.some((c) => String(c ?? "").toLowerCase().includes(w))));
    if (state.sort >= 0) {
      const i = state.sort;
      list = [...list].sort((a, b) => {
        const x = value(a, i), y = value(b, i);
        if (x === null || y === null) return (x === null) - (y === null);
        return state.way * (numbers[i] ? x - y : String(x).localeCompare(String(y), "en", {numeric: true}));
      });
    }
    heads.forEach((h, i) => h.setAttribute("aria-sort", i !== state.sort ? "none" : state.way > 0 ? "ascending" : "descending"));
    const shown = list.slice(0, state.all ? mostRows : first);
    body.replaceChildren(...shown.map((r) => el("tr", {}, ...columns.map((_, i) => el("td", {class: numbers[i] ? "num" : null, title: String(r[i] ?? "").length > 80 ? String(r[i]) : null},
      numbers[i] && typeof r[i] === "number" ? fine(r[i]) : String(r[i] ?? ""))))));
    const of = total > rows.length ? " of the first " + count(rows.length) + " (" + count(total) + " in all)" : list.length < rows.length ? " of " + count(rows.length) : "";
    info.textContent = plural(list.length, "row") + of;
    info.hidden = rows.length < 6 && !of;
    more.hidden = list.length <= first;
    more.textContent = state.all ? "fewer" : "all " + count(Math.min(list.length, mostRows));
  }
  arrange();
  const filter = rows.length > 5 ? el("input", {type: "search", class: "filter", placeholder: "filter", "aria-label": "Filter the rows", oninput: (e) => { state.q = e.target.value; arrange(); }}) : null;
  return el("div", {class: "tabular"},
    el("div", {class: "over"}, el("span", {class: "what"}, caption || ""), filter),
    el("div", {class: "scroll", role: "region", tabindex: "0", "aria-label": caption || "table"}, el("table", {class: "grid"}, el("thead", {}, el("tr", {}, ...heads)), body)),
    el("div", {class: "under"}, info, more));
}
