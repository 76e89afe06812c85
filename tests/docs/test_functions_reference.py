"""docs/reference/functions.md is the engine's own table of functions.

`MESHLOOM_WRITE_DOCS=1 pytest tests/docs/test_functions_reference.py` writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from meshloom.engine.sql.functions.multi_values import over_arrays
from meshloom.engine.sql.functions.registry import AGGREGATES, EXTRAS, REFUSED, SCALARS, Aggregate, Scalar
from meshloom.engine.sql.functions.rows import ROWS

from .pages import ROOT

PAGE = ROOT / "docs/reference/functions.md"
HEAD = """# Functions

Apache Pinot's functions that the embedded engine knows, and how each is done. Names match ignoring case and
underscores. `DuckDB` is an expression of the executor's own; `Python` is a function of ours, called with a whole Arrow
array at a time, the slower of the two; `meshloom[x]` behind it is the extra that brings its packages. A name that is
not here is refused with "Unsupported function", never guessed. The last table has those that Pinot knows and this
engine refuses, each with its reason.
"""


def arity(least: int, most: int) -> str:
    return f"{least}" if least == most else f"{least} or more" if most < 0 else f"{least} to {most}"


def in_python(name: str) -> bool:
    return any(row.startswith(f"px_{name}_") for row in ROWS)


def scalars() -> Iterator[str]:
    for name, one in sorted(SCALARS.items()):
        how = ("Python" if in_python(name) else "DuckDB") + extra(name)
        yield f"| `{one.name}` | {arity(one.least, one.most)} | {result(one)} | {how} |"


def extra(name: str) -> str:
    return f", `meshloom[{EXTRAS[name]}]`" if name in EXTRAS else ""


def result(one: Scalar | Aggregate) -> str:
    told = one.result if isinstance(one, Scalar) else one.single
    return told if isinstance(told, str) else "of its arguments"


def aggregates() -> Iterator[str]:
    for name, one in sorted(AGGREGATES.items()):
        several = "yes" if over_arrays(name) or one.gather is not None else ""
        multi = one.multi if isinstance(one.multi, str) else "of its arguments"
        how = ("DuckDB" if one.gather is None else "Python") + extra(name)
        yield f"| `{one.name}` | {arity(one.least, one.most)} | {result(one)} | {multi} | {several} | {how} |"


def page() -> str:
    text = (
        HEAD + f"\n## Of one row ({len(SCALARS)})\n\n| function | arguments | answers | done by |\n|---|---|---|---|\n"
    )
    text += "\n".join(scalars())
    text += f"\n\n## Aggregations ({len(AGGREGATES)})\n\n"
    text += "Those over multi-value columns also take the name with MV behind it.\n"
    text += (
        "\n| function | arguments | single-stage | multi-stage | multi-value | done by |\n|---|---|---|---|---|---|\n"
    )
    text += "\n".join(aggregates())
    text += f"\n\n## Refused ({len(REFUSED)})\n\n| function | why |\n|---|---|\n"
    return text + "\n".join(f"| `{name}` | {reason} |" for _, (name, reason) in sorted(REFUSED.items())) + "\n"


def test_the_page_is_current() -> None:
    if os.environ.get("MESHLOOM_WRITE_DOCS"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
