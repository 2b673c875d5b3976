// Tables can be sorted and taken along as CSV.
function csvText(rows) {
  // A cell that a spreadsheet would run as a formula gets an apostrophe.
  const safe = (v) => (typeof v === "string" && /^[=+\-@\t\r]/.test(v) && !isFinite(Number(v)) ? "'" + v : String(v));
  const cell = (v) => { const s = safe(v); return /[",\n\r]/.test(s) ? '"' + s.replaceAll('"', '""') + '"' : s; };
  return rows.map((r) => r.map(cell).join(",")).join("\r\n") + "\r\n";
}

function tableRows(table) {
  const keep = [...table.tHead.rows[0].cells].map((c) => !c.classList.contains("draw"));
  const text = (c) => c.dataset.v ?? c.textContent.replace(/\s+/g, " ").trim();
  const head = [...table.tHead.rows[0].cells].map((c) => (c.querySelector(".sortable") || c).textContent.trim());
  return [head, ...[...table.tBodies[0].rows].map((r) => [...r.cells].map(text))].map((r) => r.filter((_, i) => keep[i] ?? true));
}

function offerCSV(table) {
  const button = el("button", {type: "button", class: "csv", "aria-label": "Download this table as CSV", onclick: () => {
    const plot = table.closest("figure")?.querySelector(".plot");
    const rows = (plot && pointsCSV(plot.id)) || tableRows(table);
    download((document.body.dataset.run || "run") + "-" + table.dataset.csv + ".csv", "text/csv;charset=utf-8", csvText(rows));
  }}, "CSV");
  table.caption.append(button);
}

function makeSortable(table) {
  const body = table.tBodies[0], first = [...body.rows], heads = [...table.tHead.rows[0].cells];
  heads.forEach((th, i) => {
    if (th.hasAttribute("data-nosort") || !th.textContent.trim()) return;
    const label = th.textContent;
    th.textContent = "";
    th.append(el("button", {type: "button", class: "sortable", onclick: () => {
      const now = th.getAttribute("aria-sort");
      const next = now === "ascending" ? "descending" : now === "descending" ? null : "ascending";
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      if (next) th.setAttribute("aria-sort", next);
      body.append(...(next ? sorted(first, i, next === "ascending" ? 1 : -1) : first));
    }}, label));
  });
}

function sorted(rows, i, way) {
  const value = (r) => { const c = r.cells[i]; return c ? c.dataset.v ?? c.textContent.trim() : ""; };
  const list = rows.map((r) => [value(r), r]);
  const numbers = list.every(([v]) => v === "" || isFinite(Number(v)));
  list.sort(([a], [b]) => {
    if (a === "" || b === "") return (a === "") - (b === ""); // empty cells stay last
    return way * (numbers ? Number(a) - Number(b) : a.localeCompare(b, "en", {numeric: true}));
  });
  return list.map(([, r]) => r);
}

function startTables() {
  for (const t of document.querySelectorAll("table[data-sort]")) makeSortable(t);
  for (const t of document.querySelectorAll("table[data-csv]")) offerCSV(t);
}
