// Reads the numbers that the page carries; `packing.py` writes them.
const gp = {};

gp.codes = { missing: 0, none: 1, nan: 2, infinite: 3, zero: 4, least: 8 };
gp.kinds = ["gradientLow", "gradient", "gradientHigh", "ratioLow", "ratio", "ratioHigh", "value", "change"];

// What each code stands for; those without a number are told by their code.
gp.numbers = (() => {
  const found = new Float64Array(65536).fill(NaN);
  for (let code = gp.codes.least; code < 65536; code++) {
    found[code] = 2 ** (((code - gp.codes.least) / (65535 - gp.codes.least)) * 278 - 150);
  }
  found[gp.codes.zero] = 0;
  found[gp.codes.infinite] = Infinity;
  return found;
})();

gp.inflate = async (text) => {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

gp.read = async () => {
  const element = document.getElementById("data");
  if (!element) return null;
  const data = JSON.parse(element.textContent);
  const bytes = await gp.inflate(data.block);
  const ledger = JSON.parse(new TextDecoder().decode(await gp.inflate(data.ledger)));
  const half = bytes.length / 2;
  let at = 0;
  for (const lane of data.lanes) {
    lane.length = lane.starts.length - 1;
    lane.rows = lane.rows.map(([key, name, lost]) => {
      const row = { key, name, lost };
      for (const kind of gp.kinds) {
        const codes = new Uint16Array(lane.length);
        let code = 0;
        for (let number = 0; number < lane.length; number++, at++) {
          code = (code + bytes[at] + 256 * bytes[half + at]) & 0xffff;
          codes[number] = code;
        }
        row[kind] = codes;
      }
      return row;
    });
  }
  data.ledger = ledger;
  return data;
};

// Three digits, as the report in a terminal has them; whole numbers are exact, such as a loss scale.
gp.shown = (number) => {
  if (number === null || number === undefined) return "none";
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "infinite" : "-infinite";
  if (number === 0) return "0";
  if (Number.isInteger(number) && Math.abs(number) < 1e7) return String(number);
  const size = Math.abs(number);
  if (size >= 1e-4 && size < 1e5) return String(Number(number.toPrecision(3)));
  return number.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
};

gp.told = (code, none = "no gradient") => {
  const { missing, nan, infinite, zero } = gp.codes;
  const words = { [missing]: "not kept", [gp.codes.none]: none, [nan]: "NaN", [infinite]: "infinite", [zero]: "0" };
  return words[code] ?? gp.shown(gp.numbers[code]);
};

gp.steps = (lane, at) => {
  const first = lane.starts[at];
  const last = lane.starts[at + 1] - 1;
  return last > first ? `steps ${first.toLocaleString("en")} to ${last.toLocaleString("en")}` : `step ${first.toLocaleString("en")}`;
};
