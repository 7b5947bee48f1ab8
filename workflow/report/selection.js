/* What is chosen on the page. Map, table and panel subscribe to it and choose by it, and none knows the others.

   kind: `nothing`, `sequence` (its `row` and `cluster`), `cluster`, `label` (a code each), `drawn` (`rows` inside a
   lasso or a frame). from: what chose it: `map`, `table` or `search`. */

const NOTHING = { kind: "nothing", row: -1, cluster: -1, label: -1, rows: [], from: "" };

const selection = (() => {
  let chosen = NOTHING;
  const listeners = [];
  const set = (now) => {
    chosen = now;
    listeners.forEach((listener) => listener(chosen));
  };
  return {
    now: () => chosen,
    subscribe: (listener) => listeners.push(listener),
    clear: () => { if (chosen.kind !== "nothing") set(NOTHING); },
    choose: (kind, from, more) => set({ ...NOTHING, kind, from, ...more }),
  };
})();

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") selection.clear();
});
