/* The loss, and what draws everything. */

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

/* ---- everything, in the colours of the moment ---- */

const drawMap = startMap();
const drawLoss = startLoss();
const drawProducts = startProducts();
const drawTrust = startTrust();
const drawOpened = startGroups();
startSearch();
startChosen();
drawLoss(themeNow());
drawProducts(themeNow());
drawTrust(themeNow());
startMethods();
const redraw = (theme) => { drawMap(theme); drawLoss(theme); drawProducts(theme); drawTrust(theme); drawOpened(theme); };
dark.addEventListener("change", () => redraw(themeNow()));
window.addEventListener("beforeprint", () => redraw(LIGHT));
window.addEventListener("afterprint", () => redraw(themeNow()));
