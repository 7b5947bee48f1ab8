"use strict";

/* Draws the figures and sorts the tables. Names are shown by textContent alone, and never handed to plotly, which
   would read some of them as markup. */
(() => {
  // Twelve colours that stay apart for colour-blind readers, mostly of Okabe and Ito and of Paul Tol.
  const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
    "#7a5cc9", "#999933", "#44aa99", "#a03050", "#ddcc77", "#4f7d3a"];
  const LIGHT = { text: "#1c2430", grid: "#e4e8ee", grey: "#c3c9d1" };
  const DARK = { text: "#e6eaf0", grid: "#2b3441", grey: "#4a5461" };
  const MOST_WITHOUT_WEBGL = 20000;
  const LINES = { composition: PALETTE[0], abundance: PALETTE[1], total_depth: PALETTE[2], kl: PALETTE[3] };

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const byId = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(byId(id).textContent);
  const count = (number) => number.toLocaleString("en");

  function element(tag, text) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function layout(theme, more) {
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: theme.text, family: "system-ui, 'DejaVu Sans', sans-serif", size: 13 },
      margin: { l: 56, r: 16, t: 34, b: 44 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.grey, activecolor: theme.text },
      ...more,
    };
  }

  const CONFIG = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["autoScale2d"] };

  /* ---- the map ---- */

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
    list.push(["gc", "GC"], ["length", "length"]);
    if (map.support.some((value) => value !== null)) list.push(["support", "support"]);
    const samples = Object.keys(map.depth);
    samples.forEach((sample) => list.push([`depth:${sample}`, sample === "" ? "total depth" : `depth in ${sample}`]));
    return list;
  }

  function steps(colours) {
    return colours.flatMap((colour, n) => [[n / colours.length, colour], [(n + 1) / colours.length, colour]]);
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
    if (choice === "support") return continuous(pick(map.support), "support", false, theme);
    return continuous(pick(map.depth[choice.slice("depth:".length)]), "reads per base", true, theme);
  }

  function legendOf(map, choice, theme) {
    if (choice === "sample") return map.samples.map((sample, n) => [PALETTE[n % PALETTE.length], sample]);
    if (choice !== "cluster") return [];
    const grey = [theme.grey, map.bins === null ? "of one sequence" : "in no bin"];
    const coloured = map.clusters.map((name, n) => [map.colour_of_cluster[n], name]).filter(([colour]) => colour >= 0);
    if (coloured.length > PALETTE.length) return [grey, ["", `the ${PALETTE.length} colours recur`]];
    return [...coloured.map(([colour, name]) => [PALETTE[colour], `cluster ${name}`]), grey];
  }

  function showLegend(entries) {
    byId("legend").replaceChildren(...entries.map(([colour, text]) => {
      const entry = element("span", text);
      if (colour) {
        const dot = element("i");
        dot.style.background = colour;
        entry.prepend(dot);
      }
      return entry;
    }));
  }

  function factsOf(map, row) {
    const facts = [["length", `${count(map.length[row])} bases`]];
    if (map.gc[row] !== null) facts.push(["GC", `${(100 * map.gc[row]).toFixed(1)} %`]);
    const cluster = map.clusters[map.cluster[row]];
    const isSmall = map.bins !== null && map.colour_of_cluster[map.cluster[row]] < 0;
    facts.push(["cluster", cluster === "" ? "none" : cluster + (isSmall ? " (no bin)" : "")]);
    if (map.support[row] !== null) facts.push(["support", String(map.support[row])]);
    if (map.samples.length > 1) facts.push(["assembly", map.samples[map.sample[row]]]);
    Object.entries(map.depth).slice(0, 13).forEach(([sample, depth]) => {
      facts.push([sample === "" ? "total depth" : `depth in ${sample}`, String(depth[row] ?? "-")]);
    });
    return facts;
  }

  function showTip(map, row, event) {
    const tip = byId("tip");
    const table = element("table");
    factsOf(map, row).forEach(([name, value]) => {
      const line = element("tr");
      line.append(element("td", name), element("td", value));
      table.append(line);
    });
    tip.replaceChildren(element("strong", map.name[row]), table);
    tip.hidden = false;
    const frame = tip.parentElement.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const left = x + tip.offsetWidth + 20 > frame.width ? x - tip.offsetWidth - 14 : x + 14;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${Math.max(0, Math.min(y + 14, frame.height - tip.offsetHeight))}px`;
  }

  function noteOf(map, rows) {
    if (rows.length === map.sequences_in_all) return "";
    return `Shown are ${count(rows.length)} of ${count(map.sequences_in_all)} sequences, evenly chosen.`;
  }

  function mapFigure(map, rows, webgl) {
    const pick = (column) => rows.map((row) => column[row]);
    const crowding = Math.min(1, Math.max(0.4, Math.sqrt(30000 / rows.length)));
    const size = pick(map.length).map((bases) => crowding * Math.min(12, 2.2 + 1.8 * Math.log2(1 + bases / 4000)));
    const axis = (theme, more) => ({ gridcolor: theme.grid, zeroline: false, showticklabels: false, ...more });
    return (theme, choice) => ({
      data: [{ type: webgl ? "scattergl" : "scatter", mode: "markers", x: pick(map.x), y: pick(map.y),
        hoverinfo: "none", marker: { size, opacity: 0.8, line: { width: 0 }, ...colourMarkers(map, rows, choice, theme) } }],
      layout: layout(theme, { xaxis: axis(theme), yaxis: axis(theme, { scaleanchor: "x" }), dragmode: "zoom",
        hovermode: "closest", margin: { l: 10, r: 10, t: 36, b: 10 }, uirevision: "kept" }),
    });
  }

  function startMap() {
    const map = read("map-data");
    const webgl = hasWebgl();
    const rows = rowsToDraw(map, webgl);
    const figure = mapFigure(map, rows, webgl);
    const menu = byId("colour");
    menu.append(...choices(map).map(([value, text]) => {
      const option = element("option", text);
      option.value = value;
      return option;
    }));
    byId("map-note").textContent = noteOf(map, rows);
    const draw = (theme) => {
      const { data, layout: made } = figure(theme, menu.value);
      showLegend(legendOf(map, menu.value, theme));
      return Plotly.react("map-plot", data, made, CONFIG);
    };
    draw(dark.matches ? DARK : LIGHT);
    menu.addEventListener("change", () => draw(dark.matches ? DARK : LIGHT));
    byId("map-plot").on("plotly_hover", ({ points, event }) => showTip(map, rows[points[0].pointNumber], event));
    byId("map-plot").on("plotly_unhover", () => { byId("tip").hidden = true; });
    return draw;
  }

  /* ---- the loss ---- */

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
  drawLoss(dark.matches ? DARK : LIGHT);
  const redraw = (theme) => { drawMap(theme); drawLoss(theme); };
  dark.addEventListener("change", () => redraw(dark.matches ? DARK : LIGHT));
  window.addEventListener("beforeprint", () => redraw(LIGHT));
  window.addEventListener("afterprint", () => redraw(dark.matches ? DARK : LIGHT));
})();
