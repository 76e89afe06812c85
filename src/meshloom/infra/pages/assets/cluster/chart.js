// An answer's picture: a number by its first column, as bars, or as a line where the column is a time or a number.
import { h } from "./dom.js";

const MOST = 60, WIDE = 6, NUMBERS = ["INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL"], SVG = "http://www.w3.org/2000/svg";
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

// null where the answer has no picture: one row, rows as they stand in the table, or nothing that can be drawn.
export function chart({ dataSchema: { columnNames: names, columnDataTypes: types }, rows }) {
  const values = types.map((type, at) => at).filter((at) => at > 0 && NUMBERS.includes(types[at]));
  if (rows.length < 2 || !values.length || names.length > WIDE || new Set(rows.map(([first]) => String(first))).size < rows.length) return null;
  const many = [...NUMBERS, "TIMESTAMP"].includes(types[0]) && rows.length > 12;
  if (!many && rows.length > MOST) return null;
  const place = h("div", { class: "c-chart" });
  const draw = (at) => place.replaceChildren(many ? line(names, types, rows, at) : bars(names, rows, at));
  const choice = h("select", { "aria-label": "What is drawn", onchange: (event) => draw(Number(event.target.value)) }, values.map((at) => h("option", { value: at }, names[at])));
  draw(values[0]);
  return h("section", { class: "card", "aria-label": "Picture" }, h("p", { class: "row between" }, h("strong", {}, values.length > 1 ? choice : names[values[0]], ` by ${names[0]}`)), place);
}

const read = (held) => { const number = Number(held); return held === null || !Number.isFinite(number) ? null : number; };

function bars(names, rows, at) {
  const held = rows.map((row) => read(row[at])), low = Math.min(0, ...held), high = Math.max(0, ...held), width = high - low || 1;
  return h("dl", { class: "c-bars" }, rows.map((row, number) => {
    const start = ((Math.min(0, held[number]) - low) / width) * 100, long = (Math.abs(held[number]) / width) * 100;
    const bar = h("span");
    Object.assign(bar.style, { marginLeft: `${start}%`, width: `${long}%` });
    return [h("dt", { title: String(row[0]) }, row[0] === null ? "null" : String(row[0])),
      h("dd", { title: `${names[at]}: ${row[at]}` }, bar, h("small", {}, held[number] === null ? String(row[at]) : short.format(held[number])))];
  }));
}

function line(names, types, rows, at) {
  const when = (held) => (types[0] === "TIMESTAMP" ? Date.parse(`${String(held).replace(" ", "T")}Z`) : read(held));
  const points = rows.map((row) => [when(row[0]), read(row[at])]).filter(([x, y]) => Number.isFinite(x) && y !== null).sort((a, b) => a[0] - b[0]);
  if (points.length < 2) return h("p", { class: "dim" }, "Nothing that can be drawn.");
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)], low = Math.min(0, ...ys), high = Math.max(...ys, low + 1e-9);
  const x = (held) => 40 + ((held - xs[0]) / (xs.at(-1) - xs[0] || 1)) * 690, y = (held) => 190 - ((held - low) / (high - low)) * 170;
  const label = (held) => (types[0] === "TIMESTAMP" ? new Date(held).toISOString().slice(0, 16).replace("T", " ") : String(held));
  return svg("svg", { viewBox: "0 0 740 220", role: "img", "aria-label": `${names[at]} by ${names[0]}, ${points.length} points, from ${short.format(Math.min(...ys))} to ${short.format(high)}` },
    ...[low, (low + high) / 2, high].flatMap((held) => [svg("line", { x1: 40, x2: 730, y1: y(held), y2: y(held) }), svg("text", { x: 34, y: y(held) + 4, "text-anchor": "end" }, short.format(held))]),
    svg("polyline", { points: points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ") }),
    svg("text", { x: 40, y: 212 }, label(xs[0])), svg("text", { x: 730, y: 212, "text-anchor": "end" }, label(xs.at(-1))));
}

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
