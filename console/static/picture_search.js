// A picture may also be dropped or pasted; without this script it is chosen from a file.
"use strict";

const form = document.getElementById("drop");
const input = document.getElementById("file");

function search(files) {
  if (![...files].some((file) => file.type.startsWith("image/"))) return false;
  const one = new DataTransfer();
  one.items.add([...files].find((file) => file.type.startsWith("image/")));
  input.files = one.files;
  form.requestSubmit();
  return true;
}

document.getElementById("drop-hint").hidden = false;
document.addEventListener("paste", (event) => { if (search(event.clipboardData.files)) event.preventDefault(); });
document.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
document.addEventListener("dragleave", () => form.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  search(event.dataTransfer.files);
});
