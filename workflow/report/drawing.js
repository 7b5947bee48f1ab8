/* Shared by the parts of the page's script, which are joined into one in the order of `report.SCRIPTS`.
   Names are shown by textContent alone, and never handed to plotly, which would read some of them as markup. */

// Twelve colours that stay apart for colour-blind readers, mostly of Okabe and Ito and of Paul Tol.
const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
  "#7a5cc9", "#999933", "#44aa99", "#a03050", "#ddcc77", "#4f7d3a"];
const LIGHT = { text: "#1c2430", grid: "#e4e8ee", grey: "#c3c9d1" };
const DARK = { text: "#e6eaf0", grid: "#2b3441", grey: "#4a5461" };
const LETTER_COLOURS = { A: "#009e73", C: "#0072b2", G: "#e69f00", T: "#cc79a7" };

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

function themeNow() {
  return dark.matches ? DARK : LIGHT;
}

function steps(colours) {
  return colours.flatMap((colour, n) => [[n / colours.length, colour], [(n + 1) / colours.length, colour]]);
}

/* A title and pairs of name and value beside the pointer. */
function placeTip(tip, title, facts, event) {
  const table = element("table");
  facts.forEach(([name, value]) => {
    const line = element("tr");
    line.append(element("td", name), element("td", value));
    table.append(line);
  });
  tip.replaceChildren(element("strong", title), table);
  tip.hidden = false;
  const frame = tip.parentElement.getBoundingClientRect();
  const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
  const left = x + tip.offsetWidth + 20 > frame.width ? x - tip.offsetWidth - 14 : x + 14;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${Math.max(0, Math.min(y + 14, frame.height - tip.offsetHeight))}px`;
}

/* Entries of a legend: a colour, or none, and a text. */
function showLegend(legend, entries) {
  legend.replaceChildren(...entries.map(([colour, text]) => {
    const entry = element("span", text);
    if (colour) {
      const dot = element("i");
      dot.style.background = colour;
      entry.prepend(dot);
    }
    return entry;
  }));
}

function option(value, text) {
  const made = element("option", text);
  made.value = value;
  return made;
}
