// The expert's score sheet: what is typed is kept in this browser until the server has it. Decides nothing.
"use strict";

const sheet = document.querySelector("#score-sheet[hx-post]");
if (sheet) {
  const place = `hbreview.unsaved.${sheet.dataset.person}.sheet.${sheet.dataset.sheet}`;
  const PAUSE = 800, RETRY = 10000, PATIENCE = 30000;  // milliseconds
  let timer = 0, sent = null, memory = {};
  const mine = new Set();  // the fields typed into here: another window of this browser sends its own

  const versionInput = () => sheet.elements.namedItem("version");
  const inputOf = (name) => sheet.elements.namedItem(name);
  const isField = (input) => input.dataset && input.dataset.saved !== undefined;

  // What is not saved yet: name -> [text, the version that it was typed on, whether the server refused it].
  function unsaved() {
    try { return JSON.parse(localStorage.getItem(place)) || {}; } catch { return memory; }
  }
  function keep(all) {
    memory = all;
    try {
      if (Object.keys(all).length) { localStorage.setItem(place, JSON.stringify(all)); } else { localStorage.removeItem(place); }
    } catch { /* a browser that keeps nothing: the field itself still does */ }
  }
  function remember(input) {
    const all = unsaved(), before = mine.has(input.name) && all[input.name];
    mine.add(input.name);
    // What stands on the server already is not kept, unless another text of this field is under way.
    if (input.value === input.dataset.saved && !(sent && input.name in sent)) { delete all[input.name]; keep(all); return; }
    all[input.name] = [input.value, before && !before[2] ? before[1] : versionInput().value];
    keep(all);
  }
  function pending() {
    return Object.entries(unsaved()).filter(([name, entry]) => mine.has(name) && !entry[2]);
  }
  function tell(text) {
    const saved = document.querySelector("#sheet-state .saved");
    if (saved) { saved.textContent = text; }
  }

  // One request at a time, with what was typed on the oldest version: a newer one would hide what others saved since.
  function send() {
    clearTimeout(timer);
    if (sent || !pending().length) { return; }
    tell(sheet.dataset.saving);
    htmx.trigger(sheet, "sheet-save");
  }
  function later(pause) { clearTimeout(timer); timer = setTimeout(send, pause); }

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt !== sheet) { return; }
    const waiting = pending(), base = Math.min(...waiting.map(([, entry]) => Number(entry[1])));
    const now = Object.fromEntries(waiting.filter(([, entry]) => Number(entry[1]) === base).map(([name, entry]) => [name, entry[0]]));
    if (!waiting.length) { event.preventDefault(); return; }
    for (const name of Object.keys(event.detail.parameters)) {
      if (name !== "csrf_token") { delete event.detail.parameters[name]; }
    }
    Object.assign(event.detail.parameters, now, { version: String(base) });
    event.detail.timeout = event.detail.timeout || PATIENCE;
    sent = now;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== sheet || !sent) { return; }
    const was = sent, xhr = event.detail.xhr, said = xhr.getResponseHeader("HX-Trigger");
    sent = null;
    if (said) { settled(was, JSON.parse(said)["hbreview:saved"].names); return; }
    if (xhr.status === 0 || xhr.status >= 500 || xhr.status === 429) { tell(sheet.dataset.lost); later(RETRY); return; }
    // The sheet takes nothing now (locked, signed out): the texts stay kept, and are offered when it is opened again.
    if (xhr.status !== 401) { refuse(was, Object.keys(was)); }
    tell(sheet.dataset.lost);
  });
  document.addEventListener("htmx:sendAbort", (event) => { if (event.detail.elt === sheet) { sent = null; } });

  function settled(was, names) {
    const state = document.getElementById("sheet-state"), all = unsaved();
    versionInput().value = state.dataset.version;
    for (const name of names) {
      const input = inputOf(name);
      if (input) { input.dataset.saved = was[name]; }
      if (!all[name]) { continue; }
      // What was typed on while the request was under way stays, on the version that the request made.
      if (all[name][0] === was[name]) { delete all[name]; } else { all[name][1] = state.dataset.version; }
    }
    keep(all);
    refuse(was, Object.keys(was).filter((name) => !names.includes(name)));
    for (const one of state.querySelectorAll("[data-elsewhere]")) { takeOver(one.dataset.elsewhere, one.getAttribute("value")); }
    ready(document);
    if (pending().length) { later(PAUSE); }
  }
  function refuse(was, names) {
    const all = unsaved();
    for (const name of names) { if (all[name] && all[name][0] === was[name]) { all[name][2] = true; } }
    keep(all);
  }
  // Another window saved this field: it is shown here too, unless something else was typed into it meanwhile.
  function takeOver(name, text) {
    const input = inputOf(name);
    if (!input || (mine.has(name) && name in unsaved())) { return; }
    const differs = input.value !== text;
    input.value = input.dataset.saved = text;
    const note = document.getElementById(`note-${name}`);
    if (note && differs) { note.textContent = sheet.dataset.elsewhere; }
    need(input);
  }

  // A low score needs a remark: said at once.
  function need(input) {
    const card = input.closest("[data-below]");
    if (!card || !input.name.startsWith("points-")) { return; }
    const text = input.value.normalize("NFKC").trim(), word = card.querySelector(".need");
    if (word) { word.hidden = text === "" || !(Number(text) < Number(card.dataset.below)); }
  }

  sheet.addEventListener("input", (event) => {
    if (!isField(event.target)) { return; }
    remember(event.target);
    need(event.target);
    later(PAUSE);
  });
  sheet.addEventListener("change", (event) => { if (isField(event.target)) { remember(event.target); send(); } });
  window.addEventListener("online", send);
  // Enter goes on to the next field; it hands nothing in. One that chooses a word of an input method is none of ours.
  sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !event.target.matches("input")) { return; }
    event.preventDefault();
    const all = [...sheet.elements].filter(isField), next = all[all.indexOf(event.target) + 1];
    if (next) { next.focus(); }
  });

  // "Take it over", "keep mine", "take the other": puts a text into a field, decided on what is on the screen now.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-take]"), input = button && inputOf(button.dataset.for);
    if (!input) { return; }
    const all = unsaved();
    mine.add(input.name);
    input.value = button.dataset.take;
    all[input.name] = [input.value, versionInput().value];
    keep(all);
    need(input);
    input.focus();
    send();
  });
  function ready(part) { part.querySelectorAll(".needs-script").forEach((one) => { one.hidden = false; }); }

  // The whole form is sent as it stands: what waits goes with it.
  sheet.addEventListener("submit", () => clearTimeout(timer));

  // What an earlier visit could not save is put back and sent, on the version that it was typed on. What was refused
  // then is put back too, and waits for the person.
  window.addEventListener("load", () => {
    const all = unsaved();
    let restored = false;
    for (const [name, [text]] of Object.entries(all)) {
      const input = inputOf(name);
      if (!input || input.dataset.saved === text) { delete all[name]; continue; }
      restored = restored || input.value !== text;
      mine.add(name);
      input.value = text;
      need(input);
    }
    // A page that was refused shows what was typed without having it saved.
    for (const input of [...sheet.elements].filter(isField)) {
      if (input.value.trim() !== input.dataset.saved.trim() && !all[input.name]) {
        mine.add(input.name);
        all[input.name] = [input.value, versionInput().value, true];
      }
    }
    keep(all);
    ready(document);
    if (restored) { tell(sheet.dataset.restored); }
    if (pending().length) { later(PAUSE); }
  });
}
