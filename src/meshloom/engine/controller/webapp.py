"""Apache Pinot's own web interface, out of the jar of its controller (Maven Central, Apache-2.0): not a part of this
package, only served by it when somebody asks for it."""

from __future__ import annotations

import hashlib
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from meshloom.errors import Broken, InputError, Problem

VERSION = "1.5.1"
NAME = f"pinot-controller-{VERSION}.jar"
PLACE = f"https://repo1.maven.org/maven2/org/apache/pinot/pinot-controller/{VERSION}/{NAME}"
SHA256 = "a9427cb9171ea98b0fcc8fadae900a49d541082777743ea3704be128c0df676f"
FOLDER = "webapp"


def fetched(jar: str, home: Path, say: Callable[[str], None] = lambda text: None) -> Path:
    """The folder with the interface of a jar: a path, or "download" to take it from Maven Central once.

    Raises InputError (no such jar, or one without an interface), Broken (it cannot be had, or is not what it was).
    """
    path = Path(jar)
    if jar == "download":
        path = home / "pinot-ui" / NAME
        if not path.exists():
            say(f"Downloading {PLACE} (7 MB, once)")
            _download(path)
    return _unpacked(path, home / "pinot-ui")


def _download(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(PLACE, timeout=60) as answer:
            content = answer.read(50_000_000)
    except OSError as error:
        remedy = "Name a jar that you have: --pinot-ui JAR"
        raise Broken(f"{PLACE} cannot be downloaded", why=str(error), remedy=remedy) from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise Broken(f"{PLACE} is not the file that it was", why="its SHA-256 is another", remedy="Name a jar")
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)


def _unpacked(jar: Path, home: Path) -> Path:
    try:
        with zipfile.ZipFile(jar) as archive:
            names = [name for name in archive.namelist() if name.startswith(f"{FOLDER}/") and not name.endswith(".map")]
            if f"{FOLDER}/index.html" not in names:
                what, why = f"{jar} holds no web interface", f"there is no {FOLDER}/index.html in it"
                raise InputError(Problem("wrong-value", what, why, "use the jar of pinot-controller"))
            folder = home / hashlib.sha256(str(jar.resolve()).encode()).hexdigest()[:16]
            archive.extractall(folder, names)  # zipfile keeps members inside the folder
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(
            Problem("unreadable", f"{jar} cannot be read", str(error), "use --pinot-ui download")
        ) from error
    return folder / FOLDER


def routes(folder: Path) -> list[BaseRoute]:
    """The interface at `/`; it finds its way behind the `#` itself."""

    def index(request: Request) -> Response:
        return FileResponse(folder / "index.html")

    return [
        Route("/", index),
        Mount("/js", StaticFiles(directory=folder / "js")),
        Mount("/images", StaticFiles(directory=folder / "images")),
    ]
