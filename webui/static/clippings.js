// Clippings: stories that a reader keeps in this browser, each with a tag and a note.
//
// Each has a key of its own in localStorage, so that tabs which change different ones at once lose
// nothing; a change reads what is there, changes its part, and writes it back. All text goes into
// the page as text. The words shown come from the server, in data- attributes.

const FORMAT = "songngu-clippings";
const VERSION = 1;
const FIELDS = ["title", "lang", "source", "date", "tag", "note", "clipped"];

const toast = document.getElementById("clipping-status");
const words = toast.dataset;
const KEY = `songngu${words.place}:clipping:`;

// Keeping

function get(id) {
  return read(localStorage.getItem(KEY + id));
}

function read(text) {
  try {
    const value = JSON.parse(text);
    return typeof value?.id === "string" ? value : null;
  } catch {
    return null;
  }
}

function put(id, changes) {
  const changed = { id, ...get(id), ...changes };
  localStorage.setItem(KEY + id, JSON.stringify(changed));
  return changed;
}

function all() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(KEY));
  const found = keys.map((key) => read(localStorage.getItem(key))).filter(Boolean);
  return found.sort((a, b) => String(b.clipped).localeCompare(String(a.clipped)));
}

// Run what uses the storage; where that is full or forbidden, one line says so.
function attempt(action) {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    say(error.name === "QuotaExceededError" ? words.full : words.forbidden);
    return undefined;
  }
}

// Saying

const SHOWN_MS = 8000;
let undo = null;
let hushing;

function say(sentence, values = {}, takeBack = null) {
  const filled = sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const [status, button] = [toast.querySelector("[role=status]"), toast.querySelector("button")];
  status.textContent = "";
  undo = takeBack;
  button.hidden = !takeBack;
  toast.classList.add("shown");
  // A line that says the same again is read out again only if it was away meanwhile.
  setTimeout(() => (status.textContent = filled), 50);
  clearTimeout(hushing);
  if (!takeBack) hushing = setTimeout(hush, SHOWN_MS);
}

function hush() {
  toast.classList.remove("shown");
  toast.querySelector("[role=status]").textContent = "";
  toast.querySelector("button").hidden = true;
  undo = null;
}

toast.querySelector("button").addEventListener("click", () => undo?.());
toast.addEventListener("keydown", (event) => event.key === "Escape" && hush());

function remove(clipping, whenBack) {
  localStorage.removeItem(KEY + clipping.id);
  say(words.removed, clipping, () => {
    attempt(() => {
      put(clipping.id, clipping);
      say(words.restored, clipping);
      refresh();
      whenBack?.();
    });
  });
  refresh();
}

// Buttons at stories

const buttons = [...document.querySelectorAll("button.clip")];
const removedHere = new Map();

for (const button of buttons) {
  const { id, title, lang, source, date } = button.dataset;
  button.hidden = false;
  button.addEventListener("click", () =>
    attempt(() => {
      const there = get(id);
      if (there) {
        removedHere.set(id, there);
        remove(there);
      } else {
        const before = removedHere.get(id) ?? { tag: "", note: "", clipped: new Date().toISOString() };
        put(id, { ...before, title, lang, source, date });
        say(words.clipped, { title });
        refresh();
      }
    }),
  );
}

// The page that lists them

const page = document.getElementById("clippings");
const cards = new Map();
const goneIds = new Set();

function shown() {
  const tag = page.querySelector("#of-tag").value;
  return all().filter((clipping) => !tag || clipping.tag === tag);
}

function list() {
  const clippings = all();
  const tags = [...new Set(clippings.map((one) => one.tag).filter(Boolean))].sort((a, b) =>
    a.localeCompare(b, document.documentElement.lang),
  );
  const choice = page.querySelector("#of-tag");
  const chosen = tags.includes(choice.value) ? choice.value : "";
  choice.replaceChildren(choice.options[0], ...tags.map((tag) => new Option(tag, tag)));
  choice.value = chosen;
  page.querySelector("#tags").replaceChildren(...tags.map((tag) => new Option(tag, tag)));

  // A card that somebody writes in stays, also where its tag no longer is the one chosen.
  const busy = document.activeElement?.closest("#clippings li");
  const visible = clippings.filter(
    (one) => !chosen || one.tag === chosen || (busy && cards.get(one.id) === busy),
  );
  const ids = new Set(visible.map((one) => one.id));
  for (const [id, card] of cards) {
    if (!ids.has(id)) {
      card.remove();
      cards.delete(id);
    }
  }
  let before = null;
  for (const clipping of visible) {
    if (!cards.has(clipping.id)) cards.set(clipping.id, newCard(clipping.id));
    const card = cards.get(clipping.id);
    fill(card, clipping);
    const place = before ? before.nextElementSibling : page.querySelector("ol").firstElementChild;
    if (place !== card) page.querySelector("ol").insertBefore(card, place);
    before = card;
  }
  page.querySelector(".tally").textContent = words.shown
    .replace("{shown}", visible.length)
    .replace("{all}", clippings.length);
  page.querySelector(".none").hidden = clippings.length > 0;
  page.querySelector(".tools").hidden = clippings.length === 0;
  page.querySelector(".save").hidden = clippings.length === 0;
}

function newCard(id) {
  const card = page.querySelector("template").content.firstElementChild.cloneNode(true);
  for (const name of ["tag", "note"]) {
    const field = card.querySelector(`.${name}`);
    // Another tab may have removed it meanwhile: then it stays away.
    const change = (value) => attempt(() => get(id) && put(id, { [name]: value }));
    field.addEventListener("input", () => change(field.value));
    field.addEventListener("change", () => change(field.value.trim()));
    field.addEventListener("blur", () => setTimeout(() => attempt(list)));
  }
  card.querySelector(".remove").addEventListener("click", () =>
    attempt(() => {
      const next = card.nextElementSibling ?? card.previousElementSibling;
      const there = get(id);
      if (there) remove(there, () => cards.get(id)?.querySelector(".remove").focus());
      (next?.querySelector(".remove") ?? toast.querySelector("button")).focus();
    }),
  );
  return card;
}

function fill(card, clipping) {
  const article = card.querySelector("article");
  const link = card.querySelector("h2 a");
  article.lang = /^[a-z]{2}$/.test(clipping.lang) ? clipping.lang : "";
  link.textContent = clipping.title || clipping.id;
  const gone = goneIds.has(clipping.id);
  card.querySelector(".gone").hidden = !gone;
  if (gone) link.removeAttribute("href");
  else link.href = `${page.dataset.story}${page.dataset.story.includes("?") ? "&" : "?"}id=${encodeURIComponent(clipping.id)}`;
  card.querySelector(".meta b").textContent = clipping.source ?? "";
  card.querySelector(".meta time").textContent = written(clipping.date);
  for (const name of ["tag", "note"]) {
    const field = card.querySelector(`.${name}`);
    if (field !== document.activeElement) field.value = clipping[name] ?? "";
  }
}

function written(date) {
  const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(date ?? "");
  if (!day) return "";
  const vietnamese = document.documentElement.lang === "vi";
  return new Intl.DateTimeFormat(vietnamese ? "vi-VN" : "en-US", {
    day: "numeric",
    month: vietnamese ? "numeric" : "long",
    year: "numeric",
    timeZone: "UTC",
  }).format(Date.UTC(day[1], day[2] - 1, day[3]));
}

async function askWhichAreGone() {
  const clippings = all();
  const ids = new URLSearchParams(clippings.map((one) => ["id", one.id]));
  if (!clippings.length || String(ids).length > page.dataset.limit) return;
  const answer = await fetch(page.dataset.gone, { method: "POST", body: ids }).catch(() => null);
  if (!answer?.ok) return;
  for (const id of (await answer.json()).gone) goneIds.add(id);
  refresh();
}

// As files

function takeAway(event) {
  const form = event.target;
  const rows = shown().filter((one) => !goneIds.has(one.id));
  const fields = rows.flatMap((one) =>
    ["id", "tag", "note"].map((name) => [name, one[name] ?? ""]),
  );
  const size = String(new URLSearchParams(fields)).length;
  if (!rows.length || size > page.dataset.limit) {
    event.preventDefault();
    say(rows.length ? words.many : words.none);
    return;
  }
  form.querySelectorAll("input").forEach((input) => input.remove());
  for (const [name, value] of fields) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    form.append(input);
  }
}

function save() {
  const clippings = all().map((one) => pick(one));
  const content = { format: FORMAT, version: VERSION, clippings };
  const file = new Blob([JSON.stringify(content, null, 1)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `songngu-clippings-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function pick(clipping) {
  return Object.fromEntries(["id", ...FIELDS].map((name) => [name, clipping[name] ?? ""]));
}

// Add what a file holds. Nothing that is here is lost: notes that differ are both kept.
function addAll(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    return say(words.malformed);
  }
  if (content?.format !== FORMAT || !(content.version >= 1)) return say(words.malformed);
  if (content.version > VERSION) return say(words.newer);
  if (!Array.isArray(content.clippings)) return say(words.malformed);
  const damaged = content.clippings.findIndex(
    (one) =>
      typeof one?.id !== "string" ||
      !one.id ||
      FIELDS.some((name) => !["string", "undefined"].includes(typeof one[name])),
  );
  if (damaged >= 0) return say(words.entry, { number: damaged + 1 });
  const counts = { added: 0, changed: 0, same: 0 };
  for (const one of content.clippings) {
    const there = get(one.id);
    const theirs = pick(one);
    const merged = there ? both(there, theirs) : theirs;
    const kind = !there ? "added" : JSON.stringify(pick(there)) === JSON.stringify(merged) ? "same" : "changed";
    if (kind !== "same") put(one.id, merged);
    counts[kind] += 1;
  }
  return say(words.imported, counts);
}

function both(ours, theirs) {
  const merged = pick(ours);
  for (const name of ["title", "lang", "source", "date", "tag"]) merged[name] ||= theirs[name];
  const lines = [theirs.note];
  if (theirs.tag && theirs.tag !== merged.tag) lines.push(`#${theirs.tag}`);
  for (const line of lines) {
    if (line && !merged.note.includes(line)) merged.note += (merged.note && "\n") + line;
  }
  return merged;
}

// All together

function refresh() {
  for (const button of buttons) button.setAttribute("aria-pressed", String(Boolean(get(button.dataset.id))));
  if (page) list();
}

window.addEventListener("storage", (event) => {
  if (event.key === null || event.key.startsWith(KEY)) attempt(refresh);
});
window.addEventListener("pageshow", (event) => event.persisted && attempt(refresh));

if (page) {
  page.hidden = false;
  document.getElementById("needs-script").remove();
  page.querySelector("#of-tag").addEventListener("change", () => attempt(list));
  page.querySelector("form").addEventListener("submit", (event) => attempt(() => takeAway(event)));
  page.querySelector(".save").addEventListener("click", () => attempt(save));
  page.querySelector("#import").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    const text = await file.text();
    event.target.value = "";
    attempt(() => addAll(text));
    attempt(refresh);
    askWhichAreGone();
  });
  if (attempt(() => all())) askWhichAreGone();
}
try {
  refresh();
} catch {
  // Nothing can be kept here. Whoever presses a button is told.
}
