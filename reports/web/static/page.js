// What pages do without being loaded anew. Each page works without it, through its forms and links.
//
// data-part="ID"      on a form: its answer replaces the element of that id, instead of the page
// data-live           on a form: it is sent as soon as something in it changes, also while a slider is dragged
// data-show="ID"      on an input: the element of that id shows its value
// data-key="k"        on a button, link or field: the key k (without ctrl, outside of text fields) presses or focuses it
// data-pair           around a number and its slider: each follows the other
// data-rising         around several numbers: whichever is moved takes along those that would be out of order
// data-add="ID"       on a button: puts a copy of the template of that id at the end of what its aria-controls names
// data-remove="CSS"   on a button: takes away what it is in
// data-reveal         on a button: what its aria-controls names is no longer blurred
"use strict";

const say = (words) => { document.getElementById("said").textContent = words; };
const inText = (node) => node.closest("textarea, select, input:not([type=radio], [type=checkbox], [type=range], [type=submit])");

async function sendPart(form) {
  const target = document.getElementById(form.dataset.part);
  const values = new URLSearchParams(new FormData(form));
  const isGet = form.method === "get";
  const address = new URL(form.action);
  if (isGet) address.search = values;
  target.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { method: form.method, body: isGet ? undefined : values, headers: { "X-Part": "1" } });
    if (answer.redirected && new URL(answer.url).pathname === "/login") { location.assign(answer.url); return; }
    const text = await answer.text();
    target.replaceChildren(new DOMParser().parseFromString(text, "text/html").body);
    target.replaceChildren(...target.firstElementChild.childNodes);
    target.dispatchEvent(new CustomEvent("part", { bubbles: true }));
  } catch {
    say("The service does not answer; nothing was changed.");
  } finally {
    target.removeAttribute("aria-busy");
  }
}

// One request at a time for each form; of what changes meanwhile only the latest is sent.
const sending = new WeakMap();
async function sendLatest(form) {
  if (sending.has(form)) { sending.set(form, true); return; }
  do {
    sending.set(form, false);
    await sendPart(form);
  } while (sending.get(form));
  sending.delete(form);
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.part) return;
  event.preventDefault();
  sendLatest(event.target);
});

function follow(node) {
  const box = node.closest("[data-pair]");
  if (box && node.value) for (const other of box.querySelectorAll("input")) if (other !== node) other.value = node.value;
}

function keepRising(node) {
  const numbers = [...node.closest("[data-rising]")?.querySelectorAll("input[type=number]") ?? []];
  const moved = numbers.find((one) => one === node || one.closest("[data-pair]") === node.closest("[data-pair]"));
  const place = numbers.indexOf(moved);
  numbers.forEach((other, at) => {
    if (!other.value || !moved.value || (at < place ? Number(other.value) <= Number(moved.value) : Number(other.value) >= Number(moved.value))) return;
    other.value = moved.value;
    follow(other);
  });
}

document.addEventListener("input", (event) => {
  follow(event.target);
  keepRising(event.target);
  const shown = event.target.dataset.show && document.getElementById(event.target.dataset.show);
  if (shown) shown.textContent = event.target.value;
  const form = event.target.form;
  if (form && form.dataset.live !== undefined) sendLatest(form);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  if (inText(event.target)) { if (event.key === "Escape") event.target.blur(); return; }
  const found = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key && !one.disabled && one.checkVisibility());
  if (!found) return;
  event.preventDefault();
  if (found.matches("textarea, select, input:not([type=radio], [type=checkbox])")) found.focus(); else found.click();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  if (!button) return;
  const shown = document.getElementById(button.getAttribute("aria-controls")).classList.toggle("revealed");
  button.setAttribute("aria-expanded", String(shown));
});

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]"), remove = event.target.closest("[data-remove]");
  if (add) {
    const list = document.getElementById(add.getAttribute("aria-controls"));
    list.append(document.getElementById(add.dataset.add).content.cloneNode(true));
    list.lastElementChild.querySelector("select, input").focus();
  }
  if (remove) {
    const box = remove.closest(remove.dataset.remove);
    const form = box.querySelector("input, select").form;
    box.remove();
    if (form.dataset.live !== undefined) sendLatest(form);
  }
});
