// On every page: times in the reader's own zone, UTC when pointed at.
"use strict";

function localTimes(place) {
  const written = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of place.querySelectorAll("time[datetime]:not([title])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    time.title = moment.toISOString().slice(0, 19).replace("T", " ") + " UTC";
    time.textContent = written.format(moment);
  }
}

localTimes(document);
// What a page loads later has times as well.
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1) localTimes(node.parentNode ?? node);
}).observe(document.body, { childList: true, subtree: true });
