"""Data files by URI, made local for a reader: file:, http: and https:, and s3: with `meshloom[s3]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from meshloom.infra.file_patterns import matches

SCHEMES = ("", "file", "http", "https", "s3")
SECONDS = 60  # without a byte of an answer
PIECE = 1 << 20  # bytes


class LocationError(ValueError):
    """A URI that cannot be read, and why. No credentials stand in it."""


def of_file_system(batch: Mapping[str, str]) -> dict[str, str]:
    """What a batch config map says of the file system (`input.fs.prop.*`)."""
    prefix = "input.fs.prop."
    return {name.removeprefix(prefix): value for name, value in batch.items() if name.startswith(prefix)}


def files_of(uri: str, wanted: str = "", unwanted: str = "", options: Mapping[str, str] | None = None) -> list[str]:
    """The URIs of a file, or of all files under a folder or prefix whose path fits `wanted` and not `unwanted`
    (Java's `glob:`, `regex:`; empty for any), sorted. An http: URI is one file.

    `options` are Pinot's of the file system: `accessKey`, `secretKey`, `region`, `endpoint` for s3; what they do not
    say is taken from the environment (AWS_*). Raises LocationError, and ValueError for what is no pattern.
    """
    place = urlsplit(uri)
    _check_scheme(place.scheme)
    if place.scheme == "s3":
        system = _s3(options or {})
        found = [f"s3://{key}" for key in _told(uri, system.find, f"{place.netloc}{place.path}")]
    elif place.scheme in ("http", "https"):
        found = [uri]
    else:
        root = Path(unquote(place.path))
        found = [str(one) for one in ([root] if root.is_file() else root.rglob("*")) if one.is_file()]
    paths = {one: PurePosixPath(one) if "://" in one else Path(one) for one in found}
    return sorted(
        one for one, path in paths.items() if matches(path, wanted, True) and not matches(path, unwanted, False)
    )


def is_folder(uri: str, options: Mapping[str, str] | None = None) -> bool:
    """Whether a URI names a folder, or a prefix of keys. Raises LocationError."""
    place = urlsplit(uri)
    _check_scheme(place.scheme)
    if place.scheme == "s3":
        return bool(_told(uri, _s3(options or {}).isdir, f"{place.netloc}{place.path}"))
    return place.scheme in ("", "file") and Path(unquote(place.path)).is_dir()


@contextmanager
def local(uri: str, options: Mapping[str, str] | None = None) -> Iterator[Path]:
    """A file on this machine: the named one itself, or a copy that lives as long as the block. Raises LocationError."""
    place = urlsplit(uri)
    _check_scheme(place.scheme)
    if place.scheme in ("", "file"):
        path = Path(unquote(place.path))
        if not path.is_file():
            raise LocationError(f"{uri} names no file that this process can read")
        yield path
        return
    with TemporaryDirectory(prefix="meshloom-") as folder:
        copy = Path(folder) / (PurePosixPath(unquote(place.path)).name or "file")
        if place.scheme == "s3":
            _told(uri, _s3(options or {}).get_file, f"{place.netloc}{place.path}", str(copy))
        else:
            _download(uri, copy)
        yield copy


def _check_scheme(scheme: str) -> None:
    if scheme not in SCHEMES:
        raise LocationError(f"{scheme}: is not read by this engine; it reads file:, http:, https: and s3:")


def _download(uri: str, target: Path) -> None:
    import httpx

    try:
        with httpx.stream("GET", uri, follow_redirects=True, timeout=SECONDS) as answer, target.open("wb") as file:
            answer.raise_for_status()
            for piece in answer.iter_bytes(PIECE):
                file.write(piece)
    except httpx.HTTPStatusError as error:
        raise LocationError(f"{_shown(uri)} answers {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LocationError(f"{_shown(uri)} cannot be read: {type(error).__name__}") from error


def _shown(uri: str) -> str:
    """Without user, password and query, which may be secrets."""
    place = urlsplit(uri)
    return f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}"


def _s3(options: Mapping[str, str]) -> Any:
    try:
        import s3fs
    except ImportError:
        raise LocationError("s3: needs a package of an extra: pip install 'meshloom[s3]'") from None
    client = {"endpoint_url": options.get("endpoint"), "region_name": options.get("region")}
    return s3fs.S3FileSystem(
        key=options.get("accessKey"), secret=options.get("secretKey"), skip_instance_cache=True,
        client_kwargs={name: value for name, value in client.items() if value},
    )  # fmt: skip


def _told(uri: str, call: Any, *arguments: Any) -> Any:
    """A call of the S3 client, whose errors are of many kinds."""
    try:
        return call(*arguments)
    except Exception as error:
        raise LocationError(f"{uri} cannot be read: {type(error).__name__}: {error}") from error
