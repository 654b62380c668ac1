// The page: what arrives is put in its place, what people do is sent.
import { list, patch, pieces, release } from "/assets/morph.js";
import { completion } from "/assets/names.js";
import { keyboard } from "/assets/keys.js";
import { wire } from "/assets/wire.js";

const $ = (s, from = document) => from.querySelector(s);
const body = document.body;

export function toast(text) {
  const t = $("#toast");
  t.textContent = text;
  t.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { t.hidden = true; }, 5000);
}

// send posts JSON and returns the answer, or null after showing what is wrong.
export async function send(path, data = {}) {
  try {
    const r = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) });
    const text = await r.text();
    let v = null;
    try { v = JSON.parse(text); } catch { /* shown as text */ }
    if (!r.ok) throw new Error(v?.error || text || "It did not work (" + r.status + ").");
    return v;
  } catch (e) {
    toast(e.message);
    return null;
  }
}

const desk = (verb, data) => send(`/desk/${body.dataset.talk}/${verb}`, data);
const act = (verb, data) => send("/act/" + verb, data);

// Drafts survive reloads: they belong to a thread, not to a page.
const draftKey = t => "draft " + body.dataset.issue + " " + t.dataset.draft;
function remember(t) {
  if (t.value) sessionStorage.setItem(draftKey(t), t.value);
  else sessionStorage.removeItem(draftKey(t));
}
function recall(root) {
  for (const t of root.querySelectorAll("textarea[data-draft]")) {
    if (!t.value) t.value = sessionStorage.getItem(draftKey(t)) || "";
    grow(t);
  }
}
export function grow(t) {
  t.classList.toggle("full", t.value !== "");
  t.rows = Math.min(14, Math.max(t.closest(".reply, .ask") ? 1 : 2, t.value.split("\n").length + Math.floor(t.value.length / 90)));
}

function empty() {
  if ($("#hello")) $("#hello").hidden = $("#threads").childElementCount > 0;
  $("#calm").hidden = $("#rows").childElementCount > 0 || !$("#lines").hidden;
}

let events;
function listen() {
  events?.close();
  events = new EventSource("/events?" + new URLSearchParams(body.dataset.talk ? { talk: body.dataset.talk } : { issue: body.dataset.issue }));
  events.addEventListener("part", e => { const p = JSON.parse(e.data); inside(p); });
  events.addEventListener("threads", e => { list($("#threads"), JSON.parse(e.data)); recall($("#threads")); empty(); });
  events.addEventListener("rows", e => { list($("#rows"), JSON.parse(e.data)); wire.refresh(); empty(); });
  events.addEventListener("lines", e => wire.lines(JSON.parse(e.data).html));
  events.addEventListener("open", () => { body.classList.remove("offline"); });
  events.addEventListener("error", () => { body.classList.add("offline"); });
}
// inside brings the content of a part up to date, unless a control in it is in use. What is
// the same stays, so that a press on a button that stays is not lost.
function inside(p) {
  const at = $("#" + p.id);
  if (!at) return;
  const used = at.contains(document.activeElement) && document.activeElement.matches("select");
  if (used) { // it would close under the pointer
    document.activeElement.addEventListener("blur", () => inside(p), { once: true });
    return;
  }
  const focused = at.contains(document.activeElement) ? document.activeElement.dataset.world : "";
  patch(at, pieces(p.html));
  if (focused && !at.contains(document.activeElement)) (at.querySelector(`[data-world="${focused}"]`) || at.querySelector("[data-world]"))?.focus();
}

async function submit(form) {
  const t = $("textarea", form);
  const text = t.value.trim();
  if (!text) { t.focus(); return; }
  const sent = t.value;
  t.value = "";
  remember(t);
  grow(t);
  const ok = await act(form.dataset.verb, { text, issue: body.dataset.issue, comment: form.dataset.comment, session: form.dataset.session });
  if (!ok && !t.value) { t.value = sent; grow(t); remember(t); }
  const alarm = $("#alarm b"); // it may be out of sight
  if (ok && alarm) toast(alarm.textContent.trim() + " The bot has not received this yet.");
}

async function note(form, kind) {
  const t = $("textarea", form);
  const text = t.value.trim();
  if (text && await desk("say", { text, kind })) { t.value = ""; remember(t); grow(t); }
}

function edit(comment) {
  const text = $(".text", comment);
  if ($(".editing", comment) || !text) return;
  const part = comment.closest(".part");
  part.dataset.keep = "";
  const form = document.createElement("form");
  form.className = "editing";
  form.dataset.verb = "edit";
  form.dataset.comment = comment.dataset.comment;
  const t = document.createElement("textarea");
  t.setAttribute("aria-label", "Edit");
  t.value = text.dataset.source;
  const foot = document.createElement("div");
  foot.className = "foot";
  const cancel = document.createElement("button");
  cancel.type = "button"; cancel.className = "soft small"; cancel.textContent = "Cancel"; cancel.dataset.cancel = "";
  const save = document.createElement("button");
  save.className = "primary small"; save.textContent = "Save";
  foot.append(cancel, save);
  form.append(t, foot);
  text.hidden = true;
  text.after(form);
  grow(t);
  t.focus();
  t.setSelectionRange(t.value.length, t.value.length);
}
function endEdit(form) {
  const part = form.closest(".part");
  form.previousElementSibling.hidden = false;
  form.remove();
  release(part);
}

document.addEventListener("submit", async e => {
  const form = e.target;
  if (form.id === "new-form") {
    if (e.submitter?.value !== "ok") return;
    e.preventDefault();
    const d = new FormData(form);
    const made = await act("issue", { title: d.get("title"), description: d.get("description") });
    if (made) location.href = "/issue/" + made.identifier;
    return;
  }
  if (form.id === "editor-form") { e.preventDefault(); wire.submit(form); return; }
  if (form.dataset.desk) { e.preventDefault(); note(form, "note"); return; }
  if (!form.dataset.verb) return;
  e.preventDefault();
  if (form.classList.contains("editing")) {
    const text = $("textarea", form).value.trim();
    if (text && await act("edit", { comment: form.dataset.comment, text })) endEdit(form);
    return;
  }
  submit(form);
});

document.addEventListener("click", async e => {
  const b = e.target.closest("button, a");
  if (!e.target.closest(".picker, [data-pick]")) for (const p of document.querySelectorAll(".picker:not([hidden])")) p.hidden = true;
  if (!b) return;
  const d = b.dataset;
  const comment = b.closest("[data-comment]")?.dataset.comment;
  if (d.say !== undefined) { const t = $("#compose textarea"); t.value = d.say; remember(t); grow(t); t.focus(); }
  else if (d.open) $("#" + d.open).showModal();
  else if (d.close !== undefined) b.closest("dialog").close();
  else if (d.cancel !== undefined) endEdit(b.closest("form"));
  else if (d.edit !== undefined) edit(b.closest(".comment"));
  else if (d.pick !== undefined) { const p = $(".picker", b.closest(".comment")); p.hidden = !p.hidden; if (!p.hidden) $("button", p).focus(); }
  else if (d.react) { const p = b.closest(".picker"); if (p) p.hidden = true; act("react", { comment, emoji: d.react }); }
  else if (d.do) { if (d.do !== "delete" || confirm("Delete this comment?")) act(d.do, { comment }); }
  else if (d.stop !== undefined) act("stop", { session: b.closest("[data-session]").dataset.session });
  else if (d.option !== undefined) { b.disabled = true; act("prompt", { session: b.closest("[data-session]").dataset.session, text: d.option }); }
  else if (d.world) { b.closest("[popover]")?.hidePopover(); send("/world/" + d.world); }
  else if (d.skip) { b.closest("[popover]")?.hidePopover(); send("/world/skip", { advance: d.skip }); }
  else if (d.reply !== undefined) note(b.closest("form"), "agent");
  else if (d.desk) { b.disabled = true; desk(d.desk, { link: d.link }).then(() => { b.disabled = false; }); }
  else if (d.view) view(d.view);
  else if (b.id === "theme") theme(true);
});

document.addEventListener("change", e => {
  const s = e.target;
  if (s.id === "as") {
    document.cookie = "playground_as=" + encodeURIComponent(s.value) + "; path=/; samesite=strict; max-age=31536000";
    for (const t of document.querySelectorAll("textarea[data-draft]")) remember(t);
    location.reload();
  } else if (s.dataset.linkIssue !== undefined && s.value) { desk("link", { issue: s.value }); s.blur(); }
  else if (s.dataset.set) act("update", { issue: body.dataset.issue, [s.dataset.set]: s.value });
});
document.addEventListener("input", e => {
  if (e.target.matches("textarea")) { grow(e.target); if (e.target.dataset.draft) remember(e.target); }
});

export function view(name) {
  body.dataset.view = name;
  for (const b of document.querySelectorAll(".bar button")) b.toggleAttribute("aria-current", b.dataset.view === name);
}

// Themes: as the system, light, dark.
function theme(next) {
  const all = ["", "light", "dark"];
  let now = localStorage.getItem("theme") || "";
  if (next) {
    now = all[(all.indexOf(now) + 1) % all.length];
    localStorage.setItem("theme", now);
    toast(now ? "Theme: " + now : "Theme: as the system");
  }
  document.documentElement.dataset.theme = now;
}

theme(false);
completion(JSON.parse(body.dataset.people));
wire.start({ send, toast });
keyboard({ view, edit, send });
recall(document);
empty();
listen();
window.replayEarly?.();
