// Both pictures of a comparison move together: by wheel (with Ctrl, or where a picture has the focus), drag, buttons, keys.
"use strict";

const LARGEST = 12;
// How large both are, and how far from the middle, in parts of their width and height.
let zoom = { scale: 1, x: 0, y: 0 };

function views() {
  return document.querySelectorAll(".compare .view");
}

function setZoom(scale, x, y) {
  scale = Math.min(LARGEST, Math.max(1, scale));
  const most = (scale - 1) / 2;
  zoom = { scale, x: Math.min(most, Math.max(-most, x)), y: Math.min(most, Math.max(-most, y)) };
  for (const view of views()) {
    view.classList.toggle("zoomed", scale > 1);
    const image = view.querySelector("img");
    if (image) image.style.transform = `translate(${zoom.x * 100}%, ${zoom.y * 100}%) scale(${scale})`;
  }
  const said = document.querySelector("#zoom output");
  if (said) said.textContent = `${Math.round(scale * 100)} %`;
}

function zoomBy(factor, at) {
  const scale = Math.min(LARGEST, Math.max(1, zoom.scale * factor));
  const grown = scale / zoom.scale;
  const [x, y] = at ?? [0, 0];
  // What lies under the pointer stays there.
  setZoom(scale, x - (x - zoom.x) * grown, y - (y - zoom.y) * grown);
}

function placeIn(view, event) {
  const box = view.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5];
}

// Whether a key moved the pictures.
function zoomKey(event) {
  if (!views().length) return false;
  const step = 0.1;
  const inView = event.target.matches(".view");
  if (event.key === "+" || event.key === "=") zoomBy(1.25);
  else if (event.key === "-") zoomBy(0.8);
  else if (event.key === "0") setZoom(1, 0, 0);
  else if (inView && event.key === "ArrowLeft") setZoom(zoom.scale, zoom.x + step, zoom.y);
  else if (inView && event.key === "ArrowRight") setZoom(zoom.scale, zoom.x - step, zoom.y);
  else if (inView && event.key === "ArrowUp") setZoom(zoom.scale, zoom.x, zoom.y + step);
  else if (inView && event.key === "ArrowDown") setZoom(zoom.scale, zoom.x, zoom.y - step);
  else return false;
  return true;
}

function drag(view, begun) {
  const [fromX, fromY] = placeIn(view, begun);
  const from = { ...zoom };
  const move = (event) => {
    const [x, y] = placeIn(view, event);
    setZoom(from.scale, from.x + x - fromX, from.y + y - fromY);
  };
  view.setPointerCapture(begun.pointerId);
  view.addEventListener("pointermove", move);
  view.addEventListener("pointerup", () => view.removeEventListener("pointermove", move), { once: true });
}

function prepareView(view) {
  view.tabIndex = 0;
  view.setAttribute("role", "group");
  view.setAttribute("aria-label", view.querySelector("img")?.alt ?? "");
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== view) return;
    event.preventDefault();
    zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2, placeIn(view, event));
  }, { passive: false });
  view.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && zoom.scale > 1) drag(view, event);
  });
  view.addEventListener("dblclick", (event) => zoomBy(2, placeIn(view, event)));
  view.addEventListener("dragstart", (event) => event.preventDefault());
}

function prepareOverlay() {
  const slider = document.querySelector(".opacity input");
  const layers = document.querySelector(".layers");
  if (!slider || !layers) return;
  slider.closest("label").hidden = false;
  layers.classList.add("stacked");
  const show = () => { layers.querySelector(".above").style.opacity = String(slider.value / 100); };
  slider.addEventListener("input", show);
  show();
}

function prepareComparison() {
  const tools = document.getElementById("zoom");
  if (tools && views().length) {
    tools.hidden = false;
    tools.onclick = (event) => {
      const asked = event.target.dataset.zoom;
      if (asked === "in") zoomBy(1.25);
      else if (asked === "out") zoomBy(0.8);
      else if (asked) setZoom(1, 0, 0);
    };
  }
  views().forEach(prepareView);
  setZoom(1, 0, 0);
  prepareOverlay();
}

prepareComparison();
