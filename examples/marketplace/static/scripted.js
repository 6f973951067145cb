"use strict";

// Fetches the page's content and puts it in the place of the empty shell.
async function show() {
  const answer = await fetch("/-/content" + location.pathname + location.search);
  const content = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.title = content.title;
  document.head.append(...content.head.children);
  document.body.replaceChildren(...content.body.childNodes);
}

show();
