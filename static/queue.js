// The queue: choosing all rows, and rows that are replaced while somebody works on them. Everything works without it.
"use strict";

const boxes = () => Array.from(document.querySelectorAll("#queue input[name=row]"));

// Whether all are chosen follows from the rows.
function tally() {
  const all = document.getElementById("all-rows");
  if (!all) { return; }
  const chosen = boxes().filter((box) => box.checked).length;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
}

document.addEventListener("change", (event) => {
  if (event.target.id === "all-rows") { boxes().forEach((box) => { box.checked = event.target.checked; }); }
  if (event.target.id === "all-rows" || event.target.name === "row") { tally(); }
});

// A row that is replaced stays chosen if it was, on the version that was seen, and keeps the focus at the place that had it.
const PLACES = "a, input, button";
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const old = event.detail.target;
  if (!old.id.startsWith("row-")) { return; }
  const box = old.querySelector("input[name=row]"), fresh = event.detail.fragment.querySelector("input[name=row]");
  // Chosen is what was seen: the version stays, and the server says that it has changed since.
  if (box && fresh && box.checked) { fresh.checked = true; fresh.value = box.value; }
  const focused = document.activeElement;
  if (!old.contains(focused)) { return; }
  const place = Array.from(old.querySelectorAll(PLACES)).indexOf(focused);
  const id = old.id;
  queueMicrotask(() => {
    const row = document.getElementById(id);
    const found = row && (row.querySelectorAll(PLACES)[place] || row.querySelector(PLACES));
    if (found) { found.focus({ preventScroll: true }); }
    tally();
  });
});

// What only a script can do is shown when there is one.
function ready() {
  document.querySelectorAll("#queue .needs-script").forEach((one) => { one.hidden = false; });
  tally();
  const list = document.getElementById("queue"), kept = document.getElementById("view-query");
  if (list && kept) { kept.value = list.dataset.view; }
}
document.addEventListener("DOMContentLoaded", ready);
document.addEventListener("htmx:load", ready);
