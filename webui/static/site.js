// Small comforts; every page is complete without them.
"use strict";

// "/" goes to the search box, unless somebody is typing or composing.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.getElementById("q");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// Fields that say nothing stay out of the address.
const usual = { lang: "both", mode: "hybrid", sort: "relevance", k: "10" };
for (const form of document.querySelectorAll("form.search")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (name !== "q" && (value === "" || value === usual[name])) event.formData.delete(name);
    }
  });
}
