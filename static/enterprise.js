// The enterprise's form: what is typed is kept in this browser until the server has it. Decides nothing.
"use strict";

const form = document.getElementById("answers");
if (form) {
  const PREFIX = "hbreview.unsaved.";
  const place = `${PREFIX}${form.dataset.person}.${form.dataset.submission}`;
  const RETRY = 10000, PATIENCE = 30000;  // milliseconds
  let timer = 0, leaving = "";  // the address that is gone to once everything is saved

  const version = () => document.getElementById("answers-version").value;
  const inputOf = (name) => form.elements.namedItem(name);

  // What is not saved yet: name -> [value, the version that it was typed on, whether the server refused it].
  function unsaved() {
    try { return JSON.parse(localStorage.getItem(place)) || {}; } catch { return {}; }
  }
  function keep(all) {
    try {
      if (Object.keys(all).length) { localStorage.setItem(place, JSON.stringify(all)); } else { localStorage.removeItem(place); }
    } catch { /* a browser that keeps nothing: the field itself still does */ }
  }
  function remember(input) {
    if (!input.name || input.type === "hidden" || input.type === "file") { return; }
    const all = unsaved();
    const before = all[input.name];
    all[input.name] = [input.value, before && !before[2] ? before[1] : version()];
    keep(all);
  }
  function forget(names, sent) {
    const all = unsaved();
    for (const name of names) {
      if (!all[name]) { continue; }
      // What was typed on while the request was under way stays, on the version that the request made.
      if (sent[name] === undefined || all[name][0] === sent[name]) { delete all[name]; } else { all[name][1] = version(); }
    }
    keep(all);
  }

  function refuse(names, sent) {
    const all = unsaved();
    for (const name of names) { if (all[name] && all[name][0] === sent[name]) { all[name][2] = true; } }
    keep(all);
  }

  // What waits to be sent: name -> the version that it was typed on.
  function pending() {
    const waiting = Object.entries(unsaved()).filter(([name, entry]) => inputOf(name) && !entry[2]);
    return new Map(waiting.map(([name, entry]) => [name, Number(entry[1]) || Number(version())]));
  }

  form.addEventListener("input", (event) => { leaving = ""; remember(event.target); });
  form.addEventListener("change", (event) => remember(event.target), true);

  // One request carries what is not saved yet, as far as it was typed on one version, and nothing else of the form:
  // an older version would make what was saved since look stale.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt !== form) { return; }
    const waiting = pending(), about = event.detail.triggeringEvent && event.detail.triggeringEvent.target;
    const own = about && about !== form && about.name;
    const base = own ? waiting.get(own) || Number(version()) : Math.min(Number(version()), ...waiting.values());
    // What was refused is not sent again until it is changed.
    const names = new Set([...waiting.keys()].filter((name) => waiting.get(name) === base));
    if (own) { names.add(own); }
    if (!names.size) { event.preventDefault(); return; }
    for (const name of Object.keys(event.detail.parameters)) {
      if (name !== "version" && !names.has(name)) { delete event.detail.parameters[name]; }
    }
    event.detail.parameters.version = String(base);
    event.detail.timeout = event.detail.timeout || PATIENCE;
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== form) { return; }
    const sent = {};
    for (const [name, value] of Object.entries(event.detail.requestConfig.parameters)) { sent[name] = value; }
    event.detail.xhr.hbreviewSent = sent;
    form.sentNow = sent;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    document.querySelectorAll(".submission-version").forEach((input) => { input.value = version(); });
    const sent = event.detail.xhr && event.detail.xhr.hbreviewSent;
    if (!sent) { return; }
    const said = event.detail.xhr.getResponseHeader("HX-Trigger");
    if (!said && event.detail.xhr.status === 409) { refuse(Object.keys(sent), sent); }  // the form takes nothing now
    if (said) {
      const names = JSON.parse(said)["hbreview:saved"].names;
      forget(names, sent);
      refuse(Object.keys(sent).filter((name) => !names.includes(name)), sent);
      calm();
      // What is left was typed on another version; the field that has the cursor is saved when it is left.
      if ([...pending().keys()].some((name) => sent[name] === undefined && document.activeElement !== inputOf(name))) { again(); }
    }
  });

  // No answer: say so, keep everything, try again by itself.
  function alarm() {
    leaving = "";
    say(form.dataset.lost);
    clearTimeout(timer);
    timer = setTimeout(again, RETRY);
  }
  function calm() { clearTimeout(timer); }
  function again() { if (pending().size) { htmx.trigger(form, "change"); } }
  window.addEventListener("online", again);
  for (const lost of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(lost, (event) => { if (event.detail.elt === form) { alarm(); } });
  }
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;  // what went wrong was said already
    if (event.detail.elt === form && (status >= 500 || status === 429)) { calm(); timer = setTimeout(again, RETRY); }
  });

  // What an earlier visit could not save is put back and sent, on the version that it was typed on. What was
  // refused then is only offered: the form may have moved on since.
  window.addEventListener("load", () => {
    const all = unsaved();
    for (const [name, [value, , refused]] of Object.entries(all)) {
      const input = inputOf(name), note = document.getElementById(`note-${name}`);
      if (!input || input.value === value) { delete all[name]; continue; }
      if (refused) { if (note) { note.replaceChildren(offer(name, value)); } continue; }
      input.value = value;
      if (note) { note.textContent = form.dataset.restored; }
    }
    keep(all);
    again();
  });
  function offer(name, value) {
    const place = document.createElement("span"), button = document.createElement("button");
    button.type = "button"; button.className = "link"; button.textContent = form.dataset.put;
    button.dataset.take = value; button.dataset.for = name;
    place.className = "problem";
    place.append(form.dataset.earlier, " “", value.length > 80 ? `${value.slice(0, 80)}…` : value, "” ", button);
    return place;
  }

  // On the way to the review everything typed is saved first; what was refused is shown, not left behind unseen.
  function leave() {
    const all = unsaved(), refused = Object.keys(all).filter((name) => all[name][2] && inputOf(name));
    if (pending().size || !leaving) { return; }
    const address = leaving;
    leaving = "";
    if (!refused.length) { window.location.assign(address); return; }
    say(form.dataset.refused.replace("{count}", refused.length));
    const input = inputOf(refused[0]);
    input.scrollIntoView({ block: "center" });
    input.focus();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href$='/review']");
    if (!link || event.defaultPrevented) { return; }
    if (form.contains(document.activeElement)) { document.activeElement.blur(); }
    if (!Object.keys(unsaved()).some((name) => inputOf(name))) { return; }
    event.preventDefault();
    leaving = link.href;
    again();
    leave();
  });
  document.addEventListener("htmx:afterSettle", () => setTimeout(leave, 0));
  document.addEventListener("htmx:afterRequest", () => setTimeout(leave, 0));

  // Who signs out leaves nothing behind on a shared machine: hbreview.js clears it, here only whether it may.
  document.querySelectorAll("form[action$='/logout']").forEach((leave) => leave.addEventListener("submit", (event) => {
    if (Object.keys(unsaved()).length && !window.confirm(form.dataset.leaving)) { event.preventDefault(); }
  }));

  // An answer about a field never takes away what was typed into it after the request left. The browser tells of no
  // change when such a field is left: it is sent all the same.
  const replaced = new Set();
  let held = null;  // where the cursor stands in a field that is being replaced
  document.addEventListener("htmx:afterRequest", () => {
    const input = held && document.activeElement.id === held[0] && document.activeElement;
    if (input) { input.setSelectionRange(held[1], held[2]); }
    held = null;
  });
  form.addEventListener("change", (event) => replaced.delete(event.target.name), true);
  form.addEventListener("focusout", (event) => { if (replaced.delete(event.target.name)) { setTimeout(again, 0); } });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const sent = form.sentNow || {}, active = document.activeElement;
    if (event.detail.target.contains(active) && typeof active.selectionStart === "number") {
      held = [active.id, active.selectionStart, active.selectionEnd];
    }
    for (const input of event.detail.target.querySelectorAll("input[name], textarea[name], select[name]")) {
      if (input.form !== form || input.value === standing(input) || input.value === sent[input.name]) { continue; }
      const fresh = event.detail.fragment.querySelector(`[name="${CSS.escape(input.name)}"]`);
      if (!fresh) { event.detail.shouldSwap = false; continue; }
      fresh.value = input.value;
      if (input === active) { replaced.add(input.name); }
    }
    const open = event.detail.target.id === "findings" && event.detail.target.querySelector("details[open]");
    const unfolded = open && event.detail.fragment.querySelector("details");
    if (unfolded) { unfolded.open = true; }
    ready(event.detail.fragment);
  });

  // Keys: Enter goes on to the next field, in the table to the next row, arrows move in the table.
  const cells = () => [...form.querySelectorAll(".matrix tbody tr")].map((row) => [...row.querySelectorAll("input")]);
  function position(input) {
    const grid = cells(), row = grid.findIndex((line) => line.includes(input));
    return { grid, row, column: row < 0 ? -1 : grid[row].indexOf(input) };
  }
  form.addEventListener("keydown", (event) => {
    const input = event.target;
    // Enter that chooses a word of an input method is none of ours.
    if (event.isComposing || !input.matches("input:not([type=file])")) { return; }
    const { grid, row, column } = position(input);
    const step = { ArrowDown: 1, ArrowUp: -1, Enter: 1 }[event.key];
    if (row >= 0 && step && grid[row + step]) { event.preventDefault(); grid[row + step][column].select(); return; }
    if (event.key !== "Enter") { return; }
    event.preventDefault();
    const all = [...form.elements].filter((one) => one.matches("input:not([type=hidden]):not([type=file]), select, textarea"));
    const next = all[all.indexOf(input) + 1];
    if (next) { next.focus(); } else { input.blur(); }
  });

  // A block copied in Excel fills the table from the cell that it is pasted into; one request saves it.
  form.addEventListener("paste", (event) => {
    const { grid, row, column } = position(event.target);
    const text = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
    if (row < 0 || !/[\t\n]/.test(text)) { return; }
    event.preventDefault();
    let beside = 0;
    text.split(/\r?\n/).forEach((line, down) => line.split("\t").forEach((value, across) => {
      const input = grid[row + down] && grid[row + down][column + across];
      if (input) { input.value = value.trim(); remember(input); } else if (value.trim()) { beside += 1; }
    }));
    htmx.trigger(form, "change");
    const note = document.getElementById("pasted");
    if (note) { note.textContent = beside ? note.dataset.beside.replace("{count}", beside) : ""; }
  });

  // "Take over", "theirs", "mine": puts a text into a field and saves it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-take]"), input = button && inputOf(button.dataset.for);
    if (!input) { return; }
    const all = unsaved();
    delete all[input.name];  // decided on what is on the screen now, not on what was when it was typed
    keep(all);
    input.value = button.dataset.take;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.focus();
  });
  function ready(part) {
    part.querySelectorAll(".needs-script").forEach((one) => { one.hidden = false; });
    part.querySelectorAll(".upload + button").forEach((one) => { one.hidden = true; });  // choosing uploads at once
  }
  ready(document);
  document.addEventListener("htmx:load", (event) => ready(event.detail.elt));

  // Where one is at work, for the colleagues; and uploads with their progress.
  document.addEventListener("focusin", (event) => {
    const section = event.target.closest("[data-section]");
    if (section) {
      document.getElementById("current-section").value = section.dataset.section;
      document.querySelectorAll(".steps a").forEach((link) => {
        if (link.hash === `#${section.id}`) { link.setAttribute("aria-current", "step"); } else { link.removeAttribute("aria-current"); }
      });
    }
  });
  // Choosing or dropping files sends them; the file input stands inside the answers and is none of them.
  document.addEventListener("change", (event) => {
    const upload = event.target.type === "file" && event.target.form;
    if (!upload || !upload.matches(".upload-form")) { return; }
    event.stopPropagation();
    if (event.target.files.length) { upload.requestSubmit(); }
  }, true);
  const filesOf = (upload) => upload.matches && upload.matches(".upload-form")
    && document.querySelector(upload.getAttribute("hx-target"));
  document.addEventListener("htmx:xhr:progress", (event) => {
    const place = filesOf(event.detail.elt || event.target), bar = place && place.querySelector(".upload-progress");
    if (bar && event.detail.lengthComputable) { bar.hidden = false; bar.value = 100 * event.detail.loaded / event.detail.total; }
  });
  // An upload that did not come through: the files are still chosen, and the button sends them again.
  document.addEventListener("htmx:afterRequest", (event) => {
    const place = !event.detail.successful && filesOf(event.detail.elt);
    if (!place) { return; }
    place.querySelector(".upload-progress").hidden = true;
    if (place.querySelector("input[type=file]").files.length) { place.querySelector(".upload + button").hidden = false; }
  });
}
