// Products, brands, sellers: dropping and pasting pictures, ticks counted, progress watched. Without it all works alike.
"use strict";

document.documentElement.classList.add("scripted");

// ------------------------------------------------------------------------------------------------ progress

async function watch() {
  while (document.querySelector("[data-under-way]")) {
    await new Promise((done) => setTimeout(done, 1000));
    const answer = await fetch(window.location.href, { credentials: "same-origin" }).catch(() => null);
    if (!answer || !answer.ok) continue;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [before, after] = [document, page].map((one) => one.querySelector("[data-under-way]"));
    if (before && after) {
      // Only what has changed, so that the focus stays where it is.
      for (const part of ["[role=status]", "progress"]) before.querySelector(part)?.replaceWith(document.adoptNode(after.querySelector(part)));
    } else {
      document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
      document.title = page.title;
      const heading = document.querySelector("main h1");
      heading.tabIndex = -1;
      heading.focus();
      prepare();
    }
  }
}

// --------------------------------------------------------------------------------------------------- ticks

function count() {
  for (const form of document.querySelectorAll("form.draft")) {
    const chosen = form.querySelectorAll("[name=chosen]:checked").length;
    for (const button of form.querySelectorAll("[data-count-many]")) {
      button.textContent = (chosen === 1 ? button.dataset.countOne : button.dataset.countMany).replace("{}", chosen);
    }
  }
}

document.addEventListener("change", (event) => {
  if (event.target.name === "chosen") count();
});
document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-choose]");
  if (!choice) return;
  for (const box of choice.form.querySelectorAll("[name=chosen]")) box.checked = choice.dataset.choose === "all";
  count();
});

// ------------------------------------------------------------------------------------ dropping and pasting

function take(form, files) {
  const input = form.querySelector("input[type=file]");
  if (!input || !files.length) return;
  const held = new DataTransfer();
  for (const file of files) held.items.add(file);
  input.files = held.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  if (form.hasAttribute("data-one-by-one")) form.requestSubmit();
}

function formAt(event) {
  return event.target.closest?.("form[data-drop]") ?? document.querySelector("form[data-one-by-one]");
}

function hasFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

document.addEventListener("dragover", (event) => {
  const form = hasFiles(event) ? formAt(event) : null;
  if (!form) return;
  event.preventDefault();
  form.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) for (const form of document.querySelectorAll(".dropping")) form.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  for (const form of document.querySelectorAll(".dropping")) form.classList.remove("dropping");
  const form = hasFiles(event) ? formAt(event) : null;
  if (!form) return;
  event.preventDefault();
  take(form, event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  const form = formAt(event);
  if (!files.length || !form) return;
  event.preventDefault();
  take(form, files);
});

// Each picture in a request of its own: together they may be larger than one request is read.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-one-by-one")) return;
  const input = form.querySelector("input[type=file]");
  if (input.files.length < 2) return;
  event.preventDefault();
  const lines = document.createElement("ul");
  lines.className = "sending";
  lines.setAttribute("role", "status");
  form.append(lines);
  let refused = 0;
  for (const file of input.files) {
    const line = document.createElement("li");
    line.textContent = file.name;
    lines.append(line);
    const fields = new FormData();
    fields.append("csrf_token", form.elements.csrf_token.value);
    fields.append(input.name, file);
    const answer = await fetch(form.action, { method: "POST", body: fields, credentials: "same-origin", redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") {
      line.textContent += " ✓";
      continue;
    }
    refused += 1;
    const page = answer ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    line.className = "wrong";
    // Why this picture was refused; else, what was wrong with the request, such as its size.
    const said = page?.querySelector("main .error li") ?? page?.querySelector("main h1 + p");
    line.textContent = said?.textContent.trim() ?? `${file.name}: ?`;
  }
  if (!refused) {
    window.location.reload();
    return;
  }
  // What was kept is shown; what was refused stays readable beside it.
  const answer = await fetch(window.location.href, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector(".references")?.replaceWith(document.adoptNode(page.querySelector(".references")));
  input.value = "";
});

function prepare() {
  count();
  watch();
}
prepare();
