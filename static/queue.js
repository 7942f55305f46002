// The queue: choosing all rows, and rows that are replaced while somebody works on them. It works without.
"use strict";

document.addEventListener("change", (event) => {
  if (event.target.id !== "all-rows") { return; }
  document.querySelectorAll("#queue input[name=row]").forEach((box) => { box.checked = event.target.checked; });
});

// A row that is new stays chosen if it was, on its newest version, and keeps the cursor.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const old = event.detail.target.querySelector("input[name=row]");
  const fresh = event.detail.fragment.querySelector("input[name=row]");
  if (old && fresh) { fresh.checked = old.checked; }
});

function ready() { document.querySelectorAll("#queue .needs-script").forEach((one) => { one.hidden = false; }); }
ready();
document.addEventListener("htmx:load", ready);
