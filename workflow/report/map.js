/* The latent map; newcomers lie on the map of the earlier run that they were assigned to. */

const MOST_WITHOUT_WEBGL = 20000;

function hasWebgl() {
  return Boolean(document.createElement("canvas").getContext("webgl"));
}

function rowsToDraw(map, webgl) {
  const step = webgl ? 1 : Math.ceil(map.name.length / MOST_WITHOUT_WEBGL);
  return map.name.map((_, row) => row).filter((row) => row % step === 0);
}

function choices(map) {
  const list = [["cluster", map.bins === null ? "cluster" : "bin"]];
  if (map.samples.length > 1) list.push(["sample", "sample of the assembly"]);
  if (map.gc !== null) list.push(["gc", "GC"]);
  if (map.length !== null) list.push(["length", "length"]);
  if (map.count !== null) list.push(["count", "reads"]);
  if (map.support.some((value) => value !== null)) list.push(["support", "support"]);
  const samples = Object.keys(map.depth);
  samples.forEach((sample) => list.push([`depth:${sample}`, sample === "" ? "total depth" : `depth in ${sample}`]));
  return list;
}

function discrete(codes, theme) {
  const colours = [theme.grey, ...PALETTE];
  return { color: codes.map((code) => code + 1), cmin: -0.5, cmax: colours.length - 0.5,
    colorscale: steps(colours), showscale: false };
}

function continuous(values, title, isLog, theme) {
  const shown = values.map((value) => (value === null ? NaN : isLog ? Math.log10(Math.max(value, 0.01)) : value));
  const finite = shown.filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share) => finite[Math.floor(share * (finite.length - 1))] ?? 0;
  const [low, high] = [at(0.005), at(0.995)];
  const bar = { title: { text: title, side: "right" }, thickness: 12, outlinewidth: 0, tickcolor: theme.text };
  if (isLog) {
    const powers = [];
    for (let power = Math.ceil(low); power <= Math.floor(high); power += 1) powers.push(power);
    Object.assign(bar, { tickvals: powers, ticktext: powers.map((power) => count(10 ** power)) });
  }
  return { color: shown, cmin: low, cmax: high > low ? high : low + 1, colorscale: "Viridis", showscale: true,
    colorbar: bar };
}

function colourMarkers(map, rows, choice, theme) {
  const pick = (column) => rows.map((row) => column[row]);
  if (choice === "cluster") return discrete(pick(map.cluster).map((code) => map.colour_of_cluster[code] ?? -1), theme);
  if (choice === "sample") return discrete(pick(map.sample).map((code) => code % PALETTE.length), theme);
  if (choice === "gc") return continuous(pick(map.gc), "GC", false, theme);
  if (choice === "length") return continuous(pick(map.length), "bases", true, theme);
  if (choice === "count") return continuous(pick(map.count), "reads", true, theme);
  if (choice === "support") return continuous(pick(map.support), "support", false, theme);
  return continuous(pick(map.depth[choice.slice("depth:".length)]), "reads per base", true, theme);
}

function legendOf(map, choice, theme) {
  if (choice === "sample") return map.samples.map((sample, n) => [PALETTE[n % PALETTE.length], sample]);
  if (choice !== "cluster") return [];
  const grey = [theme.grey, map.bins === null ? `of one ${byId("map").dataset.row}` : "in no bin"];
  const coloured = map.clusters.map((name, n) => [map.colour_of_cluster[n], name]).filter(([colour]) => colour >= 0);
  const others = map.earlier === null && map.colour_of_cluster.includes(-1) ? [grey] : [];
  if (coloured.length > PALETTE.length) return [...others, ["", `the ${PALETTE.length} colours recur`]];
  return [...coloured.map(([colour, name]) => [PALETTE[colour], `cluster ${name}`]), ...others];
}

function shapesOf(map) {
  if (map.earlier === null) return [];
  return [["", "\u25c6 new"], ["", "\u2716 new, of no cluster"], ["", "\u00b7 earlier run"]];
}

function clusterFacts(map, row) {
  const cluster = map.clusters[map.cluster[row]];
  const isSmall = map.bins !== null && map.colour_of_cluster[map.cluster[row]] < 0;
  const facts = [["cluster", cluster === "" ? "none" : cluster + (isSmall ? " (no bin)" : "")]];
  if (map.earlier === null || cluster !== "") return facts;
  return [...facts, ["nearest", map.clusters[map.nearest[row]]], ["why", map.reasons[map.reason[row]]]];
}

function factsOf(map, row) {
  const facts = [];
  if (map.length !== null) facts.push(["length", `${count(map.length[row])} bases`]);
  if (map.count !== null) facts.push(["reads", count(map.count[row])]);
  if (map.gc !== null && map.gc[row] !== null) facts.push(["GC", `${(100 * map.gc[row]).toFixed(1)} %`]);
  facts.push(...clusterFacts(map, row));
  if (map.support[row] !== null) facts.push(["support", String(map.support[row])]);
  if (map.samples.length > 1) facts.push(["assembly", map.samples[map.sample[row]]]);
  Object.entries(map.depth).slice(0, 13).forEach(([sample, depth]) => {
    facts.push([sample === "" ? "total depth" : `depth in ${sample}`, String(depth[row] ?? "-")]);
  });
  return facts;
}

function noteOf(map, rows) {
  if (rows.length === map.sequences_in_all) return "";
  return `Shown are ${count(rows.length)} of ${count(map.sequences_in_all)} ${byId("map").dataset.rows}, evenly chosen.`;
}

function sizesOf(map, rows) {
  const crowding = Math.min(1, Math.max(0.4, Math.sqrt(30000 / rows.length)));
  const size = (row) => {
    if (map.count !== null) return 4.5 + 1.8 * Math.log2(map.count[row]);
    return map.length === null ? 6.5 : 2.2 + 1.8 * Math.log2(1 + map.length[row] / 4000);
  };
  return rows.map((row) => crowding * Math.min(map.count === null ? 12 : 30, size(row)));
}

/* The earlier run, pale behind the newcomers. */
function earlierTrace(map, choice, type, theme) {
  const colours = map.earlier.cluster.map((code) => (choice === "cluster" ? map.colour_of_cluster[code] ?? -1 : -1));
  return { type, mode: "markers", x: map.earlier.x, y: map.earlier.y, hoverinfo: "skip",
    marker: { size: 4, opacity: 0.3, ...discrete(colours, theme) } };
}

/* Newcomers are told from the earlier run by shape and outline, and those of no cluster by another shape. */
function newcomerMarks(map, rows, theme) {
  const isNone = rows.map((row) => map.clusters[map.cluster[row]] === "");
  return { size: isNone.map((none) => (none ? 9 : 11)), symbol: isNone.map((none) => (none ? "x" : "diamond")),
    opacity: 0.95, line: { width: 1.2, color: theme.text } };
}

function mapFigure(map, rows, webgl) {
  const pick = (column) => rows.map((row) => column[row]);
  const type = webgl ? "scattergl" : "scatter";
  const axis = (theme, more) => ({ gridcolor: theme.grid, zeroline: false, showticklabels: false, ...more });
  return (theme, choice) => {
    const marks = map.earlier === null ? { size: sizesOf(map, rows), opacity: 0.8, line: { width: 0 } }
      : newcomerMarks(map, rows, theme);
    const points = { type, mode: "markers", x: pick(map.x), y: pick(map.y), hoverinfo: "none",
      marker: { ...marks, ...colourMarkers(map, rows, choice, theme) } };
    return {
      data: map.earlier === null ? [points] : [earlierTrace(map, choice, type, theme), points],
      layout: layout(theme, { xaxis: axis(theme), yaxis: axis(theme, { scaleanchor: "x" }), dragmode: "zoom",
        hovermode: "closest", showlegend: false, margin: { l: 10, r: 10, t: 36, b: 10 }, uirevision: "kept" }),
    };
  };
}

function startMap() {
  const map = read("map-data");
  const webgl = hasWebgl();
  const isNone = (row) => map.earlier !== null && map.clusters[map.cluster[row]] === "";
  const rows = rowsToDraw(map, webgl).sort((a, b) => isNone(a) - isNone(b)); // those of no cluster lie on top
  const figure = mapFigure(map, rows, webgl);
  const menu = byId("colour");
  menu.append(...choices(map).map(([value, text]) => option(value, text)));
  byId("map-note").textContent = noteOf(map, rows);
  const draw = (theme) => {
    const { data, layout: made } = figure(theme, menu.value);
    showLegend(byId("legend"), [...shapesOf(map), ...legendOf(map, menu.value, theme)]);
    return Plotly.react("map-plot", data, made, CONFIG);
  };
  draw(themeNow());
  menu.addEventListener("change", () => draw(themeNow()));
  byId("map-plot").on("plotly_hover", ({ points, event }) => {
    const row = rows[points[0].pointNumber];
    placeTip(byId("tip"), map.name[row], factsOf(map, row), event);
  });
  byId("map-plot").on("plotly_unhover", () => { byId("tip").hidden = true; });
  return draw;
}
