// Curves over the steps, drawn by uPlot.
// On a phone there is no column for names, so that they stand here.
gp.axis = () => (innerWidth > 720 ? 64 : 92);
gp.right = 22;

// Where the steps begin in the picture of all variables: below the curves' own beginning.
gp.left = () => gp.axis() + (innerWidth > 720 ? 150 : 0);

gp.Charts = class {
  constructor(tracks, state, moved, zoomed) {
    this.tracks = tracks;
    this.state = state;
    this.moved = moved;
    this.zoomed = zoomed;
    this.charts = new Map();
    this.busy = false;
  }

  // Anew for another lane, variable or colours.
  build() {
    for (const chart of this.charts.values()) chart.destroy();
    this.charts.clear();
    const { lane, row } = this.state;
    this.x = Array.from({ length: lane.length }, (_, at) => (lane.starts[at] + lane.starts[at + 1] - 1) / 2);
    const loss = lane.loss.map((numbers) => numbers.slice());
    this.add("ratio", row && this.ofVariable("ratio"), true);
    this.add("gradient", row && this.ofVariable("gradient"), true);
    this.add("loss", loss[1].some((one) => one !== null) && [this.x, loss[1], loss[2], loss[0]], false);
    this.add("rate", lane.rate.some((one) => one !== null) && [this.x, lane.rate], false);
    this.add("scale", lane.scales.length > 0 && [lane.scales.map(([step]) => step), lane.scales.map(([, scale]) => scale)], false);
    // The charts know their scales only when uPlot has drawn them.
    queueMicrotask(() => this.read(this.state.at));
  }

  ofVariable(kind) {
    const { lane, row } = this.state;
    const positive = (codes) => Array.from(codes, (code) => { const number = gp.numbers[code]; return number > 0 && number < Infinity ? number : null; });
    const { middle, low, high, many } = this.ofAll(kind);
    const empty = middle.map(() => null);
    return [this.x, positive(row[kind]), positive(row[`${kind}High`]), positive(row[`${kind}Low`]), many ? middle : empty, many ? high : empty, many ? low : empty];
  }

  // Median and middle 80 % of all variables, once for each lane.
  ofAll(kind) {
    const { lane } = this.state;
    lane.all ??= {};
    if (lane.all[kind]) return lane.all[kind];
    const middle = [], low = [], high = [];
    for (let at = 0; at < lane.length; at++) {
      const all = [];
      for (const row of lane.rows) {
        const code = row[kind][at];
        if (code >= gp.codes.least) all.push(code);
      }
      all.sort((one, other) => one - other);
      const part = (share) => (all.length ? gp.numbers[all[Math.min(all.length - 1, Math.floor(all.length * share))]] : null);
      middle.push(part(0.5));
      low.push(part(0.1));
      high.push(part(0.9));
    }
    return (lane.all[kind] = { middle, low, high, many: lane.rows.length > 2 });
  }

  add(name, data, logarithmic) {
    const track = this.tracks.querySelector(`[data-track="${name}"]`);
    track.hidden = !data;
    if (!data) return;
    const element = track.querySelector(".plot");
    element.replaceChildren();
    const colour = gp.colour(name === "loss" || name === "rate" || name === "scale" ? "--ink" : "--held");
    const faint = gp.colour("--faint");
    const few = data[1].filter((one) => one !== null).length < 60;
    const curve = (more) => ({ stroke: colour, width: 1.5, points: { show: few || name === "scale", size: 4 }, spanGaps: name === "rate", ...more });
    const hidden = { stroke: "transparent", width: 0, points: { show: false } };
    const veil = (paint, share) => `color-mix(in srgb, ${paint} ${share}%, transparent)`;
    const series = [{}, curve({})];
    const bands = [];
    if (data.length > 2) { series.push(hidden, hidden); bands.push({ series: [2, 3], fill: veil(colour, 22) }); }
    if (data.length > 4) {
      series.push({ stroke: faint, width: 1, dash: [4, 4], points: { show: false } }, hidden, hidden);
      bands.push({ series: [5, 6], fill: veil(faint, 16) });
    }
    const line = { stroke: gp.colour("--rule"), width: 1 };
    const axis = { stroke: gp.colour("--soft"), font: "11px system-ui, sans-serif", grid: line, ticks: { ...line, size: 4 } };
    if (!data.slice(1).some((numbers) => numbers.some((one) => one !== null))) {
      const words = document.createElement("p");
      words.className = "nothing";
      words.textContent = "nothing to draw: zero, missing or not finite at every step";
      element.append(words);
      return;
    }
    const chart = new uPlot(
      {
        width: Math.max(120, element.clientWidth), height: logarithmic ? 150 : name === "loss" ? 140 : 92,
        legend: { show: false }, padding: [8, gp.right, 0, 0],
        cursor: { drag: { x: true, y: false, setScale: false }, y: false, points: { size: 6 } },
        scales: { x: { time: false, range: () => [this.state.view.min, this.state.view.max] }, y: logarithmic ? { distr: 3, log: 10 } : { range: this.range } },
        axes: [{ ...axis, size: 24, values: (u, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? tick.toLocaleString("en") : "")) }, { ...axis, size: gp.axis(), ...(logarithmic ? this.sparse(line) : {}), values: (u, ticks) => (logarithmic ? this.decades(ticks) : ticks.map(gp.shown)) }],
        series, bands,
        hooks: {
          setCursor: [(u) => this.cursor(u)],
          setSelect: [(u) => this.select(u)],
          draw: [(u) => this.marks(u)],
          ready: [(u) => { u.over.addEventListener("dblclick", () => this.zoomed(null)); u.over.addEventListener("click", () => { if (u.cursor.idx !== null && u.cursor.idx !== undefined) this.moved(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null, true); }); }],
        },
      },
      data, element,
    );
    this.charts.set(name, chart);
  }

  range(u, low, high) {
    if (low === null) return [0, 1];
    const room = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
    return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
  }

  sparse(line) {
    const filter = (u, ticks) => this.whole(ticks);
    return { filter, grid: { ...line, filter }, ticks: { ...line, size: 4, filter } };
  }

  // Lines at whole decades only, where there are some.
  whole(ticks) {
    const whole = ticks.map((tick) => (tick > 0 && Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9 ? tick : null));
    return whole.filter((tick) => tick !== null).length < 2 ? ticks : whole;
  }

  // Of many decades not each is named.
  decades(ticks) {
    const whole = this.whole(ticks).filter((tick) => tick !== null && Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9);
    if (whole.length < 2) return ticks.map((tick) => (tick === null ? "" : gp.shown(tick)));
    const apart = Math.ceil(whole.length / 4);
    const named = new Set(whole.filter((tick, at) => (whole.length - 1 - at) % apart === 0));
    return ticks.map((tick) => (named.has(tick) ? gp.shown(tick) : ""));
  }

  cursor(chart) {
    if (this.busy || chart.cursor.left < 0 || !chart.cursor.event) return;
    this.moved(chart.posToVal(chart.cursor.left, "x"), false);
  }

  select(chart) {
    const { left, width } = chart.select;
    if (width < 4) return;
    const from = chart.posToVal(left, "x");
    const to = chart.posToVal(left + width, "x");
    chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    this.zoomed([from, to]);
  }

  marks(chart) {
    const pen = chart.ctx;
    pen.save();
    pen.strokeStyle = gp.colour("--lost");
    pen.setLineDash([4, 4]);
    const marks = new Map();
    for (const [step, code] of this.state.lane.marks) marks.set(step, marks.has(step) ? `${marks.get(step)}, ${code}` : code);
    for (const [step, code] of marks) {
      const x = chart.valToPos(step, "x", true);
      if (x < chart.bbox.left || x > chart.bbox.left + chart.bbox.width) continue;
      pen.beginPath();
      pen.moveTo(x, chart.bbox.top);
      pen.lineTo(x, chart.bbox.top + chart.bbox.height);
      pen.stroke();
      if (chart === [...this.charts.values()][0]) {
        pen.fillStyle = gp.colour("--lost");
        pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
        const right = x > chart.bbox.left + chart.bbox.width * 0.9;
        pen.textAlign = right ? "right" : "left";
        pen.fillText(code, x + (right ? -4 : 4) * devicePixelRatio, chart.bbox.top + 11 * devicePixelRatio);
      }
    }
    pen.restore();
    this.wrong(chart, pen);
  }

  // A line below the curve where its numbers are not finite.
  wrong(chart, pen) {
    const name = ["ratio", "gradient"].find((one) => this.charts.get(one) === chart);
    if (!name) return;
    const { lane, row } = this.state;
    const { left, top, width, height } = chart.bbox;
    pen.save();
    pen.fillStyle = gp.colour("--wrong");
    for (let at = 0; at < lane.length; at++) {
      const code = row[`${name}High`][at];
      if (code !== gp.codes.nan && code !== gp.codes.infinite) continue;
      const from = Math.max(left, chart.valToPos(lane.starts[at], "x", true));
      const to = Math.min(left + width, chart.valToPos(lane.starts[at + 1], "x", true));
      if (to > from) pen.fillRect(from, top + height - 4 * devicePixelRatio, Math.max(1, to - from), 4 * devicePixelRatio);
    }
    pen.restore();
  }

  // The stretch of steps at which the numbers are read.
  read(at) {
    const { lane, row } = this.state;
    this.busy = true;
    for (const name of ["ratio", "gradient", "loss", "rate", "scale"]) {
      const reading = this.tracks.querySelector(`[data-track="${name}"] .reading`);
      if (name === "loss") reading.textContent = this.band(lane.loss[1][at], lane.loss[0][at], lane.loss[2][at]);
      else if (name === "rate") reading.textContent = gp.shown(lane.rate[at]);
      else if (name === "scale") { const known = lane.scales.filter(([step]) => step < lane.starts[at + 1]).pop(); reading.textContent = known ? gp.shown(known[1]) : "none yet"; }
      else reading.textContent = this.codes(row[name][at], row[`${name}Low`][at], row[`${name}High`][at], name === "ratio" ? "from zero" : "no gradient");
      const chart = this.charts.get(name);
      if (!chart) continue;
      const left = chart.valToPos(this.x[at], "x");
      const inside = this.x[at] >= this.state.view.min && this.x[at] <= this.state.view.max;
      chart.setCursor({ left: inside ? left : -10, top: 0 }, false);
    }
    this.busy = false;
  }

  codes(middle, low, high, none) {
    const told = gp.told(middle, none);
    return low === high ? told : `${told} (${gp.told(low, none)} to ${gp.told(high, none)})`;
  }

  band(middle, low, high) {
    if (middle === null && high === null) return "not finite or not known";
    return low === high ? gp.shown(middle) : `${gp.shown(middle)} (${gp.shown(low)} to ${gp.shown(high)})`;
  }

  view() {
    for (const chart of this.charts.values()) {
      chart.setScale("x", this.state.view);
    }
  }

  resize() {
    for (const [name, chart] of this.charts) {
      const width = this.tracks.querySelector(`[data-track="${name}"] .plot`).clientWidth;
      if (width > 0 && Math.abs(width - chart.width) > 1) chart.setSize({ width, height: chart.height });
    }
  }
};
