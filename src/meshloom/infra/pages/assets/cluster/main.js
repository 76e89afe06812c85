// The cluster page: which address shows what. Everything it shows comes from Pinot's REST interface.
import { define } from "./define.js";
import { empty, h, trouble } from "./dom.js";
import { instances, tasks, tenants } from "./nodes.js";
import { query } from "./query.js";
import { controller } from "./rest.js";
import { one, overview } from "./tables.js";

const place = document.querySelector("[data-cluster]");
const shown = place.querySelector("[data-cluster-view]") ?? place;
const nav = document.querySelector("[data-cluster-nav]");
const context = {
  rest: controller(place.dataset.rest),
  writes: "writes" in place.dataset,
  ask: place.dataset.ask ?? "", // where a governed console is; "" where this page's own is
};

const pages = [
  { at: "#/", title: "Tables", show: overview },
  { at: "#/instances", title: "Instances", show: instances },
  { at: "#/tenants", title: "Tenants", show: tenants },
  { at: "#/tasks", title: "Tasks", show: tasks },
  { at: context.ask || "#/query", title: "Query console", show: query },
];

function route(address) {
  const [path, search] = address.split("?");
  const words = path.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const asked = new URLSearchParams(search);
  if (words[0] === "tables" && words[1]) return { of: "#/", show: () => one(context, words[1]) };
  if (words[0] === "define" && context.writes) return { of: "#/", show: () => define(context, words[1] ?? "") };
  const page = pages.find((known) => known.at === path || (known.at === "#/" && (path === "" || path === "#")));
  return page && { of: page.at, show: () => page.show(context, asked) };
}

let turn = 0;
async function go(focus) {
  const mine = ++turn;
  if (location.hash && !location.hash.startsWith("#/")) return; // a place on the page, such as the skip link's
  const found = route(location.hash);
  for (const item of nav.querySelectorAll("a")) {
    if (found && item.getAttribute("href") === found.of) item.setAttribute("aria-current", "page"); else item.removeAttribute("aria-current");
  }
  shown.setAttribute("aria-busy", "true");
  let content;
  try {
    content = found ? await found.show() : [empty("There is nothing here", "The address leads nowhere.", h("a", { class: "button", href: "#/" }, "Tables"))];
  } catch (error) {
    content = [trouble(error)];
  }
  if (mine !== turn) return;
  shown.replaceChildren(...content);
  shown.removeAttribute("aria-busy");
  const title = shown.querySelector("h1")?.textContent;
  if (title) document.title = `${title} · Meshloom`;
  if (focus) document.getElementById("content").focus({ preventScroll: true });
}

nav.prepend(...pages.map((page) => h("a", { href: page.at }, page.title)));
addEventListener("hashchange", () => { scrollTo(0, 0); go(true); });
addEventListener("cluster:changed", () => go(false));
go(false);
