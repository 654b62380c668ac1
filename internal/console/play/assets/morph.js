// Parts of the page are replaced one by one, so that what is in use stays.

// pieces returns the nodes of a text that the server has rendered.
export function pieces(html) {
  const t = document.createElement("template");
  t.innerHTML = html;
  return [...t.content.childNodes];
}

// same says whether a node can stay for another. What people have chosen in a select is
// not in its nodes, so one never stays.
const same = (a, b) => a.isEqualNode(b) && !(a.nodeType === 1 && (a.matches("select") || a.querySelector("select")));

// patch makes the nodes inside of an element look like others. Those that are the same, at
// the beginning and at the end, stay; what is between them is replaced, or patched itself
// where it is as many elements of the same kinds.
export function patch(at, fresh) {
  const old = [...at.childNodes];
  while (old.length && fresh.length && same(old[0], fresh[0])) { old.shift(); fresh.shift(); }
  let before = null;
  while (old.length && fresh.length && same(old.at(-1), fresh.at(-1))) { before = old.pop(); fresh.pop(); }
  if (old.length !== fresh.length) {
    for (const n of old) n.remove();
    for (const n of fresh) at.insertBefore(n, before);
    return;
  }
  old.forEach((was, i) => {
    const now = fresh[i];
    if (same(was, now)) return;
    if (was.nodeType !== 1 || was.nodeName !== now.nodeName || was.nodeName === "SELECT") { was.replaceWith(now); return; }
    for (const a of [...was.attributes]) if (!now.hasAttribute(a.name)) was.removeAttribute(a.name);
    for (const a of now.attributes) if (was.getAttribute(a.name) !== a.value) was.setAttribute(a.name, a.value);
    patch(was, [...now.childNodes]);
  });
}

// morph makes one element look like another. Children with ids are matched by
// them: one with the same data-v, or with data-keep, stays as it is.
export function morph(old, fresh) {
  for (const a of [...old.attributes]) if (!fresh.hasAttribute(a.name) && !["data-keep", "style"].includes(a.name)) old.removeAttribute(a.name);
  for (const a of fresh.attributes) if (old.getAttribute(a.name) !== a.value) old.setAttribute(a.name, a.value);
  if (!fresh.querySelector("[id]") && !old.querySelector("[id]")) {
    if (old.innerHTML !== fresh.innerHTML) old.replaceChildren(...fresh.childNodes);
    return;
  }
  const known = new Map([...old.children].filter(c => c.id).map(c => [c.id, c]));
  let at = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const was = child.id && known.get(child.id);
    let put = child;
    if (was) {
      known.delete(child.id);
      put = was;
      if (was.dataset.keep !== undefined && child.dataset.v) was.next = child; // in use: put in place by release
      else if (was.dataset.keep === undefined && !(child.dataset.v && was.dataset.v === child.dataset.v)) {
        if (child.dataset.v) { put = replace(was, child); if (at === was) at = put; } else morph(was, child);
      }
    } else if (at && !at.id && !child.id && at.tagName === child.tagName) {
      put = at;
      morph(at, child);
    }
    if (put !== at) old.insertBefore(put, at);
    else at = at.nextElementSibling;
  }
  while (at) { const next = at.nextElementSibling; if (at.dataset.keep === undefined) at.remove(); at = next; }
}

// release ends the use of an element with data-keep, and puts in its place what
// arrived in the meantime.
export function release(el) {
  delete el.dataset.keep;
  if (el.next) replace(el, el.next);
}

// replace puts an element in the place of another and keeps what is in use in it:
// the focus, the text of a form that is to be kept.
function replace(old, fresh) {
  for (const kept of old.querySelectorAll("[data-keep][id]")) {
    const place = fresh.querySelector("#" + CSS.escape(kept.id));
    if (place) place.replaceWith(kept);
  }
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (focused && fresh.contains(focused)) focused.focus();
  else if (focused) fresh.focus({ preventScroll: true });
  return fresh;
}

// list brings the children of a container into an order, with the changed ones.
export function list(box, { order, changed }) {
  const fresh = new Map((changed || []).map(c => [c.id, c.html]));
  const wanted = new Set(order || []);
  for (const c of [...box.children]) if (!wanted.has(c.id)) c.remove();
  let at = box.firstElementChild;
  for (const id of order || []) {
    let el = document.getElementById(id);
    const html = fresh.get(id);
    if (html !== undefined) {
      const made = pieces(html).find(n => n.nodeType === 1);
      if (el) morph(el, made); else el = made;
    }
    if (!el) continue;
    if (el !== at) box.insertBefore(el, at);
    else at = at.nextElementSibling;
  }
}
