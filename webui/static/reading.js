// What the reading page does better with a script: copying the permanent link.

for (const button of document.querySelectorAll("button.copy-link")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const says = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copies);
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = says), 2000);
  });
}
