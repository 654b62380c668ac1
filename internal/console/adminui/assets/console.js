// Keeps the page live: each event is the new content, rendered by the server.
const main = document.getElementById("main");
const content = document.getElementById("content");
const badge = document.getElementById("live");
const text = document.getElementById("live-text");

// What a person is at: the focused element, what is typed, what is folded open.
function remember() {
  const at = document.activeElement;
  const open = [...content.querySelectorAll("details[open][data-key]")].map((d) => d.dataset.key);
  const key = at && content.contains(at) ? at.closest("[data-key]")?.dataset.key : undefined;
  return { key, open, value: at instanceof HTMLInputElement ? at.value : undefined, start: at?.selectionStart };
}

function restore(was) {
  for (const d of content.querySelectorAll("details[data-key]")) d.open = was.open.includes(d.dataset.key);
  if (was.key === undefined) return;
  const at = [...content.querySelectorAll("[data-key]")].find((e) => e.dataset.key === was.key);
  if (!at) return;
  if (was.value !== undefined && at instanceof HTMLInputElement) {
    at.value = was.value;
    at.setSelectionRange(was.start, was.start);
  }
  (at.matches("details") ? at.querySelector("summary") : at).focus({ preventScroll: true });
}

// A page with a text that is selected, or a form that is being filled in, waits.
function busy() {
  const chosen = document.getSelection();
  return !chosen.isCollapsed && content.contains(chosen.anchorNode);
}

function live(address) {
  let newest = null;
  const events = new EventSource("/console/events?page=" + encodeURIComponent(address));
  badge.hidden = false;
  const state = (on) => {
    badge.classList.toggle("off", !on);
    text.textContent = on ? "live" : "reconnecting";
  };
  state(false);
  events.onopen = () => state(true);
  events.onerror = () => {
    state(false);
    if (events.readyState === EventSource.CLOSED) text.textContent = "not live: reload the page";
  };
  const show = () => {
    if (newest === null || busy()) return;
    const was = remember();
    content.innerHTML = newest;
    newest = null;
    restore(was);
  };
  events.onmessage = (e) => {
    newest = e.data;
    show();
  };
  document.addEventListener("selectionchange", show);
  addEventListener("pagehide", () => events.close());
}

document.querySelector("header nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
if (main?.dataset.live) live(main.dataset.live);
