// Small behaviour beside htmx. Everything works without it; nothing here decides anything.
"use strict";

// A refused or lost request must be seen and heard, and nothing that was typed goes away (H10).
const chinese = document.documentElement.lang.startsWith("zh");
for (const lost of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(lost, () => say(chinese
    ? "网络连接中断：内容仍在页面上，请稍后重试。" : "The connection was lost: what you typed is still here. Please try again."));
}

// Our own refusals bring their sentence. An error that comes from somewhere before us brings a page of its own:
// that is never put into ours, and the same is said in our words.
const REFUSED = {
  401: ["登录已失效：请重新登录。尚未保存的内容保留在此浏览器中。", "You are no longer signed in. Please sign in again; what is not saved yet is kept in this browser."],
  413: ["文件太大，服务器没有接收。", "The file is too large: the server did not take it."],
  429: ["操作太频繁，请稍后再试；内容仍在页面上。", "Too many tries. Please wait a little; what you typed is still here."],
};
const OTHERWISE = ["服务器没有接受这次操作，未作任何更改；内容仍在页面上，请稍后重试。", "The server did not take this, and nothing was changed. What you typed is still here. Please try again later."];
document.addEventListener("htmx:beforeSwap", (event) => {
  const xhr = event.detail.xhr;
  if (xhr.status < 400 || xhr.status === 409 || xhr.status === 422 || xhr.getResponseHeader("HX-Retarget")) { return; }
  event.detail.shouldSwap = false;
  say((REFUSED[xhr.status] || OTHERWISE)[chinese ? 0 : 1]);
});

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
  for (let folded = field.closest("details"); folded; folded = folded.parentElement.closest("details")) { folded.open = true; }
  const slot = document.getElementById(field.id.replace("field-", "slot-")) || field;
  const input = field.querySelector("input:not([type=hidden]), textarea, select") || slot.querySelector("input, textarea, select");
  if (input) { event.preventDefault(); field.scrollIntoView({ block: "center", behavior: "instant" }); input.focus(); }
});

// A link to something folded unfolds it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href='#missing'], a[href='#findings']");
  const place = link && document.getElementById(link.hash.slice(1));
  const folded = place && (place.matches("details") ? place : place.querySelector("details"));
  if (folded) { folded.open = true; }
});

// Who signs out leaves nothing of what was typed in this browser, whatever page it is done from.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("form[action$='/logout']")) { return; }
  try {
    Object.keys(localStorage).filter((name) => name.startsWith("hbreview.unsaved.")).forEach((name) => localStorage.removeItem(name));
  } catch { /* a browser that keeps nothing has nothing to clear */ }
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

// The review shows what is saved: something typed that is still only in this browser must not be forgotten there.
const review = document.querySelector("[data-unsaved-of]");
if (review) {
  let left = 0;
  try { left = Object.keys(JSON.parse(localStorage.getItem(`hbreview.unsaved.${review.dataset.unsavedOf}`)) || {}).length; } catch { left = 0; }
  if (left) { review.hidden = false; review.querySelector("b").textContent = left; }
}

// A menu of the bar closes by Escape, by a press elsewhere, and when the cursor leaves it; Escape goes back to its name.
document.addEventListener("click", (event) => leave(event.target));
document.addEventListener("focusin", (event) => leave(event.target));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});

function leave(place) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(place)) { menu.open = false; }
  }
}
