/* The loss, the tables, and what draws everything. */

const LINES = { composition: PALETTE[0], abundance: PALETTE[1], total_depth: PALETTE[2], kl: PALETTE[3],
  bases: PALETTE[0], values: PALETTE[0] };

// Plotly labels a logarithmic axis of less than a decade with digits alone, so it is told what to write.
function logTicks(values) {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const ticks = (digits) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      found.push(...digits.map((digit) => Number(`${digit}e${power}`)));
    }
    return found;
  };
  const inside = (list) => list.filter((tick) => tick >= low && tick <= high).length;
  const enough = [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]].map(ticks).find((list) => inside(list) >= 3);
  return enough ? { tickvals: enough, ticktext: enough.map(String) } : {};
}

function drawLines(id, title, lines, theme) {
  const values = lines.flatMap((line) => line.y).filter((value) => value !== null);
  const isLog = values.length > 0 && values.every((value) => value > 0);
  const axis = { gridcolor: theme.grid, zeroline: false, automargin: true };
  const scale = isLog ? { type: "log", ...logTicks(values) } : { type: "linear" };
  Plotly.react(id, lines.map((line) => ({ type: "scatter", mode: "lines", ...line })), layout(theme, {
    title: { text: title, font: { size: 14 }, x: 0, xref: "paper" },
    xaxis: { ...axis, title: { text: "epoch" } },
    yaxis: { ...axis, ...scale },
    hovermode: "x unified",
    hoverlabel: { bgcolor: theme === DARK ? "#1a2029" : "#ffffff" },
    legend: { orientation: "h", x: 0, y: -0.22 },
  }), { ...CONFIG, displayModeBar: false });
}

function startLoss() {
  const loss = read("loss-data");
  if (loss === null) return () => {};
  const total = [{ name: "training", x: loss.epoch, y: loss.loss, line: { color: PALETTE[0], width: 2 } }];
  if (loss.held_out_loss.some((value) => value !== null)) {
    total.push({ name: "held out", x: loss.epoch, y: loss.held_out_loss, line: { color: PALETTE[5], width: 2 } });
  }
  const terms = Object.entries(loss.terms).map(([name, y]) => (
    { name: name.replace("_", " "), x: loss.epoch, y, line: { color: LINES[name], width: 2 } }));
  return (theme) => {
    drawLines("loss-plot", "Loss", total, theme);
    drawLines("terms-plot", "Its terms", terms, theme);
  };
}

/* ---- tables ---- */

function orderOf(row, column) {
  const cell = row.cells[column];
  const order = cell.dataset.order;
  return order === undefined ? cell.textContent : order === "" ? -Infinity : Number(order);
}

function compare(a, b) {
  return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
}

function sortBy(heading) {
  const table = heading.closest("table");
  const column = heading.cellIndex;
  const first = heading.classList.contains("number") ? "descending" : "ascending";
  const second = first === "descending" ? "ascending" : "descending";
  const direction = heading.getAttribute("aria-sort") === first ? second : first;
  const sign = direction === "ascending" ? 1 : -1;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => sign * compare(orderOf(a, column), orderOf(b, column)));
  table.tBodies[0].append(...rows);
  table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", direction);
}

document.querySelectorAll("table.sortable th button").forEach((button) => {
  button.addEventListener("click", () => sortBy(button.closest("th")));
});

/* ---- everything, in the colours of the moment ---- */

const drawMap = startMap();
const drawLoss = startLoss();
const drawProducts = startProducts();
drawLoss(themeNow());
drawProducts(themeNow());
const redraw = (theme) => { drawMap(theme); drawLoss(theme); drawProducts(theme); };
dark.addEventListener("change", () => redraw(themeNow()));
window.addEventListener("beforeprint", () => redraw(LIGHT));
window.addEventListener("afterprint", () => redraw(themeNow()));
