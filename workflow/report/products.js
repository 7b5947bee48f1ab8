/* What a trained model answers: reconstruction, scores, substitutions, walks through the latent space. */

const FEWEST_ROWS_HIGH = 110; // pixels of the smallest strip
const FEWEST_COLUMNS_WIDE = 40; // with fewer columns a strip does not reach across the page
const SHADES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"; // as walk_figures.SHADES
const STILL = { ...CONFIG, displayModeBar: false };
const LETTERS = ["A", "C", "G", "T", "-", ""]; // the last stands for any other

const plain = (theme, more) => ({ gridcolor: theme.grid, zeroline: false, automargin: true, ...more });

/* ---- lines and histograms ---- */

function drawProfile(id, profile, colours, title, theme) {
  const lines = Object.entries(profile.lines).map(([name, y], n) => (
    { type: "scatter", mode: "lines", name, x: profile.x, y, line: { color: PALETTE[colours[n]], width: 1.3 },
      fill: n === 0 && colours.length > 1 ? "tozeroy" : "none" }));
  const place = profile.window > 1 ? `column (means of ${profile.window} columns)` : "column";
  Plotly.react(id, lines, layout(theme, {
    xaxis: plain(theme, { title: { text: place } }), yaxis: plain(theme, { title: { text: title } }),
    hovermode: "x unified", hoverlabel: { bgcolor: theme === DARK ? "#1a2029" : "#ffffff" },
    showlegend: lines.length > 1, legend: { orientation: "h", x: 0, y: 1.12 }, margin: { l: 56, r: 16, t: 16, b: 44 },
  }), STILL);
}

function drawHistogram(id, figure, title, theme) {
  const colours = { trained: PALETTE[0], "held out": PALETTE[5], columns: PALETTE[0] };
  const bars = Object.entries(figure.groups).map(([name, y]) => ({ type: "bar", name, x: figure.x, y,
    width: figure.width, opacity: 0.6, marker: { color: colours[name], line: { width: 0 } } }));
  Plotly.react(id, bars, layout(theme, {
    barmode: "overlay", bargap: 0, xaxis: plain(theme, { title: { text: title } }),
    yaxis: plain(theme, { title: { text: "share" }, tickformat: ".0%" }),
    showlegend: bars.length > 1, legend: { orientation: "h", x: 0, y: 1.12 }, margin: { l: 56, r: 16, t: 16, b: 44 },
  }), STILL);
}

function drawReconstruction(figure, theme) {
  if (figure.kind === "entropy") drawProfile("reconstruction-plot", figure, [4, 5], "entropy, bits", theme);
  else drawHistogram("reconstruction-plot", figure, "explained share of a column's variance", theme);
}

/* ---- heat maps: names of columns are told by our own tip alone ---- */

function frameWithPlot(parent, id, height) {
  const frame = element("div");
  frame.className = "plot-frame";
  const plot = element("div");
  plot.className = "plot";
  plot.id = id;
  plot.style.height = `${height}px`;
  const tip = element("div");
  tip.className = "tip";
  tip.hidden = true;
  frame.append(plot, tip);
  parent.append(frame);
}

function tellCells(id, factsOf) {
  const plot = byId(id);
  const tip = plot.parentElement.querySelector(".tip");
  plot.removeAllListeners("plotly_hover");
  plot.on("plotly_hover", ({ points, event }) => {
    const [row, column] = points[0].pointNumber;
    placeTip(tip, ...factsOf(row, column), event);
  });
  plot.removeAllListeners("plotly_unhover");
  plot.on("plotly_unhover", () => { tip.hidden = true; });
}

/* Positions as labels of some columns; other names could be markup, and stay in the tip. */
function columnTicks(columns) {
  if (!columns.every((name) => /^[0-9]+$/.test(name))) return { showticklabels: false, ticks: "" };
  const every = Math.ceil(columns.length / 24);
  const shown = columns.map((_, n) => n).filter((n) => n % every === 0);
  return { tickvals: shown, ticktext: shown.map((n) => columns[n]), tickangle: -60 };
}

function heatLayout(theme, rows, columns, more) {
  const range = [-0.5, Math.max(columns.length, FEWEST_COLUMNS_WIDE) - 0.5];
  return layout(theme, {
    xaxis: plain(theme, { showgrid: false, range, ...columnTicks(columns) }),
    yaxis: plain(theme, { showgrid: false, autorange: "reversed", tickvals: rows.map((_, n) => n), ticktext: rows }),
    margin: { l: 70, r: 16, t: 6, b: 44 }, hovermode: "closest", ...more,
  });
}

function diverging(theme) {
  const middle = theme === DARK ? "#1a2029" : "#ffffff";
  return [[0, "#b35806"], [0.25, "#f1a340"], [0.5, middle], [0.75, "#74a9cf"], [1, "#08519c"]];
}

function heat(z, limit, title, theme) {
  return { type: "heatmap", z, zmin: -limit, zmax: limit, colorscale: diverging(theme), hoverinfo: "none", xgap: 0,
    colorbar: { title: { text: title, side: "right" }, thickness: 12, outlinewidth: 0 } };
}

/* ---- substitutions ---- */

function drawSubstitutions(list, chosen, theme) {
  const figure = list[chosen];
  const rows = ["A", "C", "G", "T"];
  const shown = heatLayout(theme, rows, figure.columns, { plot_bgcolor: theme.grey });
  Plotly.react("substitutions-plot", [heat(figure.scores, figure.limit, "score", theme)], shown, STILL);
  tellCells("substitutions-plot", (row, column) => [
    `column ${figure.columns[column]}: ${figure.own[column]} to ${rows[row]}`,
    [["score", String(figure.scores[row][column] ?? "own letter")]]]);
  byId("substitutions-note").textContent = `The heat map shows ${count(figure.columns.length)} of `
    + `${count(figure.in_network)} columns that vary in the data`
    + (figure.outside > 0 ? `; ${count(figure.outside)} others never vary and are in the lower figure alone.` : ".");
  drawProfile("profile-plot", figure.profile, [0], "mean score", theme);
}

function startSubstitutions(list) {
  const menu = byId("substituted");
  menu.append(...list.map((figure, n) => option(String(n), figure.sequence)));
  menu.addEventListener("change", () => drawSubstitutions(list, Number(menu.value), themeNow()));
  return (theme) => drawSubstitutions(list, Number(menu.value), theme);
}

/* ---- walks and draws from the prior ---- */

function titleOf(figure, kind) {
  if (kind === "images") return figure.title;
  const shown = figure.columns.length;
  const of = kind === "letters" ? `${count(figure.changing)} of ${count(figure.in_all)} columns change`
    : `${count(figure.in_all)} columns`;
  const all = kind === "letters" ? figure.changing : figure.in_all;
  return `${figure.title}: ${of}${shown < all ? `, ${count(shown)} are shown` : ""}`;
}

function heightOf(figure, kind) {
  if (kind === "images" && figure.down === "") return 220;
  if (kind === "images") return Math.min(760, 60 + figure.pixels.length * (figure.side > 12 ? 2 : 5));
  return Math.max(FEWEST_ROWS_HIGH, 64 + 15 * figure.rows.length);
}

function drawLetters(id, figure, theme) {
  const codes = figure.letters.map((line) => [...line].map((letter) => {
    const code = LETTERS.indexOf(letter);
    return code < 0 ? LETTERS.length - 1 : code;
  }));
  const colours = [...Object.values(LETTER_COLOURS), theme.text, theme.grey];
  Plotly.react(id, [{ type: "heatmap", z: codes, zmin: -0.5, zmax: colours.length - 0.5, colorscale: steps(colours),
    showscale: false, hoverinfo: "none", xgap: figure.columns.length > 60 ? 0 : 1, ygap: 1 }],
  heatLayout(theme, figure.rows, figure.columns), STILL);
  tellCells(id, (row, column) => [`column ${figure.columns[column]}`,
    [[figure.rows[row], figure.letters[row][column]]]]);
}

function drawValues(id, figure, theme) {
  const limit = Math.max(...figure.values.flat().map((value) => Math.abs(value ?? 0)), 1e-6);
  Plotly.react(id, [heat(figure.values, limit, "", theme)], heatLayout(theme, figure.rows, figure.columns), STILL);
  tellCells(id, (row, column) => [figure.columns[column],
    [[figure.rows[row], String(figure.values[row][column] ?? "-")]]]);
}

function drawImages(id, figure, theme) {
  const z = figure.pixels.map((line) => [...line].map((letter) => SHADES.indexOf(letter)));
  const between = (length) => Array.from({ length: length / figure.side - 1 }, (_, n) => (n + 1) * figure.side - 0.5);
  const line = (more) => ({ type: "line", line: { color: theme.grid, width: 1 }, ...more });
  const [height, width] = [z.length, z[0].length];
  const bare = { showticklabels: false, showgrid: false, ticks: "", zeroline: false };
  Plotly.react(id, [{ type: "heatmap", z, zmin: 0, zmax: SHADES.length - 1, colorscale: [[0, "#ffffff"], [1, "#111111"]],
    showscale: false, hoverinfo: "skip" }], layout(theme, {
    xaxis: { ...bare, constrain: "domain", title: { text: figure.across } },
    yaxis: { ...bare, autorange: "reversed", scaleanchor: "x", constrain: "domain", title: { text: figure.down } },
    shapes: [...between(width).map((x) => line({ x0: x, x1: x, y0: -0.5, y1: height - 0.5 })),
      ...between(height).map((y) => line({ y0: y, y1: y, x0: -0.5, x1: width - 0.5 }))],
    margin: { l: 40, r: 10, t: 6, b: 36 },
  }), STILL);
}

function startWalk({ kind, figures }) {
  const place = byId("walk-plots");
  figures.forEach((figure, n) => {
    place.append(element("h3", titleOf(figure, kind)));
    frameWithPlot(place, `walk-${n}`, heightOf(figure, kind));
  });
  const draw = { letters: drawLetters, values: drawValues, images: drawImages }[kind];
  return (theme) => {
    if (kind === "letters") {
      const letters = Object.entries(LETTER_COLOURS).map(([letter, colour]) => [colour, letter]);
      showLegend(byId("letters"), [...letters, [theme.text, "gap"], [theme.grey, "other"]]);
    }
    figures.forEach((figure, n) => draw(`walk-${n}`, figure, theme));
  };
}

/* ---- all that the job has ---- */

function startProducts() {
  if (byId("products-data") === null) return () => {};
  const figures = read("products-data");
  const draws = [];
  if (figures.reconstruction) draws.push((theme) => drawReconstruction(figures.reconstruction, theme));
  if (figures.scores) {
    draws.push((theme) => drawHistogram("scores-plot", figures.scores, "importance-weighted ELBO, nats", theme));
  }
  if (figures.substitutions?.length) draws.push(startSubstitutions(figures.substitutions));
  if (figures.walk) draws.push(startWalk(figures.walk));
  return (theme) => draws.forEach((draw) => draw(theme));
}
