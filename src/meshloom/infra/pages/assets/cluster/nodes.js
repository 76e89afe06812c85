// Who is in the cluster and what it does by itself: instances, tenants, tasks.
import { card, count, empty, h, head, link, state, table, tag } from "./dom.js";

const at = encodeURIComponent;

export async function instances({ rest }) {
  const names = (await rest.get("/instances")).instances;
  const known = await Promise.all(names.map((name) => rest.get(`/instances/${at(name)}`)));
  const tenth = (number) => (number > 0 ? String(number) : "–");
  return [
    head("Instances", "The roles of a Pinot cluster. Here they share one process."),
    h("div", { class: "card" }, table("Instances", ["Instance", "Role", "State", "Host", "#Port", "#Admin port", "Tags", "#Cores", "#Memory"], known.map((one) => [
      h("code", {}, one.instanceName), one.instanceName.split("_")[0].toLowerCase(), state(one.enabled, one.enabled ? "alive" : "disabled"), one.hostName, one.port,
      tenth(one.adminPort), h("span", { class: "tags" }, (one.tags ?? []).map((name) => tag(name))), one.systemResourceInfo?.numCores ?? "–",
      one.systemResourceInfo?.totalMemoryMB > 0 ? `${count(Math.round(one.systemResourceInfo.totalMemoryMB / 1024))} GB` : "–"]))),
  ];
}

export async function tenants({ rest }) {
  const found = await rest.get("/tenants");
  const names = [...new Set([...found.SERVER_TENANTS, ...found.BROKER_TENANTS])].sort();
  const known = await Promise.all(names.map(async (name) => ({
    name, members: await rest.get(`/tenants/${at(name)}`), tables: (await rest.get(`/tenants/${at(name)}/tables`).catch(() => ({ tables: [] }))).tables,
  })));
  return [
    head("Tenants", "Which servers and brokers work for which tables."),
    h("div", { class: "card" }, table("Tenants", ["Tenant", "Servers", "Brokers", "Tables"], known.map(({ name, members, tables }) => [
      h("strong", {}, name), (members.ServerInstances ?? []).join(", ") || "–", (members.BrokerInstances ?? []).join(", ") || "–",
      tables.length ? h("span", { class: "tags" }, tables.map((one) => link(one, `#/tables/${at(one)}`, "tag"))) : "–"]))),
  ];
}

export async function tasks({ rest }) {
  const kinds = await rest.get("/tasks/tasktypes");
  const known = await Promise.all(kinds.map(async (kind) => ({
    kind, states: await rest.get(`/tasks/${at(kind)}/taskstates`), queue: await rest.get(`/tasks/${at(kind)}/state`).catch(() => "–"),
  })));
  const all = known.flatMap(({ kind, states }) => Object.entries(states).map(([name, told]) => [h("code", {}, name), kind, state(told !== "FAILED", told.toLowerCase())]));
  return [
    head("Tasks", "What minions do to tables: pushing files, compacting, moving rows from realtime to offline."),
    h("div", { class: "card" }, table("Kinds of tasks", ["Kind", "Queue", "#Tasks"], known.map(({ kind, states, queue }) => [kind, String(queue).toLowerCase().replace("_", " "), count(Object.keys(states).length)]))),
    card("Tasks that ran", all.length ? table("Tasks", ["Task", "Kind", "State"], all) : empty("None yet", "A table config with a `task` section schedules them.")),
  ];
}
