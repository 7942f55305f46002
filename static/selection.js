// Many at once: a selection is sent group by group, so that one sees how far it is and can stop. Decides nothing:
// without it the same form sends everything at once and the answer is the whole report.
"use strict";

{
  const GROUP = 4, PATIENCE = 120000;  // milliseconds
  const STEPWISE = new Set(["approve", "remind", "send_back"]);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const rowsOf = (form) => new FormData(form).getAll("row");

  function make(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  // The place under the form where the run is shown; a new run takes that of the one before.
  function stage(form) {
    if (form.stage) { form.stage.remove(); }
    const bar = make("progress", { value: 0 }), text = make("p", { className: "selection-live", tabIndex: -1 });
    const stop = make("button", { type: "button", className: "btn btn-outline-secondary btn-sm", textContent: form.dataset.stop });
    const list = make("ol", { className: "selection-report" });
    text.setAttribute("role", "status");
    bar.setAttribute("aria-label", form.dataset.report);
    list.setAttribute("aria-label", form.dataset.report);
    form.stage = make("section", { className: "selection-stage" }, bar, text, stop, list);
    form.after(form.stage);
    return { bar, text, stop, list };
  }

  async function send(form, fields, rows) {
    const body = new URLSearchParams(fields);
    for (const row of rows) { body.append("row", row); }
    const waiting = new AbortController(), timer = setTimeout(() => waiting.abort(), PATIENCE);
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { "HX-Request": "true" }, signal: waiting.signal });
      return [answer.status, new DOMParser().parseFromString(await answer.text(), "text/html")];
    } finally { clearTimeout(timer); }
  }

  // What went through leaves the selection; what did not stays in it, as it stands now.
  function settle(form, item) {
    const input = [...form.elements].find((one) => one.name === "row" && one.value.split(":")[0] === item.dataset.id);
    if (!input) { return; }
    if (item.dataset.done !== "1") {
      // What has changed since is to be looked at first.
      if (item.dataset.stale === "1") { input.checked = false; } else { input.value = item.dataset.row; }
      return;
    }
    if (input.type === "checkbox") { input.checked = false; input.disabled = true; } else { input.remove(); }
  }

  const told = (answer) => (answer.querySelector(".alert, main") || answer.body).textContent.replace(/\s+/g, " ").trim();

  async function run(form, what) {
    const rows = rowsOf(form), shown = stage(form);
    const fields = [...new FormData(form)].filter(([name]) => name !== "row" && name !== "do").concat([["do", what]]);
    const count = { done: 0, all: rows.length, good: 0, bad: 0 };
    const buttons = [...form.elements].filter((one) => one.type === "submit" && !one.disabled);
    let stopped = false, said = "";
    form.running = true;
    for (const button of buttons) { button.disabled = true; }
    shown.stop.addEventListener("click", () => { stopped = true; shown.stop.disabled = true; });
    shown.stop.focus();
    shown.bar.max = rows.length;
    shown.text.textContent = fill(form.dataset.doing, count);
    for (let first = 0; first < rows.length && !stopped && !said; first += GROUP) {
      const group = rows.slice(first, first + GROUP);
      try {
        const [status, answer] = await send(form, fields, group);
        const items = [...answer.querySelectorAll("li[data-done]")];
        if (status !== 200 || items.length !== group.length) { said = told(answer) || fill(form.dataset.lost, count); break; }
        for (const item of items) {
          if (item.dataset.done === "1") { count.good += 1; } else { count.bad += 1; }
          settle(form, item);
          shown.list.append(document.importNode(item, true));
        }
        count.done += group.length;
      } catch { said = fill(form.dataset.lost, count); break; }
      shown.bar.value = count.done;
      shown.text.textContent = fill(form.dataset.doing, count);
    }
    form.running = false;
    for (const button of buttons) { button.disabled = false; }
    const ended = count.done < count.all ? form.dataset.stopped : form.dataset.finished;
    shown.text.textContent = said || fill(ended, count);
    if (document.activeElement === shown.stop || document.activeElement === document.body) { shown.text.focus(); }
    shown.stop.remove();
    tally();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target, what = event.submitter && event.submitter.value;
    if (event.defaultPrevented || !form.matches("form[data-selection]")) { return; }
    if (form.running) { event.preventDefault(); return; }
    if (!STEPWISE.has(what) || rowsOf(form).length <= GROUP) { return; }
    event.preventDefault();
    run(form, what);
  });

  // How many are chosen, beside the buttons.
  function tally() {
    const place = document.querySelector("#selection .selection-count"), form = place && place.closest("form");
    if (!form) { return; }
    const count = rowsOf(form).length;
    place.textContent = String(count);
    place.hidden = count === 0;
  }
  for (const name of ["change", "htmx:afterSettle"]) { document.addEventListener(name, tally); }
  window.addEventListener("pageshow", tally);
}
