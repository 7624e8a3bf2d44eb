// One variable at one step, term by term.
gp.Ledger = class {
  constructor(state) {
    this.state = state;
    this.table = document.getElementById("ledger-table");
    this.variable = document.getElementById("ledger-variable");
    this.step = document.getElementById("ledger-step");
    this.variable.addEventListener("change", () => state.choose(state.lane.rows[this.variable.value], null));
    this.step.addEventListener("change", () => state.choose(null, Number(this.step.value)));
  }

  audits() {
    const { data, lane, row } = this.state;
    const at = data.lanes.indexOf(lane);
    return data.ledger.rows.filter(([of, key]) => of === at && row && key === row.key);
  }

  lanes() {
    this.variable.replaceChildren();
    this.state.lane.rows.forEach((row, at) => gp.option(this.variable, at, row.name));
    this.step.replaceChildren();
  }

  steps() {
    this.variable.value = this.state.lane.rows.indexOf(this.state.row);
    this.step.replaceChildren();
    const { lane } = this.state;
    const audited = new Set(this.audits().map(([, , step]) => step));
    for (let at = 0; at < lane.length; at++) {
      const here = [...audited].filter((step) => step >= lane.starts[at] && step < lane.starts[at + 1]);
      if (here.length || lane.length <= 400 || at % Math.ceil(lane.length / 400) === 0 || at === this.state.at) gp.option(this.step, at, gp.steps(lane, at).replace(/^steps? /, "") + (here.length ? `, audited${here[0] !== lane.starts[at] ? ` at ${here[0]}` : ""}` : ""));
    }
    this.show();
  }

  show() {
    const { lane, row, at } = this.state;
    if (![...this.step.options].some((one) => Number(one.value) === at)) gp.option(this.step, at, gp.steps(lane, at).replace(/^steps? /, ""));
    this.step.value = at;
    const audit = this.audits().find(([, , step]) => step >= lane.starts[at] && step < lane.starts[at + 1]);
    const number = (value) => (typeof value === "string" ? Number(value.replace("inf", "Infinity")) : value);
    let terms, caption, wrong = false;
    if (audit) {
      const [, , step, rule, agrees, found] = audit;
      const { labels, rules } = this.state.data.ledger;
      terms = found.map(([label, value]) => [labels[label], value === null ? null : number(value), value === null ? "not followed" : ""]);
      const said = { 1: `as ${rules[rule]} says`, 0: `not as ${rules[rule]} says`, [-1]: "" }[agrees];
      terms[terms.length - 1][2] = said;
      wrong = agrees === 0;
      caption = `Step ${step.toLocaleString("en")} by ${rules[rule]}, audited; Euclidean norms`;
    } else {
      const single = lane.starts[at + 1] - lane.starts[at] === 1;
      terms = [["value before", gp.numbers[row.value[at]], ""], ["gradient handed over", gp.numbers[row.gradient[at]], row.gradient[at] === gp.codes.none ? "no gradient" : ""], ...(lane.rate[at] === null ? [] : [["learning rate", lane.rate[at], ""]]), ["change that happened", gp.numbers[row.change[at]], row.ratio[at] === gp.codes.none ? "from zero" : `${gp.told(row.ratio[at])} of the value`]];
      caption = `${gp.steps(lane, at).replace(/^s/, "S")}, not audited; Euclidean norms${single ? "" : ", medians"}`;
    }
    this.draw(terms, caption, wrong);
  }

  draw(terms, caption, wrong) {
    const table = document.createElement("table");
    table.className = "account";
    table.createCaption().textContent = caption;
    const logs = terms.map(([, value]) => Math.log10(Math.abs(value))).filter(Number.isFinite);
    const low = Math.min(...logs) - 0.3, high = Math.max(...logs);
    for (const [label, value, words] of terms) {
      const line = table.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = label;
      line.append(head);
      const size = line.insertCell();
      size.className = "size";
      size.textContent = value === null || (Number.isNaN(value) && words === "no gradient") ? "" : gp.shown(value);
      const bar = line.insertCell();
      bar.className = "bar";
      const log = Math.log10(Math.abs(value));
      if (value !== null && Number.isFinite(log)) {
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        rect.setAttribute("width", `${Math.max(1, (100 * (log - low)) / (high - low || 1))}%`);
        rect.setAttribute("height", "10");
        rect.setAttribute("rx", "2");
        svg.append(rect);
        svg.setAttribute("aria-hidden", "true");
        bar.append(svg);
      }
      const says = line.insertCell();
      says.className = "says";
      says.textContent = words;
      if (label === "change that happened") line.className = `last${wrong ? " off" : ""}`;
    }
    this.table.replaceChildren(table);
  }
};
