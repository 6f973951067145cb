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

function prepare() {
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
  const undone = form.action.replace("/verdict", "/undo");
  const said = button.lastChild.textContent.trim();
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
    say(filled(words().decided, { verdict: said }));
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

function isTyping(target) {
  return target.matches("input:not([type=hidden], [type=checkbox]), select, textarea, [contenteditable]") || !!target.closest("dialog[open]");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form.decide") || !event.submitter || event.submitter.name !== "kind") return;
  event.preventDefault();
  decide(form, event.submitter);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "?") showHelp();
  else if (!keysWork()) return;
  else if (event.key === "u") undo();
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
