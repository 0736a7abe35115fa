// Buttons that copy the text of a field, and say so; without script the field can be selected.

for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copies);
    const status = button.closest("details, section").querySelector("[role=status]");
    status.textContent = "";
    const copied = await copy(field);
    status.textContent = copied ? button.dataset.copied : button.dataset.failed;
    if (copied) button.focus();
  });
}

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // Not over plain HTTP, or not allowed: the old way, which leaves the text selected.
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}
