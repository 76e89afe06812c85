// Draws an OpenAPI document as a page on which every operation can be tried. No library, no network but this server.
"use strict";

const $ = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// A schema as an example: what to write into the body of a request.
function example(schema, api, depth = 0) {
  if (!schema || depth > 4) return null;
  if (schema.$ref) return example(api.components.schemas[schema.$ref.split("/").pop()], api, depth);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.anyOf) return example(schema.anyOf[0], api, depth + 1);
  if (schema.type === "array") return [];
  if (schema.properties) {
    return Object.fromEntries(Object.entries(schema.properties).map(([k, v]) => [k, example(v, api, depth + 1)]));
  }
  return { string: "", integer: 0, number: 0, boolean: false, object: {} }[schema.type] ?? null;
}

function draw(api, base) {
  document.title = $("title").textContent = api.info.title;
  $("description").textContent = api.info.description || "";
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      $("operations").append(drawOperation(api, base, path, method.toUpperCase(), operation));
    }
  }
}

function drawOperation(api, base, path, method, operation) {
  const form = element("form");
  const about = operation.description || "";
  if (about) form.append(element("p", {}, about));
  const inputs = [];
  for (const parameter of operation.parameters || []) {
    const input = element("input", { name: parameter.name, placeholder: parameter.required ? "required" : "" });
    inputs.push([parameter, input]);
    form.append(element("label", {}, `${parameter.name} (${parameter.in}) ${parameter.description || ""}`, input));
  }
  const content = operation.requestBody && operation.requestBody.content["application/json"];
  const body = content && element("textarea", { name: "body" });
  if (body) {
    body.value = JSON.stringify(example(content.schema, api), null, 2);
    form.append(element("label", {}, "Body (JSON)", body));
  }
  const answer = element("pre", { hidden: "", tabindex: "0", "aria-live": "polite" });
  form.append(element("button", { type: "submit" }, "Send"), answer);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let target = path;
    const query = new URLSearchParams();
    for (const [parameter, input] of inputs) {
      if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (input.value) query.append(parameter.name, input.value);
    }
    const headers = {};
    if ($("token").value) headers.Authorization = `Bearer ${$("token").value}`;
    if (body) headers["Content-Type"] = "application/json";
    const url = base + target + (query.size ? `?${query}` : "");
    answer.hidden = false;
    answer.textContent = "...";
    try {
      const response = await fetch(url, { method, headers, body: body ? body.value : undefined });
      const text = await response.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
      answer.textContent = `${method} ${url}\n${response.status} ${response.statusText}\n\n${shown}`;
    } catch (error) {
      answer.textContent = `The server did not answer: ${error.message}`;
    }
  });
  const summary = element("summary", {}, element("b", { class: method }, method), ` ${path} `,
    element("span", {}, operation.summary || ""));
  return element("details", {}, summary, form);
}

const base = location.pathname.replace(/\/docs\/?$/, "");
fetch("openapi.json").then((response) => response.json()).then((api) => draw(api, base)).catch((error) => {
  $("operations").textContent = `openapi.json could not be read: ${error.message}`;
});
