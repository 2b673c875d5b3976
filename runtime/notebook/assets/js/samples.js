// Samples: a list of prompts, and the chosen one with its answers side by side.
function sampleBrowser(set) {
  const list = el("ul", {class: "list", "aria-label": set.title}), detail = el("div", {class: "detail"});
  const info = el("span", {class: "count"}, plural(set.count, "sample"));
  const box = el("div", {class: "browse"});
  let all = [];
  const tags = (s) => [s.family, s.category, ...(s.tags || []), s.winner].filter(Boolean);
  function show(s, button) {
    for (const b of list.querySelectorAll("[aria-current]")) b.removeAttribute("aria-current");
    button?.setAttribute("aria-current", "true");
    fill(detail,
      el("p", {class: "tags"}, ...tags(s).map((t) => el("span", {class: "tag " + t}, t))),
      el("pre", {class: "prompt"}, s.prompt),
      s.reference ? el("p", {class: "small"}, "reference: ", el("code", {}, s.reference)) : null,
      el("div", {class: "sides"}, ...(s.answers || []).map((a) => el("section", {}, el("h4", {}, a.model, a.verdict ? el("span", {class: "tag " + a.verdict}, a.verdict) : null), el("pre", {}, a.text)))),
      ...(s.judgements || []).map((j) => el("p", {class: "small"}, (j.judge ? j.judge + ", " : "") + j.first + " first: " + (j.winner || j.error || "no verdict") + (j.reason ? ". " + j.reason : ""))));
  }
  function find(q) {
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter((s) => words.every((w) => (s.prompt + " " + tags(s).join(" ") + " " + (s.answers || []).map((a) => a.text).join(" ")).toLowerCase().includes(w)));
    info.textContent = found.length < all.length ? count(found.length) + " of " + plural(all.length, "sample") : plural(set.count, "sample");
    list.replaceChildren(...found.slice(0, 300).map((s) => {
      const b = el("button", {type: "button", onclick: () => show(s, b)}, el("span", {class: "line"}, s.prompt.replace(/\s+/g, " ").slice(0, 90)), ...(s.tags || []).slice(0, 1).map((t) => el("span", {class: "tag " + t}, t)));
      return el("li", {}, b);
    }));
    if (found.length) show(found[0], list.querySelector("button"));
    else detail.replaceChildren(el("p", {class: "small"}, "no sample has these words"));
  }
  async function load() {
    open.remove();
    try {
      const r = await fetch("/api/samples?path=" + encodeURIComponent(set.path));
      if (!r.ok) throw new Error(await r.text());
      all = (await r.json()).samples || [];
      box.append(el("div", {class: "panes"}, list, detail));
      find("");
      over.append(el("input", {type: "search", class: "filter", placeholder: "filter", "aria-label": "Filter the samples", oninput: (e) => find(e.target.value)}));
    } catch (e) {
      box.append(el("p", {class: "small"}, "the samples cannot be read: " + e.message));
    }
  }
  const open = el("button", {type: "button", class: "quiet", onclick: load}, "look at them");
  const over = el("div", {class: "over"}, el("span", {class: "what"}, set.title, " ", info), open);
  box.append(over);
  return box;
}
