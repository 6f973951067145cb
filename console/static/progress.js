// What is under way, live. Without this script the page says the same each time it is loaded.
"use strict";

let source = null;

function say(id, text) {
  const place = document.getElementById(id);
  if (place && place.textContent !== text) place.textContent = text;
}

function place() {
  return document.getElementById("progress");
}

function show(told) {
  const fresh = new DOMParser().parseFromString(told.html, "text/html").body;
  if (fresh.textContent.trim() !== place().textContent.trim()) replace(fresh);
  say("outcome", told.words);
  say("found-so-far", String(told.suspects));
  if (told.over) ended();
}

// Of a table only the rows: it keeps its place when it is scrolled, and the focus when it has it.
function replace(fresh) {
  const [rows, shown] = [fresh, place()].map((one) => one.querySelector("tbody"));
  if (rows && shown) {
    shown.replaceWith(document.adoptNode(rows));
    return;
  }
  const focused = place().contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place().replaceChildren(...document.adoptNode(fresh).childNodes);
  if (focused) [...place().querySelectorAll("a")].find((one) => one.getAttribute("href") === focused)?.focus();
}

// The whole page once more, for what is said of a run only at its end.
async function ended() {
  stop();
  const answer = await fetch(window.location.href, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement?.closest("main") !== null && document.activeElement !== document.body;
  document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
  if (focused) {
    const heading = document.querySelector("main h1");
    heading.tabIndex = -1;
    heading.focus();
  }
}

function stop() {
  source?.close();
  source = null;
}

function follow() {
  if (source || !place() || place().dataset.open !== "yes" || document.hidden) return;
  const run = place().dataset.run;
  source = new EventSource(run ? `/progress?run=${encodeURIComponent(run)}` : "/progress");
  source.addEventListener("open", () => document.getElementById("live")?.setAttribute("hidden", ""));
  source.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    document.getElementById("live")?.removeAttribute("hidden");
    if (source?.readyState === EventSource.CLOSED) source = null;
  });
}

// Nobody looks at a hidden page: it costs nothing, and tells all at once when it is looked at again.
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : follow()));
window.addEventListener("pagehide", stop);
follow();
