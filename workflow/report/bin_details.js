/* A bin or cluster opened: its sequences, how alike they are, and where they lie beside all others. One at a time. */

const MOST_MEMBERS = 200; // rows of the table; the longest
const MOST_OTHERS = 3000; // pale points
const DISTANCE_BINS = 24;

function closeDetails(table) {
  table.querySelectorAll("tr.details").forEach((row) => row.remove());
  table.querySelectorAll("button.open").forEach((made) => made.setAttribute("aria-expanded", "false"));
}

/* Every so many of the rows, so that at most `most` are left. */
function evenly(rows, most) {
  const step = Math.max(1, Math.ceil(rows.length / most));
  return rows.filter((_, n) => n % step === 0);
}

/* ---- figures ---- */

function totalDepth() {
  return Object.values(points.depth)[0] ?? null;
}

/* What stands against GC: depth, or length where there is no depth. */
function upwards() {
  if (totalDepth() !== null) return { column: totalDepth(), title: "total depth, reads per base" };
  return points.length === null ? null : { column: points.length, title: "length, bases" };
}

function drawMembers(id, members, theme) {
  const { column, title } = upwards();
  const axis = { gridcolor: theme.grid, zeroline: false, automargin: true };
  const isMember = new Set(members);
  const others = evenly(points.name.map((_, row) => row).filter((row) => !isMember.has(row)), MOST_OTHERS);
  const trace = (rows, marker) => ({ type: "scatter", mode: "markers", hoverinfo: "skip", marker,
    x: rows.map((row) => 100 * points.gc[row]), y: rows.map((row) => (column[row] > 0 ? column[row] : null)) });
  return Plotly.react(id, [trace(others, { size: 4, color: theme.grey, opacity: 0.4 }),
    trace(evenly(members, MOST_OTHERS), { size: 7, color: PALETTE[0], opacity: 0.85, line: { width: 0.5, color: theme.text } })],
  layout(theme, { showlegend: false, xaxis: { ...axis, title: { text: "GC, %" } },
    yaxis: { ...axis, type: "log", title: { text: title } }, margin: { l: 60, r: 10, t: 10, b: 44 } }),
  { ...CONFIG, displayModeBar: false });
}

function drawDistances(id, members, theme) {
  const values = members.map((row) => points.distance[row]).filter((value) => value !== null);
  const high = values.reduce((a, b) => Math.max(a, b), 0) || 1;
  const width = high / DISTANCE_BINS;
  const bases = new Array(DISTANCE_BINS).fill(0);
  values.forEach((value) => { bases[Math.min(DISTANCE_BINS - 1, Math.floor(value / width))] += 1; });
  const axis = { gridcolor: theme.grid, zeroline: false, automargin: true };
  return Plotly.react(id, [{ type: "bar", x: bases.map((_, n) => (n + 0.5) * width), y: bases, width: width * 0.94,
    marker: { color: PALETTE[0] }, hoverinfo: "skip" }], layout(theme, { showlegend: false,
    xaxis: { ...axis, title: { text: `${distanceWord} to the mean` } }, yaxis: { ...axis, title: { text: byId("map").dataset.rows } },
    margin: { l: 60, r: 10, t: 10, b: 44 } }), { ...CONFIG, displayModeBar: false });
}

/* ---- the sequences ---- */

function memberColumns() {
  const columns = [];
  const add = (heading, column, show = String, kind = "number") => {
    if (column !== null) columns.push({ heading, column, show, kind });
  };
  add("length", points.length, count);
  add("reads", points.count, count);
  add("GC", points.gc, (value) => `${(100 * value).toFixed(1)} %`);
  if (points.support.some((value) => value !== null)) add("support", points.support);
  add(distanceWord, points.distance);
  add("loss", points.loss);
  add("label", points.label, (code) => points.labels[code] ?? "-", "text");
  Object.entries(points.depth).forEach(([sample, depth]) => add(depthName(sample), depth));
  return columns;
}

function memberTable(members) {
  const columns = memberColumns();
  const table = element("table");
  const head = table.createTHead().insertRow();
  head.append(...[{ heading: "name", kind: "text" }, ...columns].map(({ heading, kind }) => {
    const cell = element("th", heading);
    cell.className = kind;
    return cell;
  }));
  const body = table.createTBody();
  members.slice(0, MOST_MEMBERS).forEach((row) => {
    const line = body.insertRow();
    const name = element("td");
    name.append(button(points.name[row], () => chooseRow(row, "table")));
    line.append(name, ...columns.map(({ column, show, kind }) => {
      const cell = element("td", column[row] === null ? "-" : show(column[row]));
      cell.className = kind;
      return cell;
    }));
  });
  const box = element("div");
  box.className = "scroll members";
  box.append(table);
  return box;
}

function membersOf(code) {
  const size = points.length ?? points.count;
  const rows = rowsWhere(points.cluster, code);
  return size === null ? rows : rows.sort((a, b) => size[b] - size[a]);
}

function titledPlot(id, title) {
  const part = element("div");
  const plot = element("div");
  plot.id = id;
  plot.className = "plot detail";
  part.append(element("h4", title), plot);
  return part;
}

/* ---- opening ---- */

function detailsOf(place, members) {
  const box = element("div");
  const shown = Math.min(MOST_MEMBERS, members.length);
  const many = byId("map").dataset.rows;
  const some = shown < members.length ? `The largest ${count(shown)} of its ${count(members.length)} ${many} on the map.` : "";
  const plots = element("div");
  plots.className = "pair";
  if (points.gc !== null && upwards() !== null) plots.append(titledPlot("members-plot", `GC against ${totalDepth() === null ? "length" : "depth"}, all others pale`));
  if (points.distance !== null) plots.append(titledPlot("distances-plot", `Distance of the ${many} to their mean in ${points.k}-mers`));
  const facts = groups.depth_from < 0 ? [] : depthsOf(place).map((depth, n) => [depthName(groups.samples[n]), String(Number(depth.toPrecision(3)))]);
  const save = element("p");
  save.className = "take";
  save.append(button("Save these as TSV", () => saveText(fileName(clusterTitle(groups.cluster[place])), pointsAsTsv(members))), element("span", some));
  box.append(plots, ...(facts.length > 1 ? [factList(facts)] : []), save, memberTable(members));
  return box;
}

function drawDetails(members, theme) {
  if (byId("members-plot") !== null) drawMembers("members-plot", members, theme);
  if (byId("distances-plot") !== null) drawDistances("distances-plot", members, theme);
}

/* Gives a function that draws what is open in the colours of the moment. */
function startDetails(table, rows) {
  let opened = null;
  const close = () => {
    closeDetails(table);
    opened = null;
  };
  const open = (row, made) => {
    const place = Number(row.dataset.place);
    const line = element("tr");
    line.className = "details";
    const cell = line.insertCell();
    cell.colSpan = row.cells.length;
    opened = membersOf(groups.cluster[place]);
    cell.append(detailsOf(place, opened));
    row.after(line);
    made.setAttribute("aria-expanded", "true");
    drawDetails(opened, themeNow());
  };
  rows.forEach((row) => {
    const made = row.querySelector("button.open");
    made.addEventListener("click", () => {
      const wasOpen = made.getAttribute("aria-expanded") === "true";
      close();
      if (!wasOpen) open(row, made);
    });
  });
  table.addEventListener("sorting", close);
  return (theme) => { if (table.querySelector("tr.details") !== null) drawDetails(opened, theme); };
}
