// Completion of mentions in every text field.
const box = () => document.querySelector("#names");

export function completion(people) {
  let field = null, from = 0, hits = [], chosen = 0;
  const close = () => { box().hidden = true; field?.removeAttribute("aria-activedescendant"); field = null; };
  const draw = () => {
    box().replaceChildren(...hits.map((p, n) => {
      const b = document.createElement("div");
      b.id = "name-" + n;
      b.setAttribute("role", "option");
      b.setAttribute("aria-selected", String(n === chosen));
      const face = document.createElement("span");
      face.className = "avatar tint" + p.tint + (p.app ? " app" : "");
      face.textContent = p.app ? "✦" : p.initials;
      const name = document.createElement("b");
      name.textContent = p.name;
      const handle = document.createElement("span");
      handle.textContent = "@" + p.handle;
      b.append(face, name, handle);
      b.addEventListener("pointerdown", e => { e.preventDefault(); take(n); });
      return b;
    }));
    field.setAttribute("aria-activedescendant", "name-" + chosen);
  };
  const take = n => {
    const at = field, end = at.selectionStart, text = "@" + hits[n].handle + " ";
    at.setRangeText(text, from, end, "end");
    close();
    at.dispatchEvent(new Event("input", { bubbles: true }));
  };
  document.addEventListener("input", e => {
    const t = e.target;
    if (!t.matches("textarea:not(.code)")) return;
    const before = t.value.slice(0, t.selectionStart);
    const m = /(^|[\s([{>*_"'])@([\w-]*)$/.exec(before);
    if (!m) { close(); return; }
    const word = m[2].toLowerCase();
    hits = people.filter(p => p.handle.toLowerCase().startsWith(word) || p.name.toLowerCase().split(" ").some(w => w.startsWith(word)))
      .sort((a, b) => Number(b.app) - Number(a.app)).slice(0, 7);
    if (!hits.length || hits.length === 1 && hits[0].handle === m[2]) { close(); return; }
    field = t;
    from = t.selectionStart - m[2].length - 1;
    chosen = 0;
    const r = t.getBoundingClientRect();
    box().hidden = false;
    draw();
    const h = box().offsetHeight;
    box().style.left = Math.max(8, Math.min(r.left, innerWidth - box().offsetWidth - 8)) + "px";
    box().style.top = (r.top - h - 6 > 8 ? r.top - h - 6 : r.bottom + 6) + "px";
  });
  document.addEventListener("keydown", e => {
    if (box().hidden || !field) return;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { chosen = (chosen + (e.key === "ArrowDown" ? 1 : hits.length - 1)) % hits.length; draw(); }
    else if ((e.key === "Enter" && !e.ctrlKey && !e.metaKey) || e.key === "Tab") take(chosen);
    else if (e.key === "Escape") close();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }, true);
  document.addEventListener("focusout", () => setTimeout(() => { if (document.activeElement !== field) close(); }));
  addEventListener("scroll", close, true);
}
