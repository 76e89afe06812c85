// The query console of the engine alone: completion, history, plan, and the answer's statistics.
import { attach } from "../editor/editor.js";
import { bytes, count, empty, h, head, table, trouble } from "./dom.js";
import { chart } from "./chart.js";
import { plan } from "./plan.js";
import { columns } from "./tables.js";

const at = encodeURIComponent;
const KEPT = 30, KEY = "meshloom-queries", SHOWN = 500;

function remembered() {
  try { return JSON.parse(localStorage.getItem(KEY)) ?? []; } catch { return []; }
}

async function schemas({ rest }) {
  const names = await rest.get("/schemas");
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, columns(await rest.get(`/schemas/${at(name)}`))])));
}

export async function query(context, asked) {
  const known = await schemas(context), first = Object.keys(known)[0];
  const area = h("textarea", { name: "sql", rows: "7", spellcheck: "false", autocapitalize: "off", autocomplete: "off", "aria-label": "SQL", placeholder: "SELECT …" },
    asked.get("sql") ?? (first ? `SELECT * FROM ${first} LIMIT 10` : ""));
  const editor = h("div", { class: "editor" }, h("pre", { "aria-hidden": "true", "data-colours": true }), area,
    h("ul", { class: "completions", role: "listbox", "aria-label": "Completions", hidden: true }));
  const choice = (name, text) => h("label", { class: "c-choice" }, h("input", { type: "checkbox", name }), text);
  const answer = h("div", { id: "answer", "aria-live": "polite", class: "c-answer" });
  const past = h("section", { class: "card c-past", "aria-label": "History" });
  const form = h("form", { class: "card" }, editor, h("div", { class: "row between" },
    h("div", { class: "row" }, choice("useMultistageEngine", "Multi-stage engine"), choice("enableNullHandling", "Null handling")),
    h("div", { class: "row" }, h("button", { class: "button", name: "plan", value: "yes" }, "Plan"), h("button", { class: "button primary" }, "Run"))),
    h("p", { class: "dim small" }, h("kbd", {}, "Ctrl"), " ", h("kbd", {}, "Enter"), " runs, ", h("kbd", {}, "Ctrl"), " ", h("kbd", {}, "Space"), " completes, ",
      h("kbd", {}, "Esc"), " then ", h("kbd", {}, "Tab"), " leaves the editor"));
  const { set } = attach(editor, known);

  async function ask(event) {
    event.preventDefault();
    const sql = area.value.trim(), planned = event.submitter?.name === "plan";
    if (!sql) return;
    const options = ["useMultistageEngine", "enableNullHandling"].filter((name) => form.elements[name].checked).map((name) => `${name}=true`);
    answer.setAttribute("aria-busy", "true");
    try {
      const body = { sql: planned ? explained(sql) : sql, ...(options.length ? { queryOptions: options.join(";") } : {}) };
      const found = await context.rest.post("/sql", body);
      answer.replaceChildren(...(planned && !found.exceptions.length ? plan(found) : shown(found)));
      if (!planned) remember(sql, found);
    } catch (error) {
      answer.replaceChildren(trouble(error));
    }
    answer.removeAttribute("aria-busy");
    draw();
  }

  function draw() {
    const kept = remembered();
    const again = (one) => h("li", {}, h("button", { type: "button", title: one.sql, onclick: () => { set(one.sql); area.focus(); } }, h("code", {}, one.sql)),
      h("small", { class: one.wrong ? "state bad" : "dim" }, one.wrong ? "failed" : `${count(one.rows)} rows, ${one.ms} ms`));
    past.replaceChildren(h("h2", {}, "History"), kept.length ? h("ul", { class: "c-history" }, kept.map(again)) : h("p", { class: "dim" }, "What you ask stands here, in this browser only."),
      kept.length ? h("button", { type: "button", class: "button small", onclick: () => { localStorage.removeItem(KEY); draw(); } }, "Forget it") : "");
  }

  form.addEventListener("submit", ask);
  draw();
  if (!first) answer.append(empty("No table yet", "Add a schema and a table first.", h("a", { class: "button", href: "#/define" }, "Add a schema and a table")));
  return [head("Query console", "Apache Pinot's SQL, single-stage or multi-stage."), h("div", { class: "c-ask" }, h("div", { class: "c-main" }, form, answer), past)];
}

// SET statements and comments stay in front of what they belong to.
function explained(sql) {
  const [, before, statement] = /^((?:\s*(?:set\b[^;]*;|--[^\n]*\n))*)([\s\S]*)$/i.exec(sql);
  return /^\s*explain\b/i.test(statement) ? sql : `${before}EXPLAIN PLAN FOR ${statement}`;
}

function remember(sql, found) {
  const one = { sql, rows: found.numRowsResultSet, ms: found.timeUsedMs, wrong: found.exceptions.length > 0 };
  localStorage.setItem(KEY, JSON.stringify([one, ...remembered().filter((old) => old.sql !== sql)].slice(0, KEPT)));
}

function value(held) {
  if (held === null) return h("span", { class: "null" }, "null");
  return typeof held === "object" ? JSON.stringify(held) : String(held);
}

function shown(found) {
  const wrong = found.exceptions.map((one) => h("section", { class: "trouble", role: "alert" }, h("h2", {}, `Error ${one.errorCode}`), h("pre", { class: "c-error" }, one.message)));
  const result = found.resultTable;
  if (!result) return [...wrong, statistics(found)];
  const { columnNames: names, columnDataTypes: types } = result.dataSchema;
  const number = types.map((type) => ["INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL"].includes(type));
  const rows = result.rows.slice(0, SHOWN);
  const grid = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows" }, h("table", { class: "data" },
    h("thead", {}, h("tr", {}, names.map((name, at) => h("th", { scope: "col", class: number[at] ? "number" : null }, h("span", {}, name), h("small", {}, types[at].toLowerCase()))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((held, at) => h("td", { class: number[at] ? "number" : null }, value(held))))))));
  const more = result.rows.length > SHOWN ? `, the first ${SHOWN} shown` : "";
  return [
    h("p", { class: "c-said", role: "status" }, h("strong", {}, count(result.rows.length)), ` rows${more} in ${found.timeUsedMs} ms; ${count(found.numDocsScanned)} of ${count(found.totalDocs)} rows scanned in ${count(found.numSegmentsProcessed)} of ${count(found.numSegmentsQueried)} segments`),
    ...wrong, chart(result) ?? "", result.rows.length ? grid : empty("No rows", "Nothing matches the question."), statistics(found), raw(found),
  ];
}

function statistics(found) {
  const numbers = Object.entries(found).filter(([, held]) => ["number", "boolean", "string"].includes(typeof held));
  return h("details", { class: "card" }, h("summary", {}, "The answer's statistics"), table("Statistics", ["What", "#Value"],
    numbers.map(([name, held]) => [h("code", {}, name), typeof held === "number" ? (/Bytes$/.test(name) ? bytes(held) : count(held)) : String(held)])));
}

function raw(found) {
  const json = JSON.stringify(found, null, 2), most = 100_000;
  return h("details", { class: "card" }, h("summary", {}, "As JSON"), h("pre", { class: "c-json", tabindex: "0" }, json.length > most ? `${json.slice(0, most)}\n… ${bytes(json.length)} in all` : json));
}
