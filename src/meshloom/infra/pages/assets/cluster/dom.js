// Elements in few words. Every text is set as text, so that nothing that a table holds becomes markup.

export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.flat(3).filter((one) => one != null && one !== false));
  return made;
}

export const count = (number) => (number == null || Number.isNaN(Number(number)) ? "–" : Number(number).toLocaleString("en-US"));

export function bytes(number) {
  if (number == null || number < 0) return "–";
  let size = Number(number), unit = "B";
  for (const next of ["kB", "MB", "GB", "TB"]) { if (size < 1000) break; size /= 1000; unit = next; }
  return `${size >= 100 || unit === "B" ? Math.round(size) : size.toFixed(1)} ${unit}`;
}

export function moment(milliseconds) {
  const when = new Date(Number(milliseconds));
  return Number.isNaN(when.getTime()) ? "–" : `${when.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

export const button = (text, act, style = "") => h("button", { type: "button", class: `button ${style}`, onclick: act }, text);
export const link = (text, href, style = "") => h("a", { href, class: style }, text);
export const tag = (text, style = "") => h("span", { class: `tag ${style}` }, text);
export const state = (good, text) => h("span", { class: `state ${good ? "ok" : "bad"}` }, good ? "✓ " : "✗ ", text);
export const card = (title, ...content) => h("section", { class: "card" }, title ? h("h2", {}, title) : null, ...content);
export const empty = (title, text, ...more) => h("div", { class: "empty" }, h("h3", {}, title), h("p", {}, text), ...more);

export function head(title, about, ...actions) {
  return h("header", { class: "head" }, h("div", {}, h("h1", {}, title), about ? h("p", { class: "dim" }, about) : null),
    actions.length ? h("p", { class: "row" }, ...actions) : null);
}

// `heads` are texts; "#text" is a column of numbers. `rows` are lists of texts or elements.
export function table(label, heads, rows) {
  const numeric = heads.map((one) => one.startsWith("#"));
  const cell = (value, at) => h("td", { class: numeric[at] ? "number" : null }, value);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map((one, at) => h("th", { scope: "col", class: numeric[at] ? "number" : null }, one.replace("#", ""))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell))))));
}

export function trouble(error, title = "That does not work as asked") {
  return h("section", { class: "trouble", role: "alert" }, h("h2", {}, title), h("p", { class: "what" }, error.message),
    error.status ? h("p", { class: "dim" }, `The controller answered ${error.status}.`) : null);
}

// Runs an action behind a button: busy while it runs, and what it says or what went wrong stands in `place`.
export async function act(pressed, place, work) {
  pressed.disabled = true;
  try {
    const said = await work();
    if (typeof said === "string") place.replaceChildren(h("p", { class: "c-said", role: "status" }, said));
  } catch (error) {
    place.replaceChildren(trouble(error));
  } finally {
    pressed.disabled = false;
  }
}
