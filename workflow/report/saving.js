/* Tables and lists of names as files and on the clipboard; nothing leaves the page but by a click. */

function asTsv(columns, rows) {
  const cell = (value) => String(value ?? "").replace(/[\t\r\n]+/g, " ");
  return [columns, ...rows].map((row) => `${row.map(cell).join("\t")}\n`).join("");
}

/* Begins with the dataset and the run, so that files of several reports can lie in one folder. */
function fileName(what) {
  const { dataset, run } = byId("map").dataset;
  return `${dataset}.${run}.${what}.tsv`.replace(/[^\w.-]+/g, "_");
}

function saveText(name, text) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/tab-separated-values;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/* A page that was opened from a disk may not use the clipboard in every browser; selecting and copying always works. */
function copyBySelecting(text) {
  const area = element("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelecting(text);
  }
}

function button(text, onClick) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}
