// The wire: the list of what went between Linear and the bot.
const $ = (s, from = document) => from.querySelector(s);
let tools = {};

// load shows the details of an entry below its line.
async function load(id) {
  const row = document.getElementById(id);
  if (!row) return;
  const r = await fetch("/wire/" + encodeURIComponent(id));
  const html = await r.text();
  const box = row.querySelector(".detail-box") || document.createElement("div");
  const open = [...box.querySelectorAll("details")].map(d => d.open);
  box.className = "detail-box";
  box.id = "box-" + id;
  box.dataset.keep = "";
  if (!row.isConnected || box.dataset.html === html) return;
  box.dataset.html = html;
  if (r.ok) box.innerHTML = html; else box.textContent = html; // rendered by the server, everything escaped
  if (open.length) box.querySelectorAll("details").forEach((d, n) => { d.open = open[n] ?? d.open; });
  box.dataset.status = row.querySelector(".pill").textContent;
  row.append(box);
  row.classList.add("open");
  row.querySelector(".line").setAttribute("aria-expanded", "true");
}
const opened = new Set();

export const wire = {
  start(given) {
    tools = given;
    document.addEventListener("click", async e => {
      const b = e.target.closest("button");
      if (!b) return;
      const d = b.dataset;
      if (d.detail) toggle(d.detail);
      else if (d.tab) tab(d.tab);
      else if (d.wire) {
        const id = b.closest("[data-entry]").dataset.entry;
        if (d.wire === "send") { edit(id, b.closest(".detail")); return; }
        b.disabled = true;
        const ok = await tools.send(`/wire/${id}/${d.wire}`, { seconds: Number(d.seconds || 0) });
        b.disabled = false;
        if (ok) tools.toast({ replay: "Sent again.", duplicate: "Sent twice.", delay: "It goes out in ten seconds." }[d.wire]);
        load(id);
      }
    });
  },
  // refresh keeps what is open open, and loads it again if it has changed.
  refresh() {
    for (const id of opened) {
      const row = document.getElementById(id);
      if (!row) { opened.delete(id); continue; }
      const box = row.querySelector(".detail-box");
      if (!box || box.dataset.status !== row.querySelector(".pill").textContent) load(id);
      else { row.classList.add("open"); row.querySelector(".line").setAttribute("aria-expanded", "true"); }
    }
  },
  lines(html) {
    const box = $("#lines");
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.insertAdjacentHTML("beforeend", html);
    const seen = new Set();
    for (const l of [...box.children].reverse()) { if (seen.has(l.id)) l.remove(); seen.add(l.id); }
    while (box.childElementCount > 500) box.firstElementChild.remove();
    if (end) box.scrollTop = box.scrollHeight;
  },
  async submit(form) {
    const d = new FormData(form);
    const body = String(d.get("body"));
    const made = await tools.send(`/wire/${form.dataset.entry}/send`, { body, fresh: d.get("fresh") === "on" });
    if (!made) return;
    form.closest("dialog").close();
    tools.toast("Sent.");
  },
};

function toggle(id) {
  const row = document.getElementById(id);
  if (opened.delete(id)) {
    row.querySelector(".detail-box")?.remove();
    row.classList.remove("open");
    row.querySelector(".line").setAttribute("aria-expanded", "false");
    return;
  }
  opened.add(id);
  load(id);
  for (const wait of [400, 1500]) setTimeout(() => { if (opened.has(id)) load(id); }, wait); // what the bot decides takes a moment
}

function edit(id, detail) {
  const form = $("#editor-form");
  form.dataset.entry = id;
  const body = form.elements.body;
  body.value = $("[data-body]", detail).textContent;
  $("#editor").showModal();
  body.setSelectionRange(0, 0);
  body.scrollTop = 0; // setting the text scrolls to its end
}

function tab(name) {
  for (const t of document.querySelectorAll("[data-tab]")) t.setAttribute("aria-selected", String(t.dataset.tab === name));
  $("#rows").dataset.show = name;
  $("#rows").hidden = name === "log";
  $("#lines").hidden = name !== "log";
  if (name === "log") $("#lines").scrollTop = $("#lines").scrollHeight;
  $("#calm").hidden = name === "log" || $("#rows").childElementCount > 0;
}
