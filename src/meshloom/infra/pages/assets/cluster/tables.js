// Tables: all of them with sizes and segments; one with its segments, columns, configs, and files to take in.
import { act, button, bytes, card, count, empty, h, head, link, moment, state, table, tag } from "./dom.js";
import { uploading } from "./upload.js";

const changed = () => dispatchEvent(new Event("cluster:changed"));
const at = encodeURIComponent;
const unless = (promise, value) => promise.catch(() => value);

async function physical({ rest }) {
  const kinds = await Promise.all(["OFFLINE", "REALTIME"].map((kind) => rest.get(`/tables?type=${kind}`)));
  return [...new Set(kinds.flatMap((kind) => kind.tables))].sort();
}

async function numbers({ rest }, name) {
  const kind = name.split("_").at(-1), raw = name.slice(0, -kind.length - 1);
  const [size, meta, enabled, segments] = await Promise.all([
    unless(rest.get(`/tables/${at(raw)}/size?verbose=true`), null),
    unless(rest.get(`/tables/${at(raw)}/metadata?type=${kind}`), null),
    unless(rest.get(`/tables/${at(raw)}/state?type=${kind}`), null),
    unless(rest.get(`/segments/${at(raw)}?type=${kind}`), []),
  ]);
  const held = size?.[`${kind.toLowerCase()}Segments`];
  return {
    name, raw, kind, rows: meta?.numRows, bytes: held?.reportedSizeInBytes, missing: held?.missingSegments ?? 0,
    segments: segments.flatMap((one) => one[kind] ?? []).length, enabled: enabled?.state === "enabled",
  };
}

export async function overview(context) {
  const [names, schemas, members, version] = await Promise.all([
    physical(context), context.rest.get("/schemas"), unless(context.rest.get("/instances"), { instances: [] }), unless(context.rest.get("/version"), {}),
  ]);
  const tables = await Promise.all(names.map((name) => numbers(context, name)));
  const sum = (key) => tables.reduce((total, one) => total + (Number(one[key]) || 0), 0);
  const bare = schemas.filter((schema) => !tables.some((one) => one.raw === schema));
  const figure = (title, value) => h("div", {}, h("dt", {}, title), h("dd", {}, value));
  const add = context.writes ? [link("Add a schema and a table", "#/define", "button primary")] : [];
  return [
    head("Tables", version["pinot-controller"] ? `Apache Pinot's interfaces, ${version["pinot-controller"]}.` : "Apache Pinot's interfaces.", ...add),
    h("dl", { class: "c-figures" }, figure("Tables", count(tables.length)), figure("Rows", count(sum("rows"))), figure("Segments", count(sum("segments"))),
      figure("On disk", bytes(sum("bytes"))), figure("Instances", count(members.instances.length))),
    tables.length
      ? h("div", { class: "card" }, table("Tables", ["Table", "Kind", "State", "#Rows", "#Segments", "#Size"], tables.map((one) => [
        link(one.raw, `#/tables/${at(one.name)}`), tag(one.kind.toLowerCase()), one.missing ? state(false, `${one.missing} segments missing`) : state(one.enabled, one.enabled ? "enabled" : "disabled"),
        count(one.rows), count(one.segments), bytes(one.bytes)])))
      : empty("No table yet", "A table is a schema, a table config and the segments that files become.", ...add.map((one) => one.cloneNode(true))),
    bare.length ? card("Schemas without a table", h("p", { class: "row" }, bare.map((name) => (context.writes ? link(name, `#/define/${at(name)}`, "tag") : tag(name))))) : null,
  ].filter(Boolean);
}

export async function one(context, asked) {
  const names = (await physical(context)).filter((name) => name === asked || name.replace(/_(OFFLINE|REALTIME)$/, "") === asked);
  if (!names.length) return [empty("There is no such table", asked, link("All tables", "#/", "button"))];
  const { rest } = context, about = await numbers(context, names[0]), { raw, kind } = about;
  const [configs, schema, segments] = await Promise.all([
    rest.get(`/tables/${at(raw)}`), rest.get(`/schemas/${at(raw)}`), unless(rest.get(`/segments/${at(raw)}/zkmetadata?type=${kind}`), {}),
  ]);
  const config = configs[kind], said = h("div", { "aria-live": "polite" });
  const question = `SELECT * FROM ${raw} LIMIT 10`;
  return [
    head(raw, `${kind.toLowerCase()} table of ${config.tenants?.server ?? "the default tenant"}, ${about.enabled ? "enabled" : "disabled"}.`,
      link("Query it", context.ask ? `${context.ask}?sql=${at(question)}` : `#/query?sql=${at(question)}`, "button primary"),
      ...(context.writes ? actions(context, about, said) : [])),
    said,
    h("dl", { class: "c-figures" }, [["Rows", count(about.rows)], ["Segments", count(about.segments)], ["On disk", bytes(about.bytes)], ["Columns", count(columns(schema).length)]]
      .map(([title, value]) => h("div", {}, h("dt", {}, title), h("dd", {}, value)))),
    context.writes ? uploading(context, about, changed) : null,
    card("Segments", Object.keys(segments).length ? segmentTable(context, about, segments, said) : empty("No segment yet", context.writes ? "Upload a file above; it becomes a segment." : "Nothing was loaded.")),
    card("Columns", table("Columns", ["Column", "Kind", "Type", "Indexes"], columns(schema).map((column) => [
      h("code", {}, column.name), column.kind, column.type, indexes(config, column.name).map((name) => tag(name))]))),
    h("details", { class: "card" }, h("summary", {}, "The table config and the schema as JSON"),
      h("div", { class: "c-two" }, h("pre", { tabindex: "0", class: "c-json" }, JSON.stringify(config, null, 2)), h("pre", { tabindex: "0", class: "c-json" }, JSON.stringify(schema, null, 2)))),
  ].filter(Boolean);
}

function actions({ rest }, { name, raw, kind, enabled }, said) {
  const run = (text, work, style) => button(text, (event) => act(event.target, said, work), style);
  return [
    link("Edit", `#/define/${at(raw)}`, "button"),
    run("Reload", async () => { await rest.post(`/segments/${at(raw)}/reload?type=${kind}`); return "Every segment is being built again."; }),
    run(enabled ? "Disable" : "Enable", async () => { await rest.put(`/tables/${at(raw)}/state?type=${kind}&state=${enabled ? "disable" : "enable"}`); changed(); }),
    run("Delete", async () => {
      if (!confirm(`Delete the table ${name} with all its rows?`)) return;
      await rest.drop(`/tables/${at(raw)}?type=${kind.toLowerCase()}`);
      location.hash = "#/";
    }, "c-danger"),
  ];
}

function segmentTable({ rest, writes }, { raw }, segments, said) {
  const heads = ["Segment", "Status", "#Rows", "From", "To", "#Size", "Loaded"];
  const remove = (name) => button("Delete", (event) => act(event.target, said, async () => {
    if (!confirm(`Delete the segment ${name} with its rows?`)) return;
    await rest.drop(`/segments/${at(raw)}/${at(name)}`);
    changed();
  }), "small");
  return table("Segments", writes ? [...heads, "Remove"] : heads, Object.entries(segments).map(([name, known]) => [
    h("code", {}, name), state(true, known["segment.realtime.status"] ?? "online"), count(known["segment.total.docs"]),
    time(known, "start"), time(known, "end"), bytes(known["segment.size.in.bytes"]), moment(known["segment.push.time"]), ...(writes ? [remove(name)] : [])]));
}

// Pinot keeps a segment's times in the unit of the time column.
function time(known, end) {
  const value = Number(known[`segment.${end}.time`]), sizes = { MILLISECONDS: 1, SECONDS: 1e3, MINUTES: 6e4, HOURS: 36e5, DAYS: 864e5 };
  const size = sizes[known["segment.time.unit"]];
  return size && Number.isFinite(value) && value >= 0 ? moment(value * size) : "–";
}

export function columns(schema) {
  const kinds = { dimensionFieldSpecs: "dimension", metricFieldSpecs: "metric", dateTimeFieldSpecs: "time", complexFieldSpecs: "complex" };
  return Object.entries(kinds).flatMap(([key, kind]) => (schema[key] ?? []).map((spec) => ({
    name: spec.name, kind, type: spec.singleValueField === false ? `${spec.dataType}, many values` : spec.dataType,
  })));
}

function indexes({ tableIndexConfig: known = {}, fieldConfigList = [] }, name) {
  const lists = { invertedIndexColumns: "inverted", rangeIndexColumns: "range", bloomFilterColumns: "bloom", sortedColumn: "sorted", jsonIndexColumns: "json", noDictionaryColumns: "raw" };
  const found = Object.entries(lists).filter(([key]) => known[key]?.includes?.(name)).map(([, short]) => short);
  const field = (fieldConfigList ?? []).find((one) => one.name === name);
  return [...new Set([...found, ...[field?.indexType, ...(field?.indexTypes ?? []), ...Object.keys(field?.indexes ?? {})].filter(Boolean).map((one) => one.toLowerCase())])];
}
