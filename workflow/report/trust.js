/* What helps to judge the model: latent dimensions, losses of the held-out, support by length. */

const IDLE = { color: "#8a94a1", name: "not active" };

/* A legend above the plot, with room for so many lines of it where the page is narrow. */
function above(lines) {
  return { legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" }, margin: { l: 56, r: 16, t: 10 + 19 * lines, b: 44 } };
}

function drawDimensions(figure, theme) {
  const bars = [[true, { color: PALETTE[0], name: "active" }], [false, IDLE]].map(([active, { color, name }]) => {
    const places = figure.active.map((is, place) => (is === active ? place : -1)).filter((place) => place >= 0);
    return { type: "bar", name, x: places.map((place) => place + 1), y: places.map((place) => figure.variance[place]),
      customdata: places.map((place) => figure.names[place]), marker: { color },
      hovertemplate: "%{customdata}: %{y}<extra></extra>" };
  }).filter(({ x }) => x.length > 0);
  Plotly.react("dimensions-plot", bars, layout(theme, {
    xaxis: plain(theme, { title: { text: "latent dimension, by variance" }, ...(figure.names.length > 12 ? {} : { dtick: 1 }) }),
    yaxis: plain(theme, { title: { text: "variance of the means" } }),
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: figure.limit, y1: figure.limit,
      line: { color: PALETTE[5], width: 1, dash: "dot" } }],
    barmode: "overlay", showlegend: true, ...above(1),
  }), STILL);
}

function drawSupport(figure, theme) {
  const colours = [PALETTE[0], PALETTE[1], PALETTE[5]];
  const lines = Object.entries(figure.lines).map(([name, y], n) => (
    { type: "scatter", mode: "lines+markers", name, x: figure.x, y, line: { color: colours[n], width: 2 } }));
  Plotly.react("support-plot", lines, layout(theme, {
    xaxis: plain(theme, { type: "log", title: { text: figure.size }, ...logTicks(figure.x) }),
    yaxis: plain(theme, { title: { text: "support" }, range: [-0.03, 1.03] }),
    hovermode: "x unified", hoverlabel: { bgcolor: theme === DARK ? "#1a2029" : "#ffffff" },
    ...above(3),
  }), STILL);
}

function startTrust() {
  const figures = read("trust-data");
  return (theme) => {
    if (figures.dimensions) drawDimensions(figures.dimensions, theme);
    if (figures.held_out) drawHistogram("held-out-plot", figures.held_out, "reconstruction loss", theme);
    if (figures.support) drawSupport(figures.support, theme);
  };
}
