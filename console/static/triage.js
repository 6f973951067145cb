// The suspect page by keyboard. Everything here is also a link or a button: without this script the page works alike.
"use strict";

// The next page, asked for while this one is looked at.
let following = null;
// The verdict that `u` takes back: where, and the revision that it has made.
let last = null;

function byKey(key) {
  return document.querySelector(`main [data-key="${CSS.escape(key)}"]`);
}

// What is said here, in the reader's language.
function words() {
  return document.getElementById("said")?.dataset ?? {};
}

function filled(text, values) {
  return text.replace(/{(\w+)}/g, (_, name) => values[name]);
}

function say(text, link) {
  const place = document.getElementById("said");
  if (!place) return;
  place.textContent = text + " ";
  if (link) {
    const back = document.createElement("a");
    back.href = link;
    back.textContent = words().again;
    place.append(back);
  }
  place.hidden = false;
}

async function load(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // Its pictures come while this one is still looked at.
  for (const image of page.querySelectorAll(".compare img")) new Image().src = image.getAttribute("src");
  return page;
}

function showSelection() {
  const button = document.getElementById("select");
  const link = document.getElementById("selected");
  if (!button || !link) return;
  const found = selection();
  button.hidden = false;
  button.setAttribute("aria-pressed", String(found.has(button.dataset.suspect)));
  button.onclick = () => { setSelected(button.dataset.suspect, !selection().has(button.dataset.suspect)); showSelection(); };
  link.hidden = found.size === 0;
  link.textContent = link.dataset.count.replace("{count}", found.size);
  const search = new URLSearchParams(window.location.search);
  for (const suspect of found) search.append("suspect", suspect);
  link.href = `/suspects/many?${search}`;
}

function prepare() {
  showSelection();
  const link = byKey("j");
  const help = document.getElementById("show-help");
  help.hidden = false;
  help.onclick = showHelp;
  following = link ? { address: link.href, page: load(link.href).catch(() => null) } : null;
}

function show(page, address) {
  document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
  document.title = page.title;
  history.pushState(null, "", address);
  window.scrollTo(0, 0);
  const heading = document.querySelector("main h1");
  heading.tabIndex = -1;
  heading.focus();
  prepareComparison();
  prepare();
}

async function go(address) {
  const known = following && following.address === address ? await following.page : null;
  if (known) show(known, address);
  else window.location.assign(address);
}

async function send(address, fields) {
  // Kept alive when the person goes on to another page before it is answered; browsers do that for short bodies only.
  const keepalive = fields.toString().length < 60000;
  const asked = { method: "POST", body: fields, credentials: "same-origin", redirect: "manual", keepalive };
  const answer = await fetch(address, asked);
  if (answer.type === "opaqueredirect") return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("main p")?.textContent || filled(words().refused, { status: answer.status });
}

async function decide(form, button) {
  const here = window.location.href;
  const fields = new URLSearchParams(new FormData(form, button));
  const putOff = button.name === "until";
  const undone = putOff ? form.action.replace("/snooze", "/wake") : form.action.replace("/verdict", "/undo");
  const word = button.lastChild.textContent.trim();
  const said = putOff ? filled(words().snoozed, { until: word }) : filled(words().decided, { verdict: word });
  const sent = send(form.action, fields).catch(() => words().away);
  last = { address: undone, back: here, token: fields.get("csrf_token"), revision: Number(fields.get("revision")) + 1, sent };
  // The next one is shown at once; a refusal is said there.
  const next = following;
  const page = next ? await next.page : null;
  if (page) show(page, next.address);
  const refused = await sent;
  if (refused) {
    last = null;
    say(refused, here);
  } else if (page) {
    say(said);
  } else {
    window.location.assign(next ? next.address : byKey("/").href);
  }
}

async function undo() {
  if (!last) {
    byKey("u")?.click();
    return;
  }
  const taken = last;
  last = null;
  await taken.sent;
  const fields = new URLSearchParams({ csrf_token: taken.token, revision: taken.revision });
  const refused = await send(taken.address, fields).catch(() => words().away);
  if (refused) say(refused, taken.back);
  else window.location.assign(taken.back);
}

// WCAG 2.2, 2.1.4: keys that are single characters can be turned off.
function keysWork() {
  return localStorage.getItem("keys") !== "off";
}

function showHelp() {
  const choice = document.getElementById("keys");
  choice.checked = keysWork();
  choice.onchange = () => localStorage.setItem("keys", choice.checked ? "on" : "off");
  document.getElementById("help").showModal();
}

function flip(on) {
  document.querySelector(".compare")?.classList.toggle("flipped", on);
}

// While putting off is open, 1 to 3 say until when.
function choiceOf(key) {
  return document.querySelector(`#snooze[open] [data-choice="${CSS.escape(key)}"]`);
}

function openSnooze() {
  const place = document.getElementById("snooze");
  place.open = !place.open;
  if (place.open) place.querySelector("[data-choice]").focus();
}

function isTyping(target) {
  return target.matches("input:not([type=hidden], [type=checkbox]), select, textarea, [contenteditable]") || !!target.closest("dialog[open]");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form.decide") || !event.submitter || !["kind", "until"].includes(event.submitter.name)) return;
  event.preventDefault();
  decide(form, event.submitter);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "?") showHelp();
  else if (!keysWork()) return;
  else if (event.key === "u") undo();
  else if (event.key === "s" && document.getElementById("snooze")) openSnooze();
  else if (choiceOf(event.key)) choiceOf(event.key).click();
  else if (event.key === "o") document.getElementById("overlay")?.toggleAttribute("open");
  else if (zoomKey(event)) return event.preventDefault();
  else if (event.key === " " && event.target.matches("body, h1, main")) flip(true);
  else if (byKey(event.key)) {
    const found = byKey(event.key);
    if (found.matches("a") && event.key === "j") go(found.href);
    else found.click();
  } else return;
  event.preventDefault();
});
document.addEventListener("keyup", (event) => {
  if (event.key === " ") flip(false);
});
window.addEventListener("popstate", () => window.location.reload());
prepare();
