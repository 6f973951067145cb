// The list by keyboard: j, k from suspect to suspect, x selects, / searches. Without this script boxes and links do the same.
"use strict";

const boxes = [...document.querySelectorAll("input[name=suspect]")];
const links = [...document.querySelectorAll(".cards h2 a")];
const many = document.getElementById("many");
const all = document.getElementById("all");

function showCount() {
  if (!many) return;
  const count = selection().size;
  many.querySelector("output").textContent = count ? many.dataset.count.replace("{count}", count) : "";
  if (all) all.checked = boxes.length > 0 && boxes.every((box) => box.checked);
}

function choose(box, on) {
  box.checked = setSelected(box.value, on);
}

function move(step) {
  const card = document.activeElement.closest(".card");
  const at = card ? links.findIndex((link) => card.contains(link)) : -1;
  const link = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))];
  link?.focus();
}

for (const box of boxes) {
  box.checked = selection().has(box.value);
  box.addEventListener("change", () => { choose(box, box.checked); showCount(); });
}
if (all) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => { boxes.forEach((box) => choose(box, all.checked)); showCount(); });
}
many?.addEventListener("submit", () => {
  // Selected on other pages of the list, or on suspects' own pages.
  const here = new Set(boxes.map((box) => box.value));
  for (const suspect of selection()) {
    if (here.has(suspect)) continue;
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "suspect", value: suspect });
    many.append(field);
  }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || typing || localStorage.getItem("keys") === "off") return;
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "x") document.activeElement.closest(".card")?.querySelector("input[name=suspect]")?.click();
  else if (event.key === "/") document.getElementById("words").focus();
  else return;
  event.preventDefault();
});
showCount();
