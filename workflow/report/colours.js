/* The colours of the points: by what they can be told apart, and what each colour means. */

// Even in lightness, and the same to colour-blind readers (after matplotlib's viridis).
const SCALE = ["#440154", "#482878", "#3e4a89", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6dcd59", "#b4de2c", "#fde725"];

function choices() {
  const list = [["cluster", groupWord]];
  const add = (column, name, text) => { if (column !== null) list.push([name, text]); };
  if (points.samples.length > 1) list.push(["sample", "sample of the assembly"]);
  if (points.labels.length > 0) list.push(["label", "label"]);
  add(points.gc, "gc", "GC");
  add(points.length, "length", "length");
  add(points.count, "count", "reads");
  if (points.support.some((value) => value !== null)) list.push(["support", "support"]);
  add(points.loss, "loss", "reconstruction loss");
  add(points.distance, "distance", `${distanceWord} to its ${groupWord}'s mean`);
  Object.keys(points.depth).forEach((sample) => list.push([`depth:${sample}`, depthName(sample)]));
  return list;
}

/* The number of a colour of the palette for each point, -1 for grey. */
function codesOf(choice) {
  if (choice === "cluster") return points.cluster.map((code) => points.colour_of_cluster[code] ?? -1);
  if (choice === "label") return points.label.map((code) => (code < PALETTE.length ? code : -1));
  return points.sample.map((code) => code % PALETTE.length);
}

function discrete(codes, theme) {
  const colours = [theme.grey, ...PALETTE];
  return { color: codes.map((code) => code + 1), cmin: -0.5, cmax: colours.length - 0.5,
    colorscale: steps(colours), showscale: false };
}

function continuous(values, title, isLog, theme) {
  const shown = values.map((value) => (value === null ? NaN : isLog ? Math.log10(Math.max(value, 0.01)) : value));
  const finite = Float64Array.from(shown.filter(Number.isFinite)).sort();
  const at = (share) => finite[Math.floor(share * (finite.length - 1))] ?? 0;
  const [low, high] = [at(0.005), at(0.995)];
  const bar = { title: { text: title, side: "right" }, thickness: 12, outlinewidth: 0, tickcolor: theme.text };
  if (isLog) {
    const powers = [];
    for (let power = Math.ceil(low); power <= Math.floor(high); power += 1) powers.push(power);
    Object.assign(bar, { tickvals: powers, ticktext: powers.map((power) => count(10 ** power)) });
  }
  return { color: shown, cmin: low, cmax: high > low ? high : low + 1,
    colorscale: SCALE.map((colour, n) => [n / (SCALE.length - 1), colour]), showscale: true, colorbar: bar };
}

/* What plotly's markers need, with one colour for each point of the map. */
function colouring(choice, theme) {
  if (["cluster", "label", "sample"].includes(choice)) return discrete(codesOf(choice), theme);
  if (choice === "gc") return continuous(points.gc, "GC", false, theme);
  if (choice === "length") return continuous(points.length, "bases", true, theme);
  if (choice === "count") return continuous(points.count, "reads", true, theme);
  if (choice === "support") return continuous(points.support, "support", false, theme);
  if (choice === "loss") return continuous(points.loss, "loss", false, theme);
  if (choice === "distance") return continuous(points.distance, distanceWord, false, theme);
  return continuous(points.depth[choice.slice("depth:".length)], "reads per base", true, theme);
}

/* The colour of one point as CSS has it: that of the step or between two of the scale. */
function cssColour(made, row, theme) {
  const share = (made.color[row] - made.cmin) / (made.cmax - made.cmin);
  if (Number.isNaN(share)) return theme.grey;
  const colours = made.showscale ? SCALE : [theme.grey, ...PALETTE];
  const place = Math.floor(Math.max(0, share) * colours.length);
  return colours[Math.min(colours.length - 1, place)];
}

function labelLegend(theme) {
  const named = points.labels.slice(0, PALETTE.length).map((name, code) => [PALETTE[code], name]);
  const others = points.labels.length - named.length;
  const grey = [others > 0 ? `${count(others)} other labels` : "", points.label.includes(-1) ? "no label" : ""];
  const text = grey.filter((part) => part !== "").join(", ");
  return text === "" ? named : [...named, [theme.grey, text]];
}

function clusterLegend(theme) {
  const grey = [theme.grey, points.bin_names === null ? `of one ${byId("map").dataset.row}` : "in no bin"];
  const coloured = points.colour_of_cluster.map((colour, code) => [colour, code]).filter(([colour]) => colour >= 0)
    .sort(([a], [b]) => a - b); // the largest first, as they got their colours
  const others = points.earlier === null && points.colour_of_cluster.includes(-1) ? [grey] : [];
  if (coloured.length > PALETTE.length) return [...others, ["", `the ${PALETTE.length} colours recur`]];
  return [...coloured.map(([colour, code]) => [PALETTE[colour], clusterTitle(code)]), ...others];
}

function legendOf(choice, theme) {
  if (choice === "label") return labelLegend(theme);
  if (choice === "cluster") return clusterLegend(theme);
  if (choice !== "sample") return [];
  const recur = points.samples.length > PALETTE.length ? [["", `the ${PALETTE.length} colours recur`]] : [];
  return [...points.samples.slice(0, PALETTE.length).map((sample, n) => [PALETTE[n], sample]), ...recur];
}
