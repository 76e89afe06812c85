"""OpenAPI of a table of operations, and a page that reads it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from meshloom.engine.http.operations import Operation

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}}
h2{{margin-top:2rem}}code{{font:13px ui-monospace,monospace}}li{{margin:.3rem 0}}
b{{display:inline-block;width:4.5rem}}@media(prefers-color-scheme:dark){{body{{background:#111;color:#ddd}}
a{{color:#8cf}}}}</style><h1>{title}</h1><p>The description for programs: <a href="swagger.json">swagger.json</a></p>
<div id="all"></div><script>
fetch("swagger.json").then(r=>r.json()).then(d=>{{const tags={{}};
for(const [path,methods] of Object.entries(d.paths))for(const [method,o] of Object.entries(methods))
(tags[o.tags[0]]??=[]).push([method.toUpperCase(),path,o.summary]);
for(const [tag,rows] of Object.entries(tags)){{const h=document.createElement("h2");h.textContent=tag;
const ul=document.createElement("ul");for(const [m,p,s] of rows){{const li=document.createElement("li");
const b=document.createElement("b");b.textContent=m;const c=document.createElement("code");c.textContent=p;
li.append(b,c," "+s);ul.append(li)}}document.getElementById("all").append(h,ul)}}}});</script></html>"""


def document(title: str, operations: Sequence[Operation]) -> dict[str, Any]:
    """OpenAPI 3.0 of what is answered; what is refused is no part of it."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        if operation.refusal:
            continue
        path = PARAMETER.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1.0", "description": "Apache Pinot's interface, by Meshloom's engine."},
        "paths": paths,
    }


def _described(operation: Operation) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    parameters = [
        {"name": name, "in": "path", "required": True, **text} for name in PARAMETER.findall(operation.path)
    ] + [{"name": name, "in": "query", **text} for name in operation.parameters]
    found: dict[str, Any] = {
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": {"200": {"description": "done"}, "default": {"description": '{"code": status, "error": text}'}},
    }
    if operation.body:
        found["requestBody"] = {"content": {operation.body: {"schema": dict(operation.schema)}}}
    return found


def page(title: str) -> HTMLResponse:
    return HTMLResponse(PAGE.format(title=html.escape(title)))
