// The keyboard. Single keys work outside of text fields.
const $ = s => document.querySelector(s);

export function keyboard({ view, edit, send }) {
  const parts = () => [...document.querySelectorAll("#threads .part")];
  const here = () => document.activeElement?.closest?.(".part");
  const step = by => {
    const all = parts();
    if (!all.length) return;
    const now = all.indexOf(here());
    const next = all[now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, now + by))];
    view("issue");
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const go = f => { if (f) { f.focus(); f.scrollIntoView({ block: "nearest" }); } };
  const keys = {
    c: () => { view("issue"); go($(".composer textarea")); },
    j: () => step(1),
    k: () => step(-1),
    r: () => { view("issue"); go((here()?.closest(".thread") || $("#threads .thread:last-child"))?.querySelector(".reply textarea")); },
    e: () => { const c = here()?.querySelector(".comment"); if (c?.querySelector("[data-edit]")) edit(c); },
    n: () => $("#new").showModal(),
    w: () => { view("wire"); go($("#rows .line")); },
    b: () => send("/world/restart"),
    p: () => { const s = $("#as"); s.selectedIndex = (s.selectedIndex + 1) % s.options.length; s.dispatchEvent(new Event("change", { bubbles: true })); },
    "?": () => $("#keys").showModal(),
  };
  document.addEventListener("keydown", e => {
    const t = e.target;
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && t.form) { e.preventDefault(); t.form.requestSubmit(t.form.querySelector("button.primary")); return; }
    if (e.key === "Escape" && t.matches("textarea, input, select") && !t.closest("dialog")) {
      t.closest(".editing")?.querySelector("[data-cancel]").click();
      t.blur();
      return;
    }
    if (t.matches(".line") && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
      e.preventDefault();
      const rows = [...document.querySelectorAll("#rows .row .line")].filter(l => l.offsetParent);
      rows[rows.indexOf(t) + (e.key === "ArrowDown" ? 1 : -1)]?.focus();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || t.matches("textarea, input, select") || $("dialog[open]")) return;
    if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
  });
}
