// Single keys that lead on; the page of help lists them, and switches them off. None is taken from
// a field, from an input method, or with a modifier. Also: which language's list is shown on a phone.

const FIELDS = "input, textarea, select, [contenteditable], [role=combobox], [role=listbox], dialog";
const PAIR_MS = 1500;

let began = 0; // when "g" was pressed

function wanted() {
  try {
    return localStorage.getItem("songngu.keys") !== "false";
  } catch {
    return true; // nothing can be kept: nothing was switched off
  }
}

function hits() {
  return [...document.querySelectorAll(".hit h2 a, .hit h3 a")].filter((link) => link.checkVisibility());
}

function step(by) {
  const links = hits();
  if (!links.length) return;
  const here = document.activeElement.closest(".hit");
  const place = links.findIndex((link) => link.closest(".hit") === here);
  const next = place < 0 ? (by > 0 ? 0 : links.length - 1) : place + by;
  links[Math.max(0, Math.min(links.length - 1, next))].focus();
}

function goTo(id) {
  if (document.getElementById(id)) location.hash = id;
}

const keys = {
  "/": () => {
    const box = document.getElementById("q");
    box?.focus();
    box?.select();
    return Boolean(box);
  },
  "?": () => {
    location.href = `${document.querySelector("link[rel=help]").href}#keys`;
  },
  j: () => step(1),
  k: () => step(-1),
};
const afterG = {
  v: () => goTo("in-vi"),
  e: () => goTo("in-en"),
  h: () => document.querySelector("a.brand").click(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(FIELDS) || !wanted()) return;
  const second = performance.now() - began < PAIR_MS && afterG[event.key];
  began = event.key === "g" ? performance.now() : 0;
  const action = second || (Object.hasOwn(keys, event.key) && keys[event.key]);
  if (action && action() !== false) event.preventDefault();
});

// The language whose list is shown on a phone is the current one of the links above the lists, and
// stays it on the next page of results.
function showCurrent() {
  const links = [...document.querySelectorAll(".jump a")];
  if (!links.length) return;
  const chosen = links.find((link) => link.hash === location.hash) ?? links.find((link) => link.dataset.first);
  for (const link of links) {
    if (link === chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (const page of document.querySelectorAll(".pages a")) {
    page.hash = links.some((link) => link.hash === location.hash) ? location.hash : "";
  }
}
addEventListener("hashchange", showCurrent);
showCurrent();
