// Small comforts; every page is complete without them.
"use strict";

// Fields that say nothing stay out of the address.
const usual = { lang: "both", mode: "hybrid", sort: "relevance", k: "10" };
for (const form of document.querySelectorAll("form.search")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (name !== "q" && (value === "" || value === usual[name])) event.formData.delete(name);
    }
  });
}
