/* The methods paragraph on the clipboard or, where a browser allows neither way of copying, selected. */

function selectText(part) {
  const range = document.createRange();
  range.selectNodeContents(part);
  const selection = window.getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

function startMethods() {
  const part = byId("methods-text");
  byId("copy-methods").addEventListener("click", async () => {
    const done = await copyText(part.innerText);
    if (!done) selectText(part);
    byId("copy-note").textContent = done ? "Copied." : "Selected: press Ctrl+C (on a Mac Command+C) to copy.";
  });
}
