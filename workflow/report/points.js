/* The points of the map and what is known of each; a row is a number of a point, a code one of a cluster or a label. */

const points = read("map-data");
Object.entries(points.depth).forEach(([sample, depth]) => {
  if (typeof depth === "string") points.depth[sample] = unpack(depth);
});
const groupWord = points.bin_names === null ? "cluster" : "bin";
const distanceWord = `${points.k}-mer distance`;

/* The inverse of `figures.packed`: numbers as two letters each. */
function unpack(text) {
  const letters = Array.from({ length: 95 }, (_, n) => String.fromCharCode(32 + n)).filter((letter) => !"\"&'<>\\".includes(letter));
  const digit = new Map(letters.map((letter, n) => [letter, n]));
  return Array.from({ length: text.length / 2 }, (_, n) => {
    const step = letters.length * digit.get(text[2 * n]) + digit.get(text[2 * n + 1]);
    return step === 0 ? 0 : Number((0.001 * 10 ** ((step - 1) / 980)).toPrecision(3));
  });
}

function isBin(code) {
  return points.bin_names !== null && points.bin_names[code] !== "";
}

function clusterName(code) {
  if (isBin(code)) return points.bin_names[code];
  return points.clusters[code] === "" ? "none" : points.clusters[code];
}

function clusterTitle(code) {
  if (points.clusters[code] === "") return "no cluster";
  return `${isBin(code) ? "bin" : "cluster"} ${clusterName(code)}`;
}

function rowsWhere(column, code) {
  const rows = [];
  column.forEach((value, row) => { if (value === code) rows.push(row); });
  return rows;
}

/* The points that a choice lights up. */
function litRows(chosen) {
  if (chosen.kind === "sequence" && points.clusters[chosen.cluster] === "") return [chosen.row];
  if (chosen.kind === "sequence" || chosen.kind === "cluster") return rowsWhere(points.cluster, chosen.cluster);
  if (chosen.kind === "label") return rowsWhere(points.label, chosen.label);
  return chosen.rows;
}

function chooseRow(row, from) {
  selection.choose("sequence", from, { row, cluster: points.cluster[row] });
}

function clusterFacts(row) {
  const cluster = points.cluster[row];
  const name = points.clusters[cluster];
  const noBin = points.bin_names !== null && !isBin(cluster) && name !== "";
  const facts = [[isBin(cluster) ? "bin" : "cluster", clusterName(cluster) + (noBin ? " (no bin)" : "")]];
  if (points.earlier === null || name !== "") return facts;
  return [...facts, ["nearest", points.clusters[points.nearest[row]]], ["why", points.reasons[points.reason[row]]]];
}

function depthName(sample) {
  return sample === "" ? "total depth" : `depth in ${sample}`;
}

/* Pairs of name and value, as a reader wants them. */
function factsOf(row, mostSamples) {
  const facts = [];
  const add = (column, name, show) => {
    if (column !== null && column[row] !== null) facts.push([name, show(column[row])]);
  };
  add(points.length, "length", (value) => `${count(value)} bases`);
  add(points.count, "reads", count);
  add(points.gc, "GC", (value) => `${(100 * value).toFixed(1)} %`);
  facts.push(...clusterFacts(row));
  add(points.support, "support", String);
  add(points.label, "label", (code) => points.labels[code] ?? "none");
  if (points.samples.length > 1) facts.push(["assembly", points.samples[points.sample[row]]]);
  add(points.loss, "reconstruction loss", String);
  add(points.distance, `${distanceWord} to its ${groupWord}'s mean`, String);
  Object.entries(points.depth).slice(0, mostSamples).forEach(([sample, depth]) => {
    facts.push([depthName(sample), String(depth[row] ?? "-")]);
  });
  return facts;
}

/* Columns of a table of points, each a heading and what it says of a row. */
function pointColumns() {
  const columns = [["sequence", (row) => points.name[row]], ["cluster", (row) => points.clusters[points.cluster[row]]]];
  const add = (heading, column, show) => {
    if (column !== null) columns.push([heading, show ?? ((row) => column[row])]);
  };
  if (points.bin_names !== null) add("bin", points.bin_names, (row) => points.bin_names[points.cluster[row]]);
  if (points.samples.length > 1) add("sample", points.sample, (row) => points.samples[points.sample[row]]);
  add("length", points.length);
  add("reads", points.count);
  add("gc", points.gc);
  add("support", points.support);
  add("label", points.label, (row) => points.labels[points.label[row]]);
  add("reconstruction_loss", points.loss);
  add(`${points.k}mer_distance`, points.distance);
  Object.entries(points.depth).forEach(([sample, depth]) => add(sample === "" ? "depth" : `depth_${sample}`, depth));
  return columns;
}

function pointsAsTsv(rows) {
  const columns = pointColumns();
  return asTsv(columns.map(([heading]) => heading), rows.map((row) => columns.map(([, show]) => show(row))));
}
