/* Finding a sequence, a bin or cluster, or a label by its name. */

const MOST_SUGGESTED = 12;

/* All that has a name, the few groups before the many sequences: what is written, and what it chooses. */
function findable() {
  const clusters = points.clusters.map((name, code) => [name, clusterName(code), code]).filter(([name]) => name !== "");
  return [
    ...clusters.map(([, name, cluster]) => ({ name, text: `${isBin(cluster) ? "bin" : "cluster"} ${name}`,
      choose: () => selection.choose("cluster", "search", { cluster }) })),
    ...points.labels.map((name, label) => ({ name, text: `label ${name}`,
      choose: () => selection.choose("label", "search", { label }) })),
    ...points.name.map((name, row) => ({ name, text: name, choose: () => chooseRow(row, "search") })),
  ].map((entry) => ({ ...entry, low: entry.text.toLowerCase() }));
}

/* Those of this name first, then those that begin with what was typed, then those that have it somewhere. */
function suggest(entries, typed) {
  const low = typed.trim().toLowerCase();
  if (low === "") return [];
  const [same, first, rest] = [[], [], []];
  for (const entry of entries) {
    const own = entry.name.toLowerCase();
    if (own === low || entry.low === low) same.push(entry);
    else if (own.startsWith(low) && first.length < MOST_SUGGESTED) first.push(entry);
    else if (rest.length < MOST_SUGGESTED && entry.low.includes(low)) rest.push(entry);
  }
  return [...same, ...first, ...rest].slice(0, MOST_SUGGESTED);
}

function startSearch() {
  const [box, list, note] = [byId("find"), byId("found-names"), byId("find-note")];
  let entries = null; // made at the first letter, as names can be many
  const find = () => {
    entries ??= findable();
    return suggest(entries, box.value);
  };
  const choose = (entry) => {
    const some = byId("map-note").textContent; // that not all sequences are shown
    note.textContent = entry === undefined ? `Nothing here is named ${box.value.trim()}. ${some}`.trim() : "";
    entry?.choose();
  };
  box.addEventListener("input", (event) => {
    const found = find();
    list.replaceChildren(...found.map((entry) => option(entry.text, entry.text)));
    note.textContent = "";
    const isPicked = event.inputType === undefined || event.inputType === "insertReplacementText";
    if (isPicked && found[0]?.text === box.value) choose(found[0]);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || box.value.trim() === "") return;
    event.preventDefault();
    const exact = find().find((entry) => entry.text === box.value);
    choose(exact ?? find()[0]);
  });
}
