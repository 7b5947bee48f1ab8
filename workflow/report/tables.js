/* Tables that a click on a heading sorts. */

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
  table.dispatchEvent(new Event("sorting")); // what is no row of its own goes away
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => sign * compare(orderOf(a, column), orderOf(b, column)));
  table.tBodies[0].append(...rows);
  table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", direction);
}

document.querySelectorAll("table.sortable th button").forEach((button) => {
  button.addEventListener("click", () => sortBy(button.closest("th")));
});
