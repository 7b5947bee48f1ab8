/* Maps of several runs, each on two canvases: its points, and above them what marks some of them in all maps. */

const MARGIN = 10; // pixels between the points and the frame
const BOX = 9999; // as comparison_figures.BOX: places are whole numbers up to this
const REACH = 9; // pixels between the pointer and a point that it means
const FRAME_TIME = 12; // milliseconds of drawing before the page may react again
const MOST_TOLD = 3; // clusters named below a map

const data = read("maps-data");
const views = [...document.querySelectorAll("#grid figure")].map((figure, n) => ({
  map: data.maps[n],
  points: figure.querySelector(".points"),
  marks: figure.querySelector(".marks"),
  tip: figure.querySelector(".tip"),
  told: figure.querySelector(".told"),
  marked: "",
  x: new Float32Array(data.name.length),
  y: new Float32Array(data.name.length),
}));
const radii = radiiOf();
const state = { theme: themeNow(), sprites: [], colours: null, chosen: null, hover: -1, start: null };
const waiting = new Set();

/* Longer sequences and more frequent reads are larger, and all are smaller where there are many. */
function radiiOf() {
  const crowding = Math.min(1, Math.max(0.45, Math.sqrt(3000 / data.name.length)));
  const radius = (size) => (data.counted === "reads" ? 2.4 + 0.9 * Math.log2(size) : 1.4 + 0.9 * Math.log2(1 + size / 4000));
  return Float32Array.from(data.name, (_, row) => crowding * (data.size === null ? 3.2 : Math.min(12, radius(data.size[row]))));
}

function spriteOf(colour) {
  const sprite = element("canvas");
  sprite.width = 32;
  sprite.height = 32;
  const context = sprite.getContext("2d");
  context.fillStyle = colour;
  context.arc(16, 16, 15, 0, 2 * Math.PI);
  context.fill();
  return sprite;
}

/* Empties a canvas, fits it to its place on the page, and gives its context in CSS pixels. */
function fit(canvas) {
  const [width, height, scale] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width + 1, height + 1);
  return { context, width, height };
}

function place(view, width, height) {
  const side = Math.max(1, Math.min(width, height) - 2 * MARGIN);
  const [left, bottom] = [(width - side) / 2, (height + side) / 2];
  for (let row = 0; row < radii.length; row += 1) {
    view.x[row] = left + (side * view.map.x[row]) / BOX;
    view.y[row] = bottom - (side * view.map.y[row]) / BOX;
  }
}

function colourOf(view, row) {
  const map = state.colours ?? view.map;
  return map.colours[map.cluster[row]];
}

/* Grey points lie below coloured ones, and those outside of a frame below those in it. */
function drawPoints(view) {
  const { context, width, height } = fit(view.points);
  place(view, width, height);
  const layer = (isShown, opacity) => {
    context.globalAlpha = opacity;
    for (let row = 0; row < radii.length; row += 1) {
      const colour = colourOf(view, row);
      if (isShown(row, colour)) {
        const radius = radii[row];
        context.drawImage(state.sprites[colour + 1], view.x[row] - radius, view.y[row] - radius, 2 * radius, 2 * radius);
      }
    }
  };
  const isIn = (row) => state.chosen === null || state.chosen[row] === 1;
  if (state.chosen !== null) layer((row) => !isIn(row), 0.1);
  layer((row, colour) => colour < 0 && isIn(row), 0.75);
  layer((row, colour) => colour >= 0 && isIn(row), 0.8);
}

function drawMarks(view) {
  const { context } = fit(view.marks);
  context.strokeStyle = state.theme.text;
  context.lineWidth = 2;
  if (state.hover >= 0) {
    context.beginPath();
    context.arc(view.x[state.hover], view.y[state.hover], radii[state.hover] + 4, 0, 2 * Math.PI);
    context.stroke();
  }
  if (state.start !== null && state.start.view === view) {
    const { x, y, toX, toY } = state.start;
    context.lineWidth = 1;
    context.strokeRect(x, y, toX - x, toY - y);
  }
}

/* Maps are drawn as time allows, so that many of them do not hold up the page. */
function work() {
  const started = performance.now();
  for (const view of waiting) {
    waiting.delete(view);
    drawPoints(view);
    drawMarks(view);
    if (performance.now() - started > FRAME_TIME) break;
  }
  if (waiting.size > 0) requestAnimationFrame(work);
}

function redraw(some) {
  if (waiting.size === 0) requestAnimationFrame(work);
  some.forEach((view) => waiting.add(view));
}

/* ---- what is marked ---- */

function nearest(view, x, y) {
  let [found, least] = [-1, REACH * REACH];
  for (let row = 0; row < radii.length; row += 1) {
    const distance = (view.x[row] - x) ** 2 + (view.y[row] - y) ** 2;
    if (distance < least) [found, least] = [row, distance];
  }
  return found;
}

function clusterName(map, code) {
  return map.clusters[code] === "" ? "none" : map.clusters[code];
}

function factsOf(view, row) {
  const facts = data.size === null ? [] : [[data.counted, count(data.size[row])]];
  return [...facts, ["cluster", clusterName(view.map, view.map.cluster[row])]];
}

/* Below each map: the cluster of the point that is pointed at, or else those of what is marked. */
function tell(view) {
  if (state.hover >= 0) view.told.textContent = `cluster ${clusterName(view.map, view.map.cluster[state.hover])}`;
  else view.told.textContent = view.marked;
}

function point(view, row, event) {
  views.forEach((other) => { other.tip.hidden = true; });
  if (row !== state.hover) {
    state.hover = row;
    views.forEach((other) => { drawMarks(other); tell(other); });
  }
  if (row >= 0) placeTip(view.tip, data.name[row], factsOf(view, row), event);
}

/* The clusters of what is marked, the most frequent first. */
function describeMarked(view) {
  const counts = new Map();
  view.map.cluster.forEach((code, row) => {
    if (state.chosen[row] === 1) counts.set(code, (counts.get(code) ?? 0) + 1);
  });
  const most = [...counts].sort((a, b) => b[1] - a[1]);
  const named = most.slice(0, MOST_TOLD).map(([code, number]) => `${clusterName(view.map, code)} (${count(number)})`);
  const more = most.length > MOST_TOLD ? `, and ${count(most.length - MOST_TOLD)} more` : "";
  return `marked: ${named.join(", ")}${more}`;
}

function choose(chosen) {
  state.chosen = chosen;
  const number = chosen === null ? 0 : chosen.reduce((sum, one) => sum + one, 0);
  byId("marked").textContent = chosen === null ? "" : `${count(number)} ${data.rows} marked.`;
  views.forEach((view) => {
    view.marked = number > 0 ? describeMarked(view) : "";
    tell(view);
  });
  redraw(views);
}

function inFrame({ view, x, y, toX, toY }) {
  const [left, right, top, bottom] = [Math.min(x, toX), Math.max(x, toX), Math.min(y, toY), Math.max(y, toY)];
  return Uint8Array.from(view.x, (at, row) => (
    at >= left && at <= right && view.y[row] >= top && view.y[row] <= bottom ? 1 : 0));
}

function endFrame() {
  const { start } = state;
  if (start === null) return;
  state.start = null;
  const isFrame = Math.abs(start.toX - start.x) > 4 && Math.abs(start.toY - start.y) > 4;
  if (isFrame) choose(inFrame(start));
  else if (state.chosen !== null) choose(null);
  drawMarks(start.view);
}

function listen(view) {
  const at = (event) => [event.offsetX, event.offsetY];
  view.marks.addEventListener("pointerdown", (event) => {
    const [x, y] = at(event);
    state.start = { view, x, y, toX: x, toY: y };
    point(view, event.pointerType === "mouse" ? -1 : nearest(view, x, y), event);
    if (event.isTrusted) view.marks.setPointerCapture(event.pointerId);
  });
  view.marks.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    if (state.start === null) {
      point(view, nearest(view, x, y), event);
    } else {
      Object.assign(state.start, { toX: x, toY: y });
      drawMarks(view);
    }
  });
  view.marks.addEventListener("pointerup", endFrame);
  view.marks.addEventListener("pointercancel", () => { state.start = null; drawMarks(view); });
  view.marks.addEventListener("pointerleave", (event) => {
    if (state.start === null && event.pointerType === "mouse") point(view, -1, event); // a finger that was lifted stays
  });
}

/* ---- everything, in the colours of the moment ---- */

function legendEntries() {
  const grey = data.maps.some((map) => map.colours.includes(-1)) ? [[state.theme.grey, data.grey]] : [];
  const groups = data.legend.map(([colour, text]) => [PALETTE[colour], text]);
  return [...(groups.length > 0 ? groups : [["", `the ${PALETTE.length} colours recur`]]), ...grey];
}

function setTheme(theme) {
  state.theme = theme;
  state.sprites = [theme.grey, ...PALETTE].map(spriteOf);
  showLegend(byId("legend"), legendEntries());
}

function noteOf() {
  if (data.name.length === data.in_all) return "";
  return `Shown are ${count(data.name.length)} of ${count(data.in_all)} ${data.rows}, evenly chosen.`;
}

const menu = byId("colour");
menu.append(option("", "each run's own clusters"), ...data.maps.map((map, n) => option(n, `clusters of ${map.run}`)));
menu.addEventListener("change", () => {
  state.colours = menu.value === "" ? null : data.maps[menu.value];
  redraw(views);
});
byId("maps-note").textContent = noteOf();
setTheme(state.theme);
views.forEach(listen);
redraw(views);
const sizes = new ResizeObserver((entries) => {
  redraw(entries.map(({ target }) => views.find((view) => view.points === target)));
});
views.forEach((view) => sizes.observe(view.points));
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && state.chosen !== null) choose(null); });
const drawAll = (theme) => { setTheme(theme); views.forEach((view) => { drawPoints(view); drawMarks(view); }); };
dark.addEventListener("change", () => drawAll(themeNow()));
window.addEventListener("beforeprint", () => drawAll(LIGHT));
window.addEventListener("afterprint", () => drawAll(themeNow()));
