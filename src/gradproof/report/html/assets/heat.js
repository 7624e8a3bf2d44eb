// All variables over all steps as colours: what vanishes, explodes, or is dead.
// Blue over neutral to orange can be told apart by colour-blind people.
gp.Heat = class {
  constructor(element, state, chosen) {
    this.state = state;
    this.chosen = chosen;
    this.canvas = document.createElement("canvas");
    element.append(this.canvas);
    this.element = element;
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => gp.tip.hide());
    this.canvas.addEventListener("click", (event) => {
      const hit = this.hit(event);
      if (hit) chosen(hit.row, hit.at);
    });
  }

  // Ten decades around the middle: a change of a thousandth of the value, or the median gradient.
  scale() {
    const { lane, measure } = this.state;
    if (measure === "ratio") return { middle: -3, decades: 4, words: "a thousandth of the value a step" };
    const logs = [];
    for (const row of lane.rows) {
      for (let at = 0; at < lane.length; at += Math.ceil(lane.length / 60)) {
        const number = gp.numbers[row.gradient[at]];
        if (number > 0 && number < Infinity) logs.push(Math.log10(number));
      }
    }
    logs.sort((one, other) => one - other);
    return { middle: logs.length ? logs[logs.length >> 1] : 0, decades: 4, words: "the median" };
  }

  colours() {
    const dark = document.documentElement.classList.contains("dark");
    const ends = dark
      ? { low: [[38, 48, 58], [38, 94, 150], [90, 190, 255]], high: [[38, 48, 58], [170, 84, 30], [255, 186, 92]], dead: [5, 6, 8], wrong: [240, 110, 220] }
      : { low: [[234, 237, 240], [120, 176, 220], [12, 66, 130]], high: [[234, 237, 240], [246, 170, 96], [158, 58, 0]], dead: [40, 44, 50], wrong: [196, 20, 140] };
    const mix = (stops, part) => {
      // What is within a decade or so of the middle is all right, and pale.
      const place = Math.min(1, part) ** 1.6 * 2;
      const [from, to] = place < 1 ? [stops[0], stops[1]] : [stops[1], stops[2]];
      const share = place < 1 ? place : place - 1;
      return from.map((one, at) => Math.round(one + (to[at] - one) * share));
    };
    const { middle, decades } = this.scale();
    const { missing, none, nan, infinite, zero } = gp.codes;
    return (code) => {
      if (code === missing || code === none) return null;
      if (code === nan || code === infinite) return ends.wrong;
      if (code === zero) return ends.dead;
      const away = (Math.log10(gp.numbers[code]) - middle) / decades;
      return away < 0 ? mix(ends.low, -away) : mix(ends.high, away);
    };
  }

  // The stretch of steps under each pixel; one that is not finite wins.
  columns(width) {
    const { lane, view } = this.state;
    const found = new Array(width);
    let at = 0;
    for (let x = 0; x < width; x++) {
      const from = view.min + ((view.max - view.min) * x) / width;
      const to = view.min + ((view.max - view.min) * (x + 1)) / width;
      while (at < lane.length - 1 && lane.starts[at + 1] <= from) at++;
      let last = at;
      while (last < lane.length - 1 && lane.starts[last + 1] < to) last++;
      found[x] = from >= lane.starts[lane.length] || to <= lane.starts[0] ? null : [at, last];
    }
    return found;
  }

  draw() {
    const { lane, measure } = this.state;
    const rows = lane.rows.length;
    const ratio = devicePixelRatio || 1;
    this.left = gp.left();
    const full = this.element.clientWidth;
    if (!full) return;
    const width = Math.max(40, full - this.left - gp.right);
    this.rowHeight = rows <= 12 ? 18 : rows <= 40 ? 12 : rows <= 100 ? 6 : Math.max(2, Math.min(4, Math.round(600 / rows)));
    const height = rows * this.rowHeight;
    const canvas = this.canvas;
    canvas.width = full * ratio;
    canvas.height = (height + 2) * ratio;
    canvas.style.height = `${height + 2}px`;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    this.columnsShown = this.columns(Math.round(width));
    const colour = this.colours();
    const known = new Map();
    const image = new ImageData(this.columnsShown.length, rows);
    const pixels = new DataView(image.data.buffer);
    const kind = measure;
    const worst = `${measure}High`;
    lane.rows.forEach((row, y) => {
      this.columnsShown.forEach((stretch, x) => {
        if (!stretch) return;
        let code = row[kind][stretch[0] + ((stretch[1] - stretch[0]) >> 1)];
        for (let at = stretch[0]; at <= stretch[1]; at++) {
          const here = row[worst][at];
          if (here === gp.codes.nan || here === gp.codes.infinite) code = here;
        }
        let paint = known.get(code);
        if (paint === undefined) {
          const [red, green, blue] = colour(code) ?? [0, 0, 0];
          known.set(code, (paint = code === gp.codes.missing || code === gp.codes.none ? 0 : ((red << 24) | (green << 16) | (blue << 8) | 255) >>> 0));
        }
        pixels.setUint32(4 * (y * image.width + x), paint);
      });
    });
    const small = new OffscreenCanvas(image.width, rows);
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, this.left, 1, width, height);
    this.width = width;
    this.lines(pen, height);
  }

  lines(pen, height) {
    const { lane } = this.state;
    pen.font = "10.5px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    if (this.rowHeight >= 10) {
      lane.rows.forEach((row, at) => {
        pen.fillStyle = gp.colour(row.lost ? "--lost" : "--soft");
        pen.fillText(this.label(pen, row.name), this.left - 6, 1 + (at + 0.5) * this.rowHeight);
        if (this.rowHeight > 8) { pen.fillStyle = gp.colour("--card"); pen.fillRect(this.left, at * this.rowHeight, this.width, 1); }
      });
    }
    else for (const [name, first, count] of this.groups()) {
      pen.fillStyle = gp.colour("--soft");
      pen.fillText(this.label(pen, name), this.left - 6, 1 + (first + count / 2) * this.rowHeight);
    }
    const chosen = lane.rows.indexOf(this.state.row);
    if (chosen >= 0) {
      pen.strokeStyle = gp.colour("--ink");
      pen.lineWidth = 1.5;
      pen.strokeRect(this.left - 1, chosen * this.rowHeight + 0.5, this.width + 2, Math.max(3, this.rowHeight + 1));
    }
    pen.strokeStyle = gp.colour("--lost");
    pen.lineWidth = 1;
    pen.setLineDash([3, 3]);
    for (const [step] of lane.marks) {
      const x = this.at(step);
      if (x < this.left || x > this.left + this.width) continue;
      pen.beginPath();
      pen.moveTo(x, 0);
      pen.lineTo(x, height + 2);
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  // Where rows are too low for names: the deepest groups that have room for theirs.
  groups() {
    const { rows } = this.state.lane;
    let found = [];
    for (let depth = 1; depth < 8; depth++) {
      const groups = [];
      rows.forEach((row, at) => {
        const name = row.name.split("/").slice(0, depth).join("/");
        if (groups.at(-1)?.[0] === name) groups.at(-1)[2] += 1;
        else groups.push([name, at, 1]);
      });
      if (groups.length > 1 && (rows.length / groups.length) * this.rowHeight < 11) break;
      found = groups;
    }
    return found.filter(([, , count]) => count * this.rowHeight >= 11);
  }

  // As many of the last parts of a name as there is room for; of a replica its number at least.
  label(pen, name) {
    const room = this.left - 12;
    const parts = name.split("/");
    let shown = parts.pop();
    if (pen.measureText(shown).width > room) shown = shown.replace(/ \(\w+ (\d+)\)$/, " ($1)");
    while (parts.length && pen.measureText(`${parts.at(-1)}/${shown}`).width <= room) shown = `${parts.pop()}/${shown}`;
    while (shown.length > 1 && pen.measureText(shown).width > room) shown = `${shown.replace(/…$/, "").slice(0, -1)}…`;
    return shown;
  }

  at(step) {
    const { view } = this.state;
    return this.left + ((step - view.min) / (view.max - view.min)) * this.width;
  }

  hit(event) {
    const box = this.canvas.getBoundingClientRect();
    const stretch = this.columnsShown?.[Math.floor(event.clientX - box.x - this.left)];
    const row = this.state.lane.rows[Math.floor((event.clientY - box.y - 1) / this.rowHeight)];
    return row && stretch ? { row, at: (stretch[0] + stretch[1]) >> 1 } : null;
  }

  point(event) {
    const hit = this.hit(event);
    if (!hit) { gp.tip.hide(); return; }
    const title = document.createElement("b");
    title.textContent = hit.row.name;
    const words = document.createElement("span");
    words.textContent = `${gp.steps(this.state.lane, hit.at)}: change / value ${gp.told(hit.row.ratio[hit.at], "from zero")}, gradient norm ${gp.told(hit.row.gradient[hit.at])}`;
    gp.tip.show([title, document.createElement("br"), words], event.clientX, event.clientY);
    this.chosen(null, hit.at);
  }

  key(element) {
    const { middle, decades } = this.scale();
    const colour = this.colours();
    const css = (paint) => `rgb(${paint.join(" ")})`;
    const bar = document.createElement("canvas");
    bar.width = 120;
    bar.height = 1;
    const pen = bar.getContext("2d");
    const log = (value) => gp.codes.least + Math.round(((value * Math.log2(10) + 150) / 278) * (65535 - gp.codes.least));
    for (let x = 0; x < 120; x++) {
      pen.fillStyle = css(colour(log(middle + decades * (x / 60 - 1))));
      pen.fillRect(x, 0, 1, 1);
    }
    const item = (words, paint) => {
      const span = document.createElement("span");
      const box = document.createElement("i");
      box.style.background = css(paint);
      span.append(box, words);
      return span;
    };
    const scale = document.createElement("span");
    scale.append(`vanishing ${gp.shown(10 ** (middle - decades))}`, bar, `exploding ${gp.shown(10 ** (middle + decades))}`);
    element.replaceChildren(scale, item(this.state.measure === "ratio" ? "did not change" : "all zero", colour(gp.codes.zero)), item("not finite", colour(gp.codes.nan)));
  }
};
