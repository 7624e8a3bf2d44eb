// Puts the parts together: one state, and who is told when it changes.
gp.start = async (kept) => {
  gp.foldPath();
  gp.tellCells();
  gp.showMarks();
  let data;
  try { data = await gp.read(); } catch (problem) {
    document.querySelectorAll(".tracks, .tools").forEach((one) => one.remove());
    console.warn("gradproof: the charts need a newer browser", problem);
    return null;
  }
  if (!data) return null;
  const find = (name) => document.getElementById(name);
  const state = { data, lane: null, row: null, at: 0, view: null, measure: "ratio" };
  const tracks = find("tracks");

  const whole = () => ({ min: state.lane.starts[0], max: Math.max(state.lane.starts[state.lane.length] - 1, state.lane.starts[0] + 1) });
  const stretch = (step) => {
    const starts = state.lane.starts;
    let low = 0, high = state.lane.length - 1;
    while (low < high) { const middle = (low + high + 1) >> 1; if (starts[middle] <= step) low = middle; else high = middle - 1; }
    return low;
  };
  const tell = () => { charts.read(state.at); find("at").textContent = gp.steps(state.lane, state.at); };
  const zoom = (range) => {
    const all = whole();
    if (!range) state.view = all;
    else {
      const least = Math.min(4, all.max - all.min);
      let [min, max] = range;
      if (max - min < least) { const middle = (min + max) / 2; min = middle - least / 2; max = middle + least / 2; }
      state.view = { min: Math.max(all.min, min), max: Math.min(all.max, max) };
    }
    charts.view();
    heat.draw();
    tell();
  };
  const closer = (factor) => {
    const { min, max } = state.view;
    const here = state.lane.starts[state.at];
    const middle = here >= min && here <= max ? here : (min + max) / 2;
    zoom([middle - (middle - min) * factor, middle + (max - middle) * factor]);
  };
  const pan = (share) => {
    const { min, max } = state.view;
    const all = whole();
    const by = Math.max(all.min - min, Math.min(all.max - max, (max - min) * share));
    zoom([min + by, max + by]);
  };
  state.choose = (row, at) => {
    if (at !== null) state.at = at;
    if (row && row !== state.row) {
      state.row = row;
      find("variable").value = state.lane.rows.indexOf(row);
      document.querySelectorAll(".chosen").forEach((one) => { one.textContent = row.name.split("/").slice(-2).join("/"); });
      charts.build();
      heat.draw();
    }
    tell();
    ledger.steps();
  };
  const lane = (number) => {
    state.lane = data.lanes[number];
    state.view = whole();
    state.row = null;
    find("variable").replaceChildren();
    state.lane.rows.forEach((row, at) => gp.option(find("variable"), at, row.name));
    ledger.lanes();
    const row = state.lane.rows.find((one) => one.lost) ?? state.lane.rows[0];
    const audited = data.ledger.rows.filter(([of, key]) => of === number && key === row.key).map(([, , step]) => step);
    const proven = state.lane.marks[0]?.[0];
    const first = (proven === undefined ? audited.at(-1) : audited.find((step) => step >= proven)) ?? proven;
    state.choose(row, first === undefined ? state.lane.length - 1 : stretch(first));
    heat.key(find("heat-key"));
  };
  const redraw = () => { charts.build(); heat.draw(); heat.key(find("heat-key")); tell(); };

  const heat = new gp.Heat(find("heat"), state, (row, at) => { if (row) state.choose(row, at); else { state.at = at; tell(); } });
  const charts = new gp.Charts(tracks, state, (step, click) => {
    if (step === null) return;
    state.at = stretch(Math.round(step));
    tell();
    if (click) ledger.steps();
  }, zoom);
  const ledger = new gp.Ledger(state);

  find("lane")?.addEventListener("change", (event) => lane(Number(event.target.value)));
  find("variable").addEventListener("change", (event) => state.choose(state.lane.rows[event.target.value], null));
  find("measure").addEventListener("change", (event) => { state.measure = event.target.value; find("heat-unit").textContent = event.target.selectedOptions[0].textContent; heat.draw(); heat.key(find("heat-key")); });
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => ({ in: () => closer(0.5), out: () => closer(2), all: () => zoom(null), left: () => pan(-0.5), right: () => pan(0.5) })[button.dataset.zoom]());
  tracks.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = (by) => { state.at = Math.max(0, Math.min(state.lane.length - 1, state.at + by)); const here = state.lane.starts[state.at]; if (here < state.view.min) pan(-0.5); else if (here > state.view.max) pan(0.5); else tell(); ledger.show(); };
    const turn = (by) => { const rows = state.lane.rows; state.choose(rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(state.row) + by))], null); };
    const keys = { ArrowLeft: () => (event.shiftKey ? pan(-0.25) : move(-1)), ArrowRight: () => (event.shiftKey ? pan(0.25) : move(1)), ArrowUp: () => turn(-1), ArrowDown: () => turn(1), "+": () => closer(0.5), "=": () => closer(0.5), "-": () => closer(2), 0: () => zoom(null), Escape: () => zoom(null), Home: () => move(-state.lane.length), End: () => move(state.lane.length) };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  let width = innerWidth;
  gp.onResize = () => { if (innerWidth === width) return; width = innerWidth; charts.resize(); heat.draw(); };
  gp.onTheme = redraw;

  const number = kept ? Math.max(0, data.lanes.findIndex((one) => one.name === kept.lane)) : 0;
  if (kept && find("lane")) find("lane").value = number;
  if (kept) { state.measure = kept.measure; find("measure").value = kept.measure; }
  lane(number);
  const again = kept && state.lane.rows.find((row) => row.name === kept.row);
  if (again) state.choose(again, kept.last ? state.lane.length - 1 : stretch(kept.step));
  if (kept?.view) zoom(kept.view);
  return {
    kept: () => ({ lane: state.lane.name, row: state.row.name, step: state.lane.starts[state.at], last: state.at === state.lane.length - 1, measure: state.measure, view: state.view.min === whole().min && state.view.max === whole().max ? null : [state.view.min, state.view.max] }),
  };
};

addEventListener("resize", () => gp.onResize?.());
addEventListener("theme", () => gp.onTheme?.());
addEventListener("DOMContentLoaded", async () => {
  document.getElementById("theme").addEventListener("click", () => gradproofTheme());
  gp.page = await gp.start(null);
  await gp.twins();
  document.documentElement.dataset.ready = "1";
  gp.live();
});
