// The monitor form: the preview follows what is chosen. Without this script a button shows it.
"use strict";

const form = document.getElementById("monitor-form");
let waiting = 0;
let asked = 0;

function fillTimeZone() {
  const zone = document.getElementById("time_zone");
  const zones = document.getElementById("zones");
  if (!zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  for (const name of Intl.supportedValuesOf?.("timeZone") ?? []) zones.append(new Option(name));
}

async function preview() {
  const number = ++asked;
  const fields = new URLSearchParams(new FormData(form));
  fields.set("step", "preview");
  const answer = await fetch(form.action, { method: "POST", body: fields, credentials: "same-origin" });
  if (!answer.ok || number !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("preview");
  if (!fresh || number !== asked) return;
  // The buttons stay: one of them may have the focus, or be about to be pressed.
  const shown = document.getElementById("preview");
  for (const node of [...shown.children]) if (!node.matches("h2, .actions")) node.remove();
  const buttons = shown.querySelector(".actions");
  for (const node of [...fresh.children]) if (!node.matches("h2, .actions")) shown.insertBefore(document.adoptNode(node), buttons);
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => preview().catch(() => {}), 300);
}

// Choosing a product, a day or a number means the choice that it belongs to.
function choose(target) {
  const belongs = { product: ["scope", "chosen"], weekday: ["rhythm", "weekly"], number: ["rhythm", "interval"], unit: ["rhythm", "interval"], cron: ["rhythm", "cron"] };
  const [name, value] = belongs[target.name] ?? [];
  if (name) form.querySelector(`input[name="${name}"][value="${value}"]`).checked = true;
}

form.classList.add("live");
fillTimeZone();
form.addEventListener("input", (event) => {
  choose(event.target);
  soon();
});
soon();
