// Small behaviour beside htmx. Everything works without it; nothing here decides anything.
"use strict";

// A refused or lost request must be seen and heard, and nothing that was typed goes away (H10).
document.addEventListener("htmx:sendError", () => say(document.documentElement.lang.startsWith("zh")
  ? "网络连接中断：内容仍在页面上，请稍后重试。" : "The connection was lost: what you typed is still here. Please try again."));

function say(text) {
  const place = document.getElementById("messages");
  if (place) { place.textContent = text; }
}

// The value that the page came with.
function standing(input) {
  if (input.tagName !== "SELECT") { return input.defaultValue; }
  const chosen = Array.from(input.options).find((option) => option.defaultSelected);
  return chosen ? chosen.value : "";
}

// A link to a field opens whatever it is folded into and puts the cursor there.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#field-']");
  const field = link && document.getElementById(link.getAttribute("href").slice(1));
  if (!field) { return; }
  const input = field.querySelector("input:not([type=hidden]), textarea, select");
  if (input) { event.preventDefault(); field.scrollIntoView({ block: "center" }); input.focus(); }
});

// One press, one request: the server recognises repeats, this only spares the wait (C05).
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button && !event.target.hasAttribute("hx-post") && event.target.method === "post") {
    setTimeout(() => { button.disabled = true; }, 0);
    setTimeout(() => { button.disabled = false; }, 4000);
  }
});

// After Back the page may be old: it is fetched again, never shown from memory (H06).
window.addEventListener("pageshow", (event) => { if (event.persisted) { window.location.reload(); } });
