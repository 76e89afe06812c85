// A plan as a tree: what reads from what, from the top down.
import { card, h } from "./dom.js";

// The single-stage engine tells operators with their parents, the multi-stage engine a text that is indented.
export function plan(found) {
  const { dataSchema, rows } = found.resultTable, { columnNames: names } = dataSchema;
  const told = names[1] === "Operator_Id";
  const tops = told ? byParent(rows) : rows.flatMap((row) => byIndent(String(row[Math.max(names.indexOf("PLAN"), 0)])));
  const text = told ? lines(tops).join("\n") : rows.map((row) => row[Math.max(names.indexOf("PLAN"), 0)]).join("\n");
  return [card("Plan", tops.length ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Plan" }, branch(tops)) : null,
    h("details", {}, h("summary", {}, "As text"), h("pre", { class: "c-json", tabindex: "0" }, text)))];
}

// Several plans may follow each other, each with numbers of its own, below PLAN_START.
function byParent(rows) {
  const tops = [], known = new Map();
  let above = null;
  for (const [text, own, parent] of rows) {
    const node = { text, inputs: [] };
    if (text.startsWith("PLAN_START")) {
      (known.get(2) ?? known.get(1) ?? { inputs: tops }).inputs.push(node);
      above = node;
    } else {
      const under = above && !(known.get(parent)?.plan === above) ? above : known.get(parent);
      (under?.inputs ?? tops).push(node);
      known.set(own, Object.assign(node, { plan: above }));
    }
  }
  return tops;
}

function byIndent(text) {
  const tops = [], open = [];
  for (const line of text.split("\n")) {
    const [, before, rest] = /^([\s│├└─]*)(.*)$/.exec(line);
    if (!rest || /^Execution Plan/.test(rest)) continue;
    while (open.length && open.at(-1).depth >= before.length) open.pop();
    const node = { text: rest, inputs: [], depth: before.length };
    (open.at(-1)?.inputs ?? tops).push(node);
    open.push(node);
  }
  return tops;
}

function branch(nodes) {
  return h("ol", { class: "c-plan" }, nodes.map((node) => {
    const [, name, rest] = /^([^(]*)(.*)$/.exec(node.text);
    return h("li", {}, h("p", {}, h("strong", {}, name.trim()), rest ? h("span", {}, rest.replace(/^\((.*)\)$/, "$1")) : null), node.inputs.length ? branch(node.inputs) : null);
  }));
}

const lines = (nodes, depth = 0) => nodes.flatMap((node) => [`${"  ".repeat(depth)}${node.text}`, ...lines(node.inputs, depth + 1)]);
