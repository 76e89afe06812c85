// A schema and a table config: written as JSON, judged by the controller, shown as a difference, then saved together.
import { act, card, h, head, tag } from "./dom.js";
import { difference, settled } from "./diff.js";

const at = encodeURIComponent;
const pretty = (value) => JSON.stringify(value, null, 2);
const startSchema = {
  schemaName: "events",
  dimensionFieldSpecs: [{ name: "country", dataType: "STRING" }],
  metricFieldSpecs: [{ name: "amount", dataType: "DOUBLE" }],
  dateTimeFieldSpecs: [{ name: "at", dataType: "TIMESTAMP", format: "1:MILLISECONDS:EPOCH", granularity: "1:MILLISECONDS" }],
};
const startTable = {
  tableName: "events", tableType: "OFFLINE", segmentsConfig: { timeColumnName: "at", replication: "1" },
  tenants: {}, tableIndexConfig: { loadMode: "MMAP" }, metadata: {},
};

async function kept({ rest }, name) {
  if (!name) return { schema: null, tables: {} };
  return { schema: await rest.get(`/schemas/${at(name)}`), tables: await rest.get(`/tables/${at(name)}`).catch(() => ({})) };
}

// Raises an Error that says where the text stops being JSON.
function read(area, what) {
  try {
    return JSON.parse(area.value);
  } catch (error) {
    throw new Error(`The ${what} is no JSON: ${error.message}`);
  }
}

export async function define(context, name) {
  const { rest } = context, before = await kept(context, name);
  const kinds = Object.keys(before.tables), kind = kinds[0] ?? "OFFLINE";
  const box = (id, value, rows) => h("textarea", { id, rows, class: "c-code", spellcheck: "false", autocapitalize: "off" }, value);
  const schema = box("c-schema", pretty(before.schema ?? startSchema), 22);
  const table = box("c-table", pretty(before.tables[kind] ?? (name ? { ...startTable, tableName: name } : startTable)), 22);
  const verdict = h("div", { "aria-live": "polite", class: "c-verdict" });
  const save = h("button", { type: "button", class: "button primary", disabled: true }, "Save");
  let judged = null;

  async function judge() {
    judged = null;
    save.disabled = true;
    const asked = { schema: read(schema, "schema"), table: read(table, "table config") };
    const raw = asked.schema.schemaName, type = String(asked.table.tableType ?? "").toLowerCase();
    const told = await rest.post("/schemas/validate", asked.schema);
    const together = { tableName: raw, schema: asked.schema, [type]: asked.table };
    const answer = await rest.post("/tableConfigs/validate", together);
    const unknown = [...Object.keys(told?.unrecognizedProperties ?? {}), ...Object.keys(answer?.unrecognizedProperties ?? {})];
    const changes = [compared("Schema", before.schema, asked.schema), compared("Table config", before.tables[kind] ?? null, asked.table)];
    verdict.replaceChildren(
      h("p", { class: "c-said", role: "status" }, "The controller accepts both. ", unknown.length ? "Nobody reads " : "", unknown.map((key) => tag(key, "warn"))),
      ...changes.map((one) => one.shown));
    judged = { raw, together };
    save.disabled = !changes.some((one) => one.differs);
  }

  async function keep() {
    const there = kinds.length > 0;
    if (there) await rest.put(`/tableConfigs/${at(judged.raw)}`, judged.together);
    else await rest.post("/tableConfigs", judged.together);
    location.hash = `#/tables/${at(judged.raw)}`;
  }

  for (const area of [schema, table]) area.addEventListener("input", () => { judged = null; save.disabled = true; });
  const validate = h("button", { type: "button", class: "button", onclick: (event) => act(event.target, verdict, judge) }, "Validate and compare");
  save.addEventListener("click", () => judged && act(save, verdict, keep));
  return [
    head(name ? `Change ${name}` : "Add a schema and a table", "The controller judges both before anything is kept; what would change is shown first."),
    h("div", { class: "c-two" },
      card(null, h("h2", {}, h("label", { for: "c-schema" }, "Schema")), schema),
      card(null, h("h2", {}, h("label", { for: "c-table" }, "Table config")), table)),
    h("div", { class: "row" }, validate, save, h("a", { class: "button", href: name ? `#/tables/${at(name)}` : "#/" }, "Leave it")),
    verdict,
  ];
}

function compared(title, before, after) {
  const lines = difference(before ? pretty(settled(before)) : "", pretty(settled(after)));
  const differs = lines.some(([sign]) => sign !== " ");
  const words = { "+": "added", "-": "removed", " ": "" };
  return {
    differs,
    shown: card(`${title}: ${before ? (differs ? "what changes" : "nothing changes") : "new"}`, differs
      ? h("pre", { class: "c-diff", tabindex: "0", "aria-label": `${title}, difference` }, lines.map(([sign, text]) => h("span", { class: words[sign] }, `${sign} ${text}\n`)))
      : h("p", { class: "dim" }, "It is kept as it is.")),
  };
}
