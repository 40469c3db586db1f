// What the pages of queue and case do besides page.js.
//
// data-load="ADDRESS"  is filled with what is there, once the page is shown
// data-keep="ADDRESS"  is posted to every few minutes while somebody is at the page, and filled with the answer
// data-ballot          a form: category and reason are needed unless the vote is 0; ctrl and enter send it from any field
"use strict";

const PART = { "X-Part": "1" };
const AWAY_MS = 20 * 60 * 1000, KEEP_MS = 3 * 60 * 1000;
let lastTouched = Date.now();
for (const kind of ["keydown", "pointerdown", "scroll"]) document.addEventListener(kind, () => { lastTouched = Date.now(); }, { passive: true });

async function fill(node, address, method) {
  const answer = await fetch(address, { method, headers: PART });
  if (!answer.ok || answer.redirected) return;
  node.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
}

for (const node of document.querySelectorAll("[data-load]")) fill(node, node.dataset.load, "GET").catch(() => {});

for (const node of document.querySelectorAll("[data-keep]")) {
  setInterval(() => {
    if (document.visibilityState === "visible" && Date.now() - lastTouched < AWAY_MS) fill(node, node.dataset.keep, "POST").catch(() => {});
  }, KEEP_MS);
}

for (const form of document.querySelectorAll("[data-ballot]")) {
  const category = form.elements.category, rationale = form.elements.rationale, always = rationale.required;
  const check = () => {
    const harmful = form.elements.vote.value !== "" && form.elements.vote.value !== "0";
    category.required = harmful;
    rationale.required = always || harmful;
    for (const hint of form.querySelectorAll("[data-needed]")) hint.classList.toggle("needed", harmful);
  };
  form.addEventListener("change", check);
  check();
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(form.querySelector("button[name=then]")); }
  });
}
