/* The latent map; newcomers lie on the map of the earlier run that they were assigned to.

   Plotly draws the points; what is chosen is drawn on a canvas above them while they fade, as to draw 200,000 points
   again for every click would take too long. */

const MOST_WITHOUT_WEBGL = 20000;
const MOST_OUTLINED = 200; // points; of more, outlines would hide the colours
const MOST_TOLD = 13; // depths beside the pointer

function hasWebgl() {
  return Boolean(document.createElement("canvas").getContext("webgl"));
}

/* Rows in the order in which they are drawn; newcomers of no cluster lie on top. */
function rowsToDraw(webgl) {
  const step = webgl ? 1 : Math.ceil(points.name.length / MOST_WITHOUT_WEBGL);
  const rows = points.name.map((_, row) => row).filter((row) => row % step === 0);
  const isNone = (row) => points.clusters[points.cluster[row]] === "";
  return points.earlier === null ? rows : rows.sort((a, b) => isNone(a) - isNone(b));
}

function shapesOf() {
  if (points.earlier === null) return [];
  return [["", "\u25c6 new"], ["", "\u2716 new, of no cluster"], ["", "\u00b7 earlier run"]];
}

function noteOf(rows) {
  if (rows.length === points.sequences_in_all) return "";
  return `Shown are ${count(rows.length)} of ${count(points.sequences_in_all)} ${byId("map").dataset.rows}, evenly chosen.`;
}

/* Diameters in pixels. */
function sizesOf(rows) {
  const crowding = Math.min(1, Math.max(0.4, Math.sqrt(30000 / rows.length)));
  const size = (row) => {
    if (points.earlier !== null) return 10;
    if (points.count !== null) return 4.5 + 1.8 * Math.log2(points.count[row]);
    return points.length === null ? 6.5 : 2.2 + 1.8 * Math.log2(1 + points.length[row] / 4000);
  };
  return points.name.map((_, row) => crowding * Math.min(points.count === null ? 12 : 30, size(row)));
}

/* The earlier run, pale behind the newcomers. */
function earlierTrace(choice, type, theme) {
  const { x, y, cluster } = points.earlier;
  const colours = cluster.map((code) => (choice === "cluster" ? points.colour_of_cluster[code] ?? -1 : -1));
  return { type, mode: "markers", x, y, hoverinfo: "skip", marker: { size: 4, opacity: 0.3, ...discrete(colours, theme) } };
}

/* Newcomers are told from the earlier run by shape and outline, and those of no cluster by another shape. */
function newcomerMarks(rows, theme) {
  const isNone = rows.map((row) => points.clusters[points.cluster[row]] === "");
  return { size: isNone.map((none) => (none ? 9 : 11)), symbol: isNone.map((none) => (none ? "x" : "diamond")),
    opacity: 0.95, line: { width: 1.2, color: theme.text } };
}

function mapData(view, theme) {
  const { rows, webgl, made } = view;
  const pick = (column) => rows.map((row) => column[row]);
  const type = webgl ? "scattergl" : "scatter";
  const marks = points.earlier === null ? { size: pick(view.sizes), opacity: 0.8, line: { width: 0 } }
    : newcomerMarks(rows, theme);
  const still = { marker: { opacity: marks.opacity } }; // the canvas shows what is chosen
  const trace = { type, mode: "markers", x: pick(points.x), y: pick(points.y), hoverinfo: "none", selected: still,
    unselected: still, marker: { ...marks, ...made, color: pick(made.color) } };
  return points.earlier === null ? [trace] : [earlierTrace(view.choice, type, theme), trace];
}

function mapLayout(view, theme) {
  const axis = { gridcolor: theme.grid, zeroline: false, showticklabels: false };
  const outline = { line: { color: theme.text, width: 1.5, dash: "dot" } };
  return layout(theme, { xaxis: { ...axis }, yaxis: { ...axis, scaleanchor: "x" }, dragmode: view.drag, hovermode: "closest",
    showlegend: false, margin: { l: 10, r: 10, t: 36, b: 10 }, uirevision: "kept", newselection: outline });
}

/* ---- what is chosen ---- */

/* Empties the canvas, fits it to its place on the page, and gives its context in CSS pixels. */
function clearMarks(canvas) {
  const [width, height, scale] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return context;
}

/* Where a value lies on an axis, in pixels from the edge of the plot; the range counts also while it is dragged. */
function placeOn({ range: [first, last], _offset: offset, _length: length }, value, upwards) {
  const share = (value - first) / (last - first);
  return offset + length * (upwards ? 1 - share : share);
}

function drawCircle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

function drawMarks(view) {
  const plot = byId("map-plot");
  byId("map-marks").hidden = view.lit.length === 0; // an empty canvas hides the map on paper
  const context = clearMarks(byId("map-marks"));
  const chosen = selection.now();
  plot.classList.toggle("faded", view.lit.length > 0);
  if (view.lit.length === 0) return;
  const { xaxis, yaxis } = plot._fullLayout;
  const theme = view.theme;
  context.rect(xaxis._offset, yaxis._offset, xaxis._length, yaxis._length);
  context.clip();
  context.strokeStyle = theme.text;
  const outlined = view.lit.length <= MOST_OUTLINED;
  view.lit.forEach((row) => {
    drawCircle(context, placeOn(xaxis, points.x[row]), placeOn(yaxis, points.y[row], true), view.sizes[row] / 2 + 1);
    context.fillStyle = cssColour(view.made, row, theme);
    context.fill();
    if (outlined) context.stroke();
  });
  if (chosen.kind !== "sequence") return;
  context.lineWidth = 3;
  const at = [placeOn(xaxis, points.x[chosen.row]), placeOn(yaxis, points.y[chosen.row], true)];
  drawCircle(context, ...at, view.sizes[chosen.row] / 2 + 7);
  context.stroke();
}

/* ---- what the reader does ---- */

/* Rows inside a lasso or frame; plotly tells nothing where it is taken away. */
function drawnRows(view, event) {
  const trace = points.earlier === null ? 0 : 1;
  return event.points.filter((point) => point.curveNumber === trace).map((point) => view.rows[point.pointNumber]);
}

function forgetDrawn() {
  if (byId("map-plot").layout.selections?.length) Plotly.relayout("map-plot", { selections: [] });
}

function listenToPlot(view) {
  const plot = byId("map-plot");
  plot.on("plotly_hover", ({ points: [point], event }) => {
    placeTip(byId("tip"), points.name[view.rows[point.pointNumber]], factsOf(view.rows[point.pointNumber], MOST_TOLD), event);
  });
  plot.on("plotly_unhover", () => { byId("tip").hidden = true; });
  plot.on("plotly_click", ({ points: [point] }) => chooseRow(view.rows[point.pointNumber], "map"));
  plot.on("plotly_selected", (event) => {
    if (event?.points?.length) selection.choose("drawn", "map", { rows: drawnRows(view, event) });
  });
  plot.on("plotly_relayouting", () => drawMarks(view));
  plot.on("plotly_afterplot", () => drawMarks(view));
  plot.on("plotly_relayout", (changed) => {
    if (changed.dragmode) showDrag(view, changed.dragmode);
    drawMarks(view);
  });
}

/* What a drag does: zoom, or choose with a lasso or a frame. Plotly's own bar of buttons can change it too. */
function showDrag(view, mode) {
  view.drag = mode;
  document.querySelectorAll("[data-drag]").forEach((made) => {
    made.setAttribute("aria-pressed", String(made.dataset.drag === mode));
  });
}

function listenToDrag() {
  document.querySelectorAll("[data-drag]").forEach((made) => {
    made.addEventListener("click", () => Plotly.relayout("map-plot", { dragmode: made.dataset.drag }));
  });
}

function startMap() {
  const webgl = hasWebgl();
  const rows = rowsToDraw(webgl);
  const view = { webgl, rows, sizes: sizesOf(rows), lit: [], drag: "zoom", choice: "cluster", made: null, theme: null };
  const menu = byId("colour");
  menu.append(...choices().map(([value, text]) => option(value, text)));
  byId("map-note").textContent = noteOf(rows);
  const draw = (theme) => {
    Object.assign(view, { theme, choice: menu.value, made: colouring(menu.value, theme) });
    showLegend(byId("legend"), [...shapesOf(), ...legendOf(menu.value, theme)]);
    return Plotly.react("map-plot", mapData(view, theme), mapLayout(view, theme), CONFIG);
  };
  draw(themeNow());
  menu.addEventListener("change", () => draw(themeNow()));
  listenToPlot(view);
  listenToDrag();
  selection.subscribe((chosen) => {
    view.lit = litRows(chosen);
    if (chosen.kind !== "drawn") forgetDrawn();
    drawMarks(view);
  });
  return draw;
}
