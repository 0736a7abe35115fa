// The page that compares a draft: buttons that copy, and a word before too much is sent.

for (const button of document.querySelectorAll("button.copy")) {
  const box = document.getElementById(button.dataset.copies);
  const said = button.parentElement.querySelector("[role=status]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(box.value);
    } catch {
      // Without a secure connection there is no clipboard but this one.
      box.select();
      document.execCommand("copy");
    }
    said.textContent = said.dataset.done;
  });
}

for (const form of document.querySelectorAll("form.draft")) {
  const draft = form.elements.draft;
  const tooLong = form.querySelector(".too-long");
  const check = () => {
    // Markup is taken out first, so that only what is surely too long is held back.
    const most = Number(draft.dataset.most) * (draft.value.includes("<") ? 10 : 1);
    tooLong.hidden = draft.value.length <= most;
    return tooLong.hidden;
  };
  draft.addEventListener("input", check);
  form.addEventListener("submit", (event) => {
    if (check()) return;
    event.preventDefault();
    draft.focus();
  });
}
