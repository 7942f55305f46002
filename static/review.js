// Keys, kept sentences and colleagues' names on the review page. Everything works without; nothing here decides anything.
"use strict";

const SWITCH = "hbreview.keys.off";
function keysOff() { try { return localStorage.getItem(SWITCH) === "1"; } catch { return false; } }
function showSwitch() {
  const button = document.getElementById("keys-switch");
  if (!button) { return; }
  button.closest(".keys").hidden = false;
  button.textContent = keysOff() ? button.dataset.on : button.dataset.off;
  button.onclick = () => {
    try { if (keysOff()) { localStorage.removeItem(SWITCH); } else { localStorage.setItem(SWITCH, "1"); } } catch { /* on */ }
    showSwitch();
  };
}
showSwitch();

// The indicator that the keys are about: the one that has the cursor, else the open one nearest to the top.
function current() {
  const own = document.activeElement.closest("[data-indicator]");
  return own || document.querySelector("[data-indicator][open]") || document.querySelector("[data-indicator]");
}
function go(step) {
  const all = [...document.querySelectorAll("[data-indicator]")], at = all.indexOf(current());
  const inside = all[at] && (all[at].contains(document.activeElement) || step < 0);
  const next = all[inside ? at + step : at] || all[at];
  if (!next) { return; }
  all.forEach((one) => { if (one !== next && !one.querySelector("textarea:not(:placeholder-shown)")) { one.open = false; } });
  next.open = true;
  const head = next.querySelector("summary");
  head.focus();
  head.scrollIntoView({ block: "nearest" });
}
const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  c: () => {
    const place = current();
    if (!place) { return; }
    place.open = true;
    const write = (tries) => {
      const box = place.querySelector("textarea[data-comment]");
      if (box) { box.focus(); box.scrollIntoView({ block: "center" }); } else if (tries) { setTimeout(() => write(tries - 1), 100); }
    };
    write(30);
  },
  r: () => {
    const place = document.activeElement.closest(".comment") || current();
    const button = place && place.querySelector(".comment:not(.settled) [data-act=resolve], :scope > .acts [data-act=resolve]");
    if (button) { button.click(); }
  },
  n: () => { const link = document.getElementById("next-submission"); if (link) { link.click(); } },
};
document.addEventListener("keydown", (event) => {
  if (keysOff() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) { return; }
  if (event.target.closest("input, textarea, select, [contenteditable]")) { return; }
  const act = KEYS[event.key.toLowerCase()];
  if (act) { event.preventDefault(); act(); }
});

// A kept sentence goes into its text; what stands there stays.
document.addEventListener("change", (event) => {
  const chosen = event.target.matches("select[data-into]") && event.target.selectedOptions[0];
  const text = chosen && chosen.dataset.text, place = document.getElementById(event.target.dataset.into);
  if (!text || !place) { return; }
  place.value = place.value.trim() ? `${place.value.trim()}\n${text}` : text;
  event.target.value = "";
  place.focus();
});

// After @ the colleagues whose names begin so are offered below the text.
document.addEventListener("input", (event) => {
  const box = event.target, list = document.getElementById("colleague-names");
  if (!list || !box.matches("textarea[data-comment]")) { return; }
  const before = box.value.slice(0, box.selectionStart), found = /[@＠]([^\s@＠]{0,10})$/.exec(before);
  let offer = box.nextElementSibling;
  if (offer && offer.matches(".names")) { offer.remove(); }
  if (!found) { return; }
  const names = [...list.options].map((option) => option.value).filter((name) => name.startsWith(found[1]));
  if (!names.length) { return; }
  offer = document.createElement("span");
  offer.className = "names";
  for (const name of names.slice(0, 8)) {
    const button = document.createElement("button");
    button.type = "button"; button.className = "chip"; button.textContent = `@${name}`;
    button.addEventListener("click", () => {
      box.setRangeText(`${name} `, box.selectionStart - found[1].length, box.selectionStart, "end");
      offer.remove();
      box.dispatchEvent(new Event("input", { bubbles: true }));  // what keeps the draft is told too
      box.focus();
    });
    offer.append(button);
  }
  box.after(offer);
});

// What was posted gets the cursor, so that the next key is about it.
document.addEventListener("htmx:afterSwap", (event) => {
  const target = event.detail.target;
  if (target.matches && target.matches(".comments") && target.lastElementChild) { target.lastElementChild.focus({ preventScroll: true }); }
});

// A part that comes anew never drops the cursor: it goes to the same act, the text, or what stands around them.
let held = null;
document.addEventListener("htmx:beforeSwap", () => {
  const one = document.activeElement, around = [];
  if (one === document.body) { return; }
  for (let box = one.closest("[id]"); box; box = box.parentElement.closest("[id]")) { around.push(box.id); }
  held = { one, around, act: one.dataset.act };
});
document.addEventListener("htmx:afterSettle", () => {
  if (!held || held.one.isConnected) { return; }
  if (document.activeElement !== document.body) { document.activeElement.scrollIntoView({ block: "nearest" }); return; }
  const act = held.act && `[data-act="${held.act}"]`, around = held.around;
  held = null;
  for (const box of around.map((id) => document.getElementById(id)).filter(Boolean)) {
    const place = (act && box.querySelector(act)) || box.querySelector("textarea") || box;
    place.focus();
    if (document.activeElement === place) { place.scrollIntoView({ block: "nearest" }); return; }
  }
});

// What is written and not sent stays in this browser, under its writer's name, until it is sent or they sign out (H08).
const DRAFT = "hbreview.unsaved.text.";
function draft(name, text) {
  try {
    if (text === undefined) { return localStorage.getItem(DRAFT + name) || ""; }
    if (text) { localStorage.setItem(DRAFT + name, text); } else { localStorage.removeItem(DRAFT + name); }
  } catch { /* a browser that keeps nothing brings nothing back */ }
  return "";
}
function bringBack(root) {
  root.querySelectorAll("[data-indicator][data-drafts]").forEach((one) => { if (draft(one.dataset.drafts)) { one.open = true; } });
  root.querySelectorAll("textarea[data-draft]").forEach((box) => {
    const text = draft(box.dataset.draft);
    if (text && box.value === box.defaultValue) { box.value = text; }
  });
}
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    const id = event.target.dataset.into, box = id ? document.getElementById(id) : event.target;
    if (box && box.matches("textarea[data-draft]")) { draft(box.dataset.draft, box.value === box.defaultValue ? "" : box.value); }
  });
}
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (xhr.status >= 400 || requestConfig.verb !== "post" || !requestConfig.elt.matches("form")) { return; }
  requestConfig.elt.querySelectorAll("textarea[data-draft]").forEach((box) => draft(box.dataset.draft, ""));
});
document.addEventListener("htmx:load", (event) => bringBack(event.detail.elt));
