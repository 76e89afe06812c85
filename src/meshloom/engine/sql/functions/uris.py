"""A URI taken apart and put together again as java.net.URI does it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

WHOLE = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?([^#]*)(?:#(.*))?", re.S)
REST = re.compile(r"(?://([^/?]*))?([^?]*)(?:\?(.*))?", re.S)
NAMED = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?"
AUTHORITY = re.compile(rf"(?:([^@]*)@)?({NAMED}|\d{{1,3}}(?:\.\d{{1,3}}){{3}}|\[[0-9A-Fa-f:.%]+\])(?::(\d*))?")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
OF_PATH = UNRESERVED | frozenset(":@&=+$,;/")
OF_QUERY = UNRESERVED | frozenset(";/?:@&=+$,[]")
OF_USER = UNRESERVED | frozenset(";:&=+$,")


@dataclass(frozen=True, slots=True)
class Uri:
    """What is not there is None; `path` and what follows are as they are written."""

    scheme: str | None
    user: str | None
    host: str | None
    port: int
    path: str | None
    query: str | None
    fragment: str | None


def _other(character: str) -> bool:
    """Of the characters beyond ASCII all that are visible."""
    return character > "\x7f" and unicodedata.category(character) not in ("Cc", "Zs", "Zl", "Zp")


def _legal(text: str, allowed: frozenset[str]) -> bool:
    bare = re.sub("%[0-9A-Fa-f]{2}", "", text)
    return all(one in allowed or _other(one) for one in bare)


def parse(text: str) -> Uri | None:
    """None for what is no URI."""
    found = WHOLE.fullmatch(text)
    assert found is not None
    scheme, rest, fragment = found.groups()
    if (scheme and not rest) or (fragment is not None and not _legal(fragment, OF_QUERY)):
        return None
    if scheme is None and ":" in rest.partition("/")[0].partition("?")[0]:
        return None
    if scheme and not rest.startswith("/"):  # opaque: mailto:somebody
        return Uri(scheme, None, None, -1, None, None, fragment) if _legal(rest, OF_QUERY) else None
    parts = REST.fullmatch(rest)
    assert parts is not None
    authority, path, query = parts.groups()
    if not _legal(path, OF_PATH) or not _legal(query or "", OF_QUERY) or not _legal(authority or "", OF_QUERY):
        return None
    if authority == "" and not path and query is None:
        return None
    server = AUTHORITY.fullmatch(authority or "")
    user, host, port = server.groups() if server else (None, None, None)
    return Uri(scheme, user, host, int(port) if port else -1, path, query, fragment)


def decoded(text: str | None) -> str | None:
    return None if text is None else unquote(text, errors="replace")


def _quoted(text: str, allowed: frozenset[str]) -> str:
    return "".join(
        one if one in allowed or _other(one) else "".join(f"%{byte:02X}" for byte in one.encode()) for one in text
    )


def joined(uri: Uri, query: str | None, fragment: str | None, host: str | None) -> str | None:
    """With a decoded query and fragment in place of its own; None when that is no URI."""
    text = f"{uri.scheme}:" if uri.scheme is not None else ""
    path = decoded(uri.path)
    if host is not None:
        user = f"{_quoted(decoded(uri.user) or '', OF_USER)}@" if uri.user is not None else ""
        text += f"//{user}{host}" + (f":{uri.port}" if uri.port != -1 else "")
    if path is not None:
        if path and not path.startswith("/") and uri.scheme is not None:
            return None
        text += _quoted(path, OF_PATH)
    text += f"?{_quoted(query, OF_QUERY)}" if query is not None else ""
    text += f"#{_quoted(fragment, OF_QUERY)}" if fragment is not None else ""
    return text if parse(text) is not None else None
