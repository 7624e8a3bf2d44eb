// Curves of two runs in the same charts.
gp.twins = async () => {
  const element = document.getElementById("twin-data");
  if (!element) return;
  const data = JSON.parse(element.textContent);
  const bytes = data.rows.length ? await gp.inflate(data.block) : new Uint8Array();
  const half = bytes.length / 2;
  const length = data.starts.length - 1;
  let at = 0;
  const read = () => Array.from({ length }, ((code) => () => { code = (code + bytes[at] + 256 * bytes[half + at]) & 0xffff; at++; return code; })(0));
  const rows = data.rows.map(([name, parts]) => ({ name, parts, sides: [0, 1].map(() => ({ gradient: read(), ratio: read(), change: read() })) }));

  const tracks = document.getElementById("twins");
  const x = Array.from({ length }, (_, number) => (data.starts[number] + data.starts[number + 1] - 1) / 2);
  const all = { min: data.starts[0], max: Math.max(data.starts[length] - 1, data.starts[0] + 1) };
  const state = { row: rows.find((row) => row.parts) ?? rows[0], at: length - 1, view: all };
  const charts = new Map();
  let busy = false;

  const stretch = (step) => { let low = 0; while (low < length - 1 && data.starts[low + 1] <= step) low++; return low; };
  const tell = () => {
    busy = true;
    for (const [name, chart] of charts) {
      const words = [0, 1].map((side) => {
        if (name === "loss") return gp.shown(data.loss[side][state.at] ?? null);
        return gp.told(state.row.sides[side][name][state.at], name === "ratio" ? "from zero" : "no gradient");
      });
      tracks.querySelector(`[data-track="${name}"] .reading`).textContent = words.join(" against ");
      chart.setCursor({ left: chart.valToPos(x[state.at], "x"), top: 0 }, false);
    }
    document.getElementById("at").textContent = gp.steps(data, state.at);
    busy = false;
  };
  const zoom = (range) => {
    state.view = range && range[1] - range[0] >= 1 ? { min: Math.max(all.min, range[0]), max: Math.min(all.max, range[1]) } : all;
    for (const chart of charts.values()) chart.setScale("x", state.view);
    tell();
  };
  const draw = (name, curves, logarithmic) => {
    const track = tracks.querySelector(`[data-track="${name}"]`);
    if (!track) return;
    // One point of many steps is no curve; the table above has it.
    track.hidden = !curves.some((curve) => curve.filter((one) => one !== null).length >= Math.min(2, length));
    const plot = track.querySelector(".plot");
    plot.replaceChildren();
    if (track.hidden) return;
    const line = { stroke: gp.colour("--rule"), width: 1 };
    const axis = { stroke: gp.colour("--soft"), font: "11px system-ui, sans-serif", grid: line, ticks: { ...line, size: 4 } };
    const few = length < 60;
    charts.set(name, new uPlot({
      width: Math.max(120, plot.clientWidth), height: 160, legend: { show: false }, padding: [8, gp.right, 0, 0],
      cursor: { drag: { x: true, y: false, setScale: false }, y: false },
      scales: { x: { time: false, range: () => [state.view.min, state.view.max] }, y: logarithmic ? { distr: 3, log: 10 } : {} },
      axes: [{ ...axis, size: 24, values: (u, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? tick.toLocaleString("en") : "")) }, { ...axis, size: gp.axis(), ...(logarithmic ? gp.Charts.prototype.sparse(line) : {}), values: (u, ticks) => (logarithmic ? gp.Charts.prototype.decades(ticks) : ticks.map(gp.shown)) }],
      series: [{}, { stroke: gp.colour("--held"), width: 1.6, points: { show: few, size: 5 } }, { stroke: gp.colour("--lost"), width: 1.6, dash: [6, 3], points: { show: few, size: 5 } }],
      hooks: {
        setCursor: [(u) => { if (!busy && u.cursor.left >= 0 && u.cursor.event) { state.at = stretch(Math.round(u.posToVal(u.cursor.left, "x"))); tell(); } }],
        setSelect: [(u) => { const { left, width } = u.select; if (width < 4) return; const range = [u.posToVal(left, "x"), u.posToVal(left + width, "x")]; u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false); zoom(range); }],
        ready: [(u) => u.over.addEventListener("dblclick", () => zoom(null))],
        draw: [(u) => {
          if (data.step === null || data.step < state.view.min) return;
          const pen = u.ctx, place = u.valToPos(data.step, "x", true);
          pen.save();
          pen.strokeStyle = pen.fillStyle = gp.colour("--ink");
          pen.setLineDash([3, 4]);
          pen.beginPath();
          pen.moveTo(place, u.bbox.top);
          pen.lineTo(place, u.bbox.top + u.bbox.height);
          pen.stroke();
          pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
          const right = place > u.bbox.left + u.bbox.width * 0.85;
          pen.textAlign = right ? "right" : "left";
          if (u === charts.values().next().value) pen.fillText("they part", place + (right ? -5 : 5) * devicePixelRatio, u.bbox.top + 12 * devicePixelRatio);
          pen.restore();
        }],
      },
    }, [x, ...curves], plot));
  };
  const build = () => {
    for (const chart of charts.values()) chart.destroy();
    charts.clear();
    const padded = (numbers) => Array.from({ length }, (_, number) => numbers[number] ?? null);
    draw("loss", data.loss.map(padded), false);
    if (state.row) {
      tracks.querySelectorAll(".chosen").forEach((one) => { one.textContent = state.row.name.split("/").slice(-2).join("/"); });
      for (const name of ["gradient", "change", "ratio"]) {
        draw(name, state.row.sides.map((side) => side[name].map((code) => { const number = gp.numbers[code]; return number > 0 && number < Infinity ? number : null; })), true);
      }
    }
    // The charts know their scales only when uPlot has drawn them.
    queueMicrotask(tell);
  };

  const select = document.getElementById("twin");
  if (select) {
    rows.forEach((row, number) => gp.option(select, number, row.name + (row.parts ? " (parts)" : "")));
    select.value = rows.indexOf(state.row);
    select.addEventListener("change", () => { state.row = rows[select.value]; build(); });
  }
  if (data.step) state.at = stretch(data.step);
  document.querySelector('[data-zoom="all"]')?.addEventListener("click", () => zoom(null));
  tracks.addEventListener("keydown", (event) => {
    const { min, max } = state.view;
    const closer = (factor) => { const middle = x[state.at]; zoom([middle - (middle - min) * factor, middle + (max - middle) * factor]); };
    const move = (by) => { state.at = Math.max(0, Math.min(length - 1, state.at + by)); tell(); };
    const keys = { ArrowLeft: () => move(-1), ArrowRight: () => move(1), "+": () => closer(0.5), "=": () => closer(0.5), "-": () => closer(2), 0: () => zoom(null), Escape: () => zoom(null) };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  gp.onTheme = build;
  let width = innerWidth;
  gp.onResize = () => { if (innerWidth !== width) { width = innerWidth; build(); } };
  gp.twinView = () => state;
  build();
};
