"""Which files a pattern names: Java's `glob:` and `regex:` (java.nio.file.FileSystem.getPathMatcher)."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

TOKENS = re.compile(r"\\(.)|\*\*|\*|\?|\[(!?)([^]]*)\]|\{|\}|,|.", re.DOTALL)


def matches(path: PurePath, pattern: str, default: bool) -> bool:
    """Whether a path fits `pattern`, a file's as an absolute one; `default` when that is empty. Raises ValueError."""
    kind, separator, text = pattern.partition(":")
    if not text:
        if separator or kind:
            raise ValueError(f"{pattern!r} is neither glob:… nor regex:…")
        return default
    if kind not in ("glob", "regex"):
        raise ValueError(f"{pattern!r} is neither glob:… nor regex:…")
    try:
        whole = path.absolute() if isinstance(path, Path) else path
        return re.fullmatch(text if kind == "regex" else _regex(text), str(whole)) is not None
    except re.error as error:
        raise ValueError(f"{pattern!r} is no pattern: {error}") from error


def _regex(glob: str) -> str:
    """`**` crosses folders, `*` and `?` do not; `{a,b}` is one of them, `[a-z]` and `[!a-z]` a letter."""
    made, depth = [], 0
    for found in TOKENS.finditer(glob):
        token = found[0]
        if found[1] is not None:
            made.append(re.escape(found[1]))
        elif token.startswith("[") and found[3]:
            made.append(f"[{'^' if found[2] else ''}{found[3]}]")
        elif token in ("{", "}"):
            depth += 1 if token == "{" else -1
            made.append("(?:" if token == "{" else ")")
        elif token == "," and depth:
            made.append("|")
        else:
            made.append({"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token))
    return "".join(made)
