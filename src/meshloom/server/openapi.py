"""Each API's OpenAPI page: one small page of our own, its script and style served from here; no CDN."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from meshloom import __version__

ASSETS = Path(__file__).parent / "assets"


def api(title: str, description: str) -> FastAPI:
    """An API with `/docs` (the page) and `/openapi.json`."""
    app = FastAPI(title=title, description=description, version=__version__, docs_url=None, redoc_url=None)

    @app.get("/docs", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(ASSETS / "openapi.html", media_type="text/html")

    return app


def assets() -> Mount:
    """The pages' script and style, at `/api/assets`."""
    return Mount("/api/assets", StaticFiles(directory=ASSETS), name="api-assets")
