"""The portal's own line icons, drawn on a grid of 16, in the colour of the text around them."""

from __future__ import annotations

# ruff: noqa: E501  # a path is one line, however long
from markupsafe import Markup

PATHS = {
    "start": "M2.5 7.5 8 2.5l5.5 5M4 6.5v7h8v-7M6.8 13.5v-4h2.4v4",
    "market": "M2.5 6 3.6 2.5h8.8L13.5 6M2.5 6a1.8 1.8 0 0 0 3.6 0 1.9 1.9 0 0 0 3.8 0 1.8 1.8 0 0 0 3.6 0M3.5 8v5.5h9V8",
    "map": "M4 4.2h0M12 5h0M8 12.2h0M5.4 5.6l2 5M10.6 6.6l-2 4.2M5.6 4.3l4.8.5M4 5.7a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM12 6.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM8 13.7a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z",
    "console": "M2.5 3.5h11v9h-11zM5 6.5l2 1.7-2 1.7M8.5 10.2H11",
    "quality": "M8 2.2 13 4v4c0 3-2.2 5-5 6-2.8-1-5-3-5-6V4zM5.8 7.9l1.6 1.6 2.9-3.1",
    "policies": "M4 2.5h6l2.5 2.5v8.5H4zM10 2.5V5h2.5M6 8h4.5M6 10.5h4.5",
    "audit": "M3 3.5h10M3 6.5h6M3 9.5h4M11 13.3a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2ZM13 12.6l1.5 1.5",
    "cluster": "M3 3h10v3.4H3zM3 9.6h10V13H3zM5.3 4.7h0M5.3 11.3h0M8 6.4v3.2",
    "search": "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.4 10.4l3.2 3.2",
    "lock": "M4 7.2h8v6H4zM5.8 7.2V5a2.2 2.2 0 0 1 4.4 0v2.2",
    "ok": "M3.5 8.5 6.5 11.5 12.5 5",
    "bad": "M4.5 4.5l7 7M11.5 4.5l-7 7",
    "warn": "M8 2.8 14 13H2zM8 6.5v3M8 11.3h0",
    "copy": "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
    "run": "M5 3.2 12.5 8 5 12.8z",
    "filter": "M2.5 3.5h11L9.3 8.6v4.2l-2.6-1.3V8.6z",
    "mask": "M2 8s2.2-3.8 6-3.8S14 8 14 8s-2.2 3.8-6 3.8S2 8 2 8ZM3 13 13 3",
    "out": "M6.5 2.5h-4v11h4M6.5 8h7M11 5.3 13.7 8 11 10.7",
    "theme": "M8 2.5v11a5.5 5.5 0 0 0 0-11ZM8 13.5a5.5 5.5 0 0 1 0-11",
    "menu": "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
    "lineage": "M2.5 3h3.5v3.5H2.5zM10 9.5h3.5V13H10zM6 4.8h2.2v6.5H10",
    "clock": "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.8V8l2.2 1.5",
    "table": "M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6",
    "go": "M3 8h10M9 4l4 4-4 4",
}


def icon(name: str, title: str = "") -> Markup:
    """An icon as SVG; with a title it speaks for itself, without one it only decorates."""
    said = Markup('role="img" aria-label="{}"').format(title) if title else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" viewBox="0 0 16 16" width="16" height="16" {}><path d="{}"/></svg>').format(
        said, PATHS[name]
    )
