// Suggestions while typing, and this browser's own past searches. A combobox as the ARIA Authoring
// Practices describe it: the focus stays in the box, which is a plain one without this script.

const MOST_PAST = 50;
const MOST_PAST_SHOWN = 3;
const PAUSE_MS = 120;

// Settings and past searches live in localStorage alone; where that is barred, nothing is kept.
const store = {
  read(name, fallback) {
    try {
      return JSON.parse(localStorage.getItem(`songngu.${name}`)) ?? fallback;
    } catch {
      return fallback;
    }
  },
  write(name, value) {
    try {
      localStorage.setItem(`songngu.${name}`, JSON.stringify(value));
    } catch {
      // barred or full
    }
  },
};

const past = {
  all() {
    const kept = store.read("past", []);
    return Array.isArray(kept) ? kept.filter((query) => typeof query === "string") : [];
  },
  add(query) {
    const said = query.trim();
    if (!said || said.length > 300 || store.read("remember", true) !== true) return;
    store.write("past", [said, ...past.all().filter((other) => other !== said)].slice(0, MOST_PAST));
  },
  remove(query) {
    store.write("past", past.all().filter((other) => other !== query));
  },
};

const folded = (text) =>
  text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "").trim();

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function combobox(box) {
  const input = box.querySelector("input");
  const texts = JSON.parse(box.dataset.texts);
  const list = element("ul", { role: "listbox", id: "suggestions", "aria-label": texts.list, hidden: "" });
  const status = element("p", { role: "status", class: "visually-hidden" });
  box.append(list, status);
  for (const [name, value] of Object.entries({
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-controls": "suggestions",
    "aria-expanded": "false",
  })) {
    input.setAttribute(name, value);
  }

  let shown = [];
  let active = -1;
  let composing = false;
  let timer = 0;
  let request = null;
  const answers = new Map();

  function close() {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    shown = [];
    point(-1);
    input.setAttribute("aria-expanded", "false");
  }

  function point(number) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = number;
    const option = list.children[active];
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  function option(item, number) {
    const text = element("span", { class: "said" }, item.text);
    if (item.lang) text.lang = item.lang;
    const made = element(
      "li",
      { role: "option", id: `suggestion-${number}`, "aria-selected": "false" },
      text,
      element("span", { class: "kind", lang: texts.lang }, texts[item.kind]),
    );
    if (item.kind === "past") {
      // For pointers; keyboards have Delete, and the page of help has buttons.
      made.append(element("span", { class: "remove", title: texts.remove, "aria-hidden": "true" }, "×"));
    }
    return made;
  }

  function show(items) {
    shown = items;
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...items.map(option));
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(items.length > 0));
    const count = items.length === 1 ? texts.one : texts.many.replace("{number}", items.length);
    status.textContent = items.length ? count : "";
  }

  function remembered(typed) {
    const wanted = folded(typed);
    return past
      .all()
      .filter((query) => folded(query).startsWith(wanted) && query !== typed.trim())
      .slice(0, wanted ? MOST_PAST_SHOWN : 8)
      .map((query) => ({ kind: "past", text: query, query, complete: true }));
  }

  async function offered(typed) {
    const language = input.form?.elements.lang?.value || "both";
    const address = `${box.dataset.suggest}?${new URLSearchParams({ q: typed, lang: language, ui: texts.lang })}`;
    if (!answers.has(address)) {
      request = new AbortController();
      const response = await fetch(address, { signal: request.signal });
      if (!response.ok) return [];
      answers.set(address, (await response.json()).suggestions);
    }
    return answers.get(address);
  }

  async function suggest() {
    clearTimeout(timer);
    request?.abort();
    const typed = input.value;
    const mine = remembered(typed);
    let items = mine;
    if (typed.trim()) {
      try {
        const known = new Set(mine.map((item) => item.query));
        items = [...mine, ...(await offered(typed)).filter((item) => !known.has(item.query))];
      } catch {
        return; // given up for the next key, or no answer: the box works without
      }
    }
    if (composing || typed !== input.value || document.activeElement !== input) return;
    show(items);
  }

  function later() {
    clearTimeout(timer);
    request?.abort();
    timer = setTimeout(suggest, PAUSE_MS);
  }

  function choose(item) {
    close();
    if (item.complete) {
      input.value = item.query;
      input.form.requestSubmit();
      return;
    }
    input.value = `${item.query} `;
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
    status.textContent = texts.more;
  }

  function forget(number) {
    const rest = shown.filter((_, place) => place !== number);
    past.remove(shown[number].query);
    show(rest);
    point(Math.min(number, rest.length - 1));
  }

  input.addEventListener("compositionstart", () => {
    composing = true;
    close();
  });
  input.addEventListener("compositionend", () => {
    composing = false;
    later();
  });
  input.addEventListener("input", (event) => {
    if (!composing && !event.isComposing) later();
  });
  input.addEventListener("click", () => {
    if (!composing && list.hidden && !input.value) show(remembered(""));
  });
  input.addEventListener("blur", close);
  input.form.addEventListener("submit", () => {
    past.add(input.value);
    close();
  });

  input.addEventListener("keydown", (event) => {
    if (composing || event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const open = !list.hidden;
    const last = shown.length - 1;
    const moves = {
      ArrowDown: () => (open ? point(active === last ? -1 : active + 1) : suggest()),
      ArrowUp: () => open && point(active === -1 ? last : active - 1),
      Home: () => active >= 0 && point(0),
      End: () => active >= 0 && point(last),
      Enter: () => active >= 0 && choose(shown[active]),
      Delete: () => shown[active]?.kind === "past" && forget(active),
      Escape: () => open && close(),
    };
    const taken = Object.hasOwn(moves, event.key) ? moves[event.key]() : false;
    if (taken !== false) event.preventDefault();
  });

  // A press must not take the focus out of the box: that would close the list before the click.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const number = [...list.children].indexOf(event.target.closest("[role=option]"));
    if (number < 0) return;
    if (event.target.closest(".remove")) forget(number);
    else choose(shown[number]);
  });
}

// The page of help: what is kept can be seen, removed and switched off there.
function settings() {
  for (const part of document.querySelectorAll(".needs-script")) part.classList.add("usable");
  for (const box of document.querySelectorAll("[data-setting]")) {
    box.checked = store.read(box.dataset.setting, true) === true;
    box.addEventListener("change", () => {
      store.write(box.dataset.setting, box.checked);
      if (box.dataset.setting === "remember" && !box.checked) {
        store.write("past", []);
        list();
      }
    });
  }
  const kept = document.getElementById("past-searches");
  const forget = document.getElementById("forget");
  if (!kept) return;
  function list() {
    kept.replaceChildren(
      ...past.all().map((query) => {
        const name = kept.dataset.remove.replace("{query}", query);
        const button = element("button", { type: "button", "aria-label": name }, "×");
        button.addEventListener("click", () => {
          past.remove(query);
          list();
          (kept.querySelector("button") ?? document.querySelector("[data-setting=remember]")).focus();
        });
        return element("li", {}, element("span", {}, query), " ", button);
      }),
    );
    forget.hidden = kept.children.length === 0;
  }
  forget.addEventListener("click", () => {
    store.write("past", []);
    list();
    document.querySelector("[data-setting=remember]").focus();
  });
  list();
}

for (const box of document.querySelectorAll(".box[data-suggest]")) combobox(box);
settings();
