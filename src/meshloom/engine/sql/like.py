"""LIKE: without regard to case, everywhere (RegexpPatternConverterUtils.java, LikeToRegexpLike with "i")."""

from __future__ import annotations

from meshloom.engine.sql.typed import Typed, literal_sql


def like(value: str, pattern: Typed) -> str:
    return f"({value} ILIKE {pattern.sql if pattern.literal is None else written(pattern.literal)})"


def written(text: str) -> str:
    """A LIKE pattern as DuckDB's text with ESCAPE; a backslash takes its meaning from _ and %, and is one before
    anything else (RegexpPatternConverterUtils.java)."""
    if "\\" not in text:
        return literal_sql(text)
    out, escaped = [], False
    for character in text:
        if escaped and character not in "_%":
            out.append("\\\\")
        out.append("\\" + character if escaped and character in "_%" else "" if character == "\\" else character)
        escaped = character == "\\"
    return literal_sql("".join(out) + ("\\\\" if escaped else "")) + " ESCAPE '\\'"
