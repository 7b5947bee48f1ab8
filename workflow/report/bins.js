/* The table of bins or clusters: charts in its rows, what is shown of it and saved, and its tie to what is chosen. */

const WELL_SUPPORTED = 0.9;

const groups = byId("groups-data") === null ? null : read("groups-data");

function numberIn(cell) {
  return cell.dataset.order ? Number(cell.dataset.order) : NaN;
}

/* ---- charts ---- */

function bar(cell, share) {
  if (!Number.isFinite(share)) return;
  cell.classList.add("bar");
  cell.style.setProperty("--share", Math.min(1, Math.max(0, share)));
}

/* Depth by sample as bars, the highest as high as the row. */
function spark(cell, depths) {
  if (depths.length < 2) return;
  const highest = Math.max(...depths, 1e-9);
  const made = element("span");
  made.className = "spark";
  made.title = depths.map((depth, n) => `${groups.samples[n]}: ${depth}`).join("\n");
  made.append(...depths.map((depth) => {
    const line = element("i");
    line.style.height = `${Math.round(100 * depth / highest)}%`;
    return line;
  }));
  cell.prepend(made);
}

function depthsOf(place) {
  return groups.samples.map((_, n) => Number(groups.rows[place][groups.depth_from + n]));
}

function drawCharts(table, rows) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const { chart } = heading.dataset;
    const cells = rows.map((row) => row.cells[column]);
    const largest = Math.max(...cells.map(numberIn).filter(Number.isFinite));
    if (chart === "share") cells.forEach((cell) => bar(cell, numberIn(cell) / largest));
    if (chart === "whole") cells.forEach((cell) => bar(cell, numberIn(cell)));
    if (chart === "depth") cells.forEach((cell, place) => spark(cell, depthsOf(place)));
  });
}

/* ---- what is shown ---- */

function sizeOf(place) {
  return Number(groups.rows[place][groups.size]);
}

function sizeWords(size) {
  if (groups.columns[groups.size] !== "bases") return count(size);
  const [unit, name] = [[1e6, "Mb"], [1e3, "kb"]].find(([least]) => size >= least) ?? [1, "bases"];
  return `${size / unit} ${name}`;
}

/* Round numbers between the smallest and the largest size, each of which leaves some rows out. */
function sizeSteps() {
  const sizes = groups.rows.map((_, place) => sizeOf(place));
  const [low, high] = sizes.reduce(([a, b], size) => [Math.min(a, size), Math.max(b, size)], [Infinity, 0]);
  const steps = [];
  for (let power = 1; power <= high; power *= 10) steps.push(power, 2 * power, 5 * power);
  return steps.filter((step) => step > low && step <= high);
}

/* Likely near complete where that can be told, else well supported. */
function isGood(place) {
  const [complete, support] = ["near_complete", "support"].map((name) => groups.columns.indexOf(name));
  return complete >= 0 ? groups.rows[place][complete] !== "" : Number(groups.rows[place][support] || NaN) >= WELL_SUPPORTED;
}

function filterRows(rows) {
  const typed = byId("filter").value.trim().toLowerCase();
  const [least, onlyGood] = [Number(byId("least-size").value), byId("only-good").checked];
  rows.forEach((row) => {
    const place = Number(row.dataset.place);
    const text = [...row.querySelectorAll("td.text")].map((cell) => cell.textContent).join(" ").toLowerCase();
    row.hidden = !text.includes(typed) || sizeOf(place) < least || (onlyGood && !isGood(place));
  });
  const shown = rows.filter((row) => !row.hidden).length;
  byId("groups-note").textContent = shown === rows.length ? "" : `${count(shown)} of ${count(rows.length)}`;
}

/* The rows as they stand on the page, with the numbers as they were computed. */
function saveGroups(table) {
  const shown = [...table.tBodies[0].rows].filter((row) => row.dataset.place !== undefined && !row.hidden);
  saveText(fileName(`${groups.kind}s`), asTsv(groups.columns, shown.map((row) => groups.rows[row.dataset.place])));
}

function startFilters(table, rows) {
  byId("least-size").append(option("0", "any"), ...sizeSteps().map((step) => option(step, `${sizeWords(step)} or more`)));
  const filter = () => {
    closeDetails(table);
    filterRows(rows);
  };
  byId("filter").addEventListener("input", filter);
  byId("least-size").addEventListener("change", filter);
  byId("only-good").addEventListener("change", filter);
  byId("save-groups").addEventListener("click", () => saveGroups(table));
}

/* ---- the tie to the map ---- */

function markRow(rows, codes, chosen) {
  rows.forEach((row, place) => row.classList.toggle("chosen", chosen.cluster >= 0 && codes[place] === chosen.cluster));
}

/* Into view within the table alone: the page stays where the reader is. */
function showRow(row) {
  const box = row.closest(".scroll");
  const [at, frame] = [row.getBoundingClientRect(), box.getBoundingClientRect()];
  const heading = row.closest("table").tHead.offsetHeight;
  if (at.top < frame.top + heading || at.bottom > frame.bottom) box.scrollTop += at.top - frame.top - 2 * heading;
}

/* codes: the cluster of each row, -1 for one that is not on the map. */
function tieRows(rows, codes) {
  rows.forEach((row, place) => {
    if (codes[place] < 0) return;
    row.classList.add("tied");
    row.addEventListener("click", () => selection.choose("cluster", "table", { cluster: codes[place] }));
  });
  selection.subscribe((chosen) => {
    markRow(rows, codes, chosen);
    const marked = rows.find((row) => row.classList.contains("chosen"));
    if (marked !== undefined && !marked.hidden && chosen.from !== "table") showRow(marked);
  });
}

/* The shares of the reads across a window: the first cell of a row is the name of its cluster. */
function tieShares() {
  const table = byId("haplotypes-table");
  if (table === null) return;
  const rows = [...table.tBodies[0].rows];
  const codeOf = (name) => points.clusters.indexOf(name === "none" ? "" : name);
  tieRows(rows, rows.map((row) => codeOf(row.cells[0].textContent)));
}

function startGroups() {
  tieShares();
  const table = document.querySelector("table.linked");
  if (table === null) return () => {};
  const rows = [...table.tBodies[0].rows];
  drawCharts(table, rows);
  startFilters(table, rows);
  tieRows(rows, groups.cluster);
  return startDetails(table, rows);
}
