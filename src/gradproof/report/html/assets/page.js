// What is read: folding of groups, the numbers behind a cell, the colours.
gp.foldPath = () => {
  for (const row of document.querySelectorAll("table.path tr.group")) {
    const label = row.querySelector(".fold");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "fold";
    button.append(...label.childNodes);
    label.replaceWith(button);
    const set = (open) => {
      button.setAttribute("aria-expanded", open);
      const depth = Number(row.dataset.depth);
      let hiddenBelow = open ? Infinity : depth + 1;
      for (let next = row.nextElementSibling; next && Number(next.dataset.depth) > depth; next = next.nextElementSibling) {
        const level = Number(next.dataset.depth);
        next.hidden = level >= hiddenBelow;
        if (level < hiddenBelow) hiddenBelow = Infinity;
        const inner = next.querySelector("button.fold, .fold");
        if (!next.hidden && inner?.getAttribute("aria-expanded") === "false") hiddenBelow = level + 1;
      }
    };
    button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
    row.open = set;
  }
  for (const row of [...document.querySelectorAll("table.path tr.group")].reverse()) row.open(!row.classList.contains("folded"));
};

gp.tip = {
  element: null,
  show(content, x, y) {
    const tip = (this.element = document.getElementById("tip"));
    tip.replaceChildren(...content);
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(x - width / 2, innerWidth - width - 8));
    const top = y - height - 10 < 4 ? y + 16 : y - height - 10;
    tip.style.transform = `translate(${left}px, ${top}px)`;
  },
  hide() { if (this.element) this.element.hidden = true; },
};

// Cells tell their numbers to the pointer, to a tap, and to the keyboard.
gp.tellCells = () => {
  const table = document.querySelector("table.path");
  if (!table) return;
  const cells = [...table.querySelectorAll("td.cell")];
  const tell = (cell) => {
    const box = cell.getBoundingClientRect();
    const name = cell.parentElement.querySelector("bdi");
    const title = document.createElement("b");
    title.textContent = name.title || name.textContent;
    const words = cell.querySelector(".aside").cloneNode(true);
    words.className = "";
    gp.tip.show([title, document.createElement("br"), words], box.x + box.width / 2, box.y);
  };
  cells.forEach((cell, at) => {
    cell.tabIndex = at ? -1 : 0;
    cell.setAttribute("aria-label", cell.querySelector(".aside").textContent);
  });
  table.addEventListener("pointerover", (event) => { const cell = event.target.closest("td.cell"); if (cell) tell(cell); else gp.tip.hide(); });
  table.addEventListener("pointerleave", () => gp.tip.hide());
  table.addEventListener("click", (event) => { const cell = event.target.closest("td.cell"); if (cell) cell.focus({ preventScroll: true }); });
  table.addEventListener("focusin", (event) => { const cell = event.target.closest("td.cell"); if (cell) tell(cell); });
  table.addEventListener("focusout", () => gp.tip.hide());
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td.cell");
    const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (event.key === "Escape") gp.tip.hide();
    if (!cell || !moves[event.key]) return;
    event.preventDefault();
    const [down, right] = moves[event.key];
    const rows = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    const row = rows[rows.indexOf(cell.parentElement) + down];
    const next = row?.cells[cell.cellIndex + right];
    if (!next?.classList.contains("cell")) return;
    cells.forEach((one) => { one.tabIndex = -1; });
    next.tabIndex = 0;
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
};
addEventListener("scroll", () => gp.tip.hide(), { passive: true });

// In a narrow window the marked part of a line is what is seen first.
gp.showMarks = () => {
  for (const box of document.querySelectorAll(".source .scroll")) {
    const mark = box.querySelector("mark.first, .added");
    if (!mark?.matches("mark")) continue;
    const right = mark.offsetLeft + mark.offsetWidth - box.clientWidth;
    if (right > 0) box.scrollLeft = Math.min(mark.offsetLeft - 70, right + 20);
  }
};

gp.option = (select, value, words) => {
  const option = document.createElement("option");
  option.value = value;
  option.textContent = words;
  select.append(option);
};

gp.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
