// Which suspects are selected, on lists and pages alike, until one verdict was given about them or the tab is closed.
"use strict";

const MOST_SELECTED = 200;

function selection() {
  try {
    return new Set(JSON.parse(sessionStorage.getItem("selected") ?? "[]"));
  } catch {
    return new Set();
  }
}

function setSelected(suspect, on) {
  const found = selection();
  if (on && found.size < MOST_SELECTED) found.add(suspect);
  else found.delete(suspect);
  sessionStorage.setItem("selected", JSON.stringify([...found]));
  return found.has(suspect);
}

// What was decided about is no longer selected.
if (document.querySelector("[data-selection=decided]")) sessionStorage.removeItem("selected");
