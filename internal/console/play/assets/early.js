// What people do before the page's modules are loaded is kept for them: the server has
// rendered the buttons, so people press them as soon as they see them.
(() => {
  // Each button and form once: a press that shows nothing is repeated by the impatient.
  const kept = new Map();
  const keep = (target, act) => { if (!kept.has(target)) kept.set(target, act); };
  const click = e => {
    const b = e.target.closest?.("button");
    // A submit is an event of its own, and a popover opens without a script.
    if (!b || b.form && b.type === "submit" || b.hasAttribute("popovertarget")) return;
    e.preventDefault();
    keep(b, () => b.click());
  };
  const submit = e => {
    if (e.target.method === "dialog") return;
    e.preventDefault();
    const form = e.target, by = e.submitter;
    keep(by || form, () => form.requestSubmit(by));
  };
  document.addEventListener("click", click);
  document.addEventListener("submit", submit);
  // replayEarly does it all, in its order, when the page listens. What fails does not keep
  // the rest from being done.
  window.replayEarly = () => {
    document.removeEventListener("click", click);
    document.removeEventListener("submit", submit);
    for (const act of kept.values()) {
      try { act(); } catch (e) { console.error(e); }
    }
    kept.clear();
  };
})();
