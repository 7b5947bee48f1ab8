/* What is chosen, in words: below the map in full, and at the foot of the window in one line, from wherever it is seen. */

const MOST_NAMES = 10;
const MOST_GROUPS = 8;

function titleOfChosen(chosen) {
  if (chosen.kind === "sequence") return points.name[chosen.row];
  if (chosen.kind === "cluster") return clusterTitle(chosen.cluster);
  if (chosen.kind === "label") return `label ${points.labels[chosen.label]}`;
  return "drawn around";
}

function factList(facts) {
  const list = element("dl");
  facts.forEach(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    list.append(pair);
  });
  return list;
}

/* How many of the rows lie in each bin or cluster, the most first. */
function breakdown(rows) {
  const found = new Map();
  rows.forEach((row) => found.set(points.cluster[row], (found.get(points.cluster[row]) ?? 0) + 1));
  return [...found].sort(([, a], [, b]) => b - a);
}

function breakdownList(rows) {
  const found = breakdown(rows);
  const list = element("ul");
  list.className = "breakdown";
  found.slice(0, MOST_GROUPS).forEach(([cluster, number]) => {
    const entry = element("li");
    const open = button(clusterTitle(cluster), () => selection.choose("cluster", "panel", { cluster }));
    entry.style.setProperty("--share", number / rows.length);
    entry.append(open, element("span", count(number)));
    list.append(entry);
  });
  if (found.length > MOST_GROUPS) list.append(element("li", `and ${count(found.length - MOST_GROUPS)} more`));
  return list;
}

function namesLine(rows) {
  const shown = rows.slice(0, MOST_NAMES).map((row) => points.name[row]).join(", ");
  const line = element("p", rows.length > MOST_NAMES ? `${shown} and ${count(rows.length - MOST_NAMES)} more` : shown);
  line.className = "names";
  return line;
}

/* Buttons that take the names along; the answer to a click stands beside them. */
function takeButtons(rows) {
  const line = element("p");
  line.className = "take";
  const said = element("span");
  said.setAttribute("role", "status");
  line.append(
    button("Copy names", async () => {
      const done = await copyText(rows.map((row) => `${points.name[row]}\n`).join(""));
      said.textContent = done ? `${count(rows.length)} names copied` : "This browser does not let the page copy.";
    }),
    button("Save as TSV", () => saveText(fileName("selected"), pointsAsTsv(rows))),
    button("Clear (Esc)", selection.clear), said);
  return line;
}

function describeChosen(chosen) {
  const { row, rows: many } = byId("map").dataset;
  const rows = litRows(chosen);
  const number = `${count(rows.length)} ${rows.length === 1 ? row : many}`;
  const title = element("h3", titleOfChosen(chosen));
  if (chosen.kind === "sequence") {
    const others = element("p", `Lit up: ${points.clusters[chosen.cluster] === "" ? number : `${clusterTitle(chosen.cluster)}, ${number}`}.`);
    return [title, factList(factsOf(chosen.row, Infinity)), others, takeButtons(rows)];
  }
  const head = chosen.kind === "drawn" ? element("h3", `${number} drawn around`) : title;
  const parts = chosen.kind === "cluster" ? [element("p", `${number}:`)] : [element("p", `${number}, by ${groupWord}:`), breakdownList(rows)];
  return [head, ...parts, namesLine(rows), takeButtons(rows)];
}

function describeInBar(chosen) {
  const links = [["#map", "Map"], [`#${document.querySelector("table.linked")?.closest("section").id}`, "Table"]];
  const shown = links.filter(([address]) => address !== "#undefined").map(([address, text]) => {
    const link = element("a", text);
    link.href = address;
    return link;
  });
  const clear = button("\u00d7", selection.clear);
  clear.setAttribute("aria-label", "Clear what is chosen");
  return [element("strong", chosen.kind === "drawn" ? `${count(chosen.rows.length)} drawn around` : titleOfChosen(chosen)), ...shown, clear];
}

function startChosen() {
  const [panel, bar] = [byId("chosen"), byId("chosen-bar")];
  selection.subscribe((chosen) => {
    const isNothing = chosen.kind === "nothing";
    panel.replaceChildren(...(isNothing ? [] : describeChosen(chosen)));
    bar.replaceChildren(...(isNothing ? [] : describeInBar(chosen)));
    panel.hidden = isNothing;
    bar.hidden = isNothing;
  });
}
