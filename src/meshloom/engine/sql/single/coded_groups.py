"""Groups by several columns, made of codes instead of texts: whole numbers are grouped faster, and only the answer's
groups get their texts."""

from __future__ import annotations

from collections.abc import Sequence

from meshloom.engine.sql.typed import Coded, Typed

MOST = 2  # keys that are grouped by their codes; each makes the query longer


def coded_groups(source: str, items: Sequence[str], group: Sequence[Typed]) -> str:
    """`SELECT items FROM source GROUP BY group`, its columns named "c0", "c1", ..., "" where nothing is gained.

    A null, or a value that shares the code `other`, is grouped as it is, in a branch of its own: which of them it is
    is told by the value alone, so that no group stands in two branches.
    """
    keys = {key.sql: key.coded for key in group if key.coded is not None}
    keys = dict(list(keys.items())[:MOST])
    if len(group) < 2 or not keys or any(text in item for item in items if item not in keys for text in keys):
        return ""
    branches = [_by_codes(source, items, group, keys)]
    known: list[str] = []
    for coded in keys.values():
        where = " AND ".join([*known, f"({coded.sql} IS NULL OR {coded.sql} = {coded.other})"])
        branches.append(_grouped(source, items, [key.sql for key in group], where))
        known.append(f"{coded.sql} <> {coded.other}")
    return " UNION ALL ".join(branches)


def _grouped(source: str, items: Sequence[str], keys: Sequence[str], where: str) -> str:
    values = ", ".join(f'{item} AS "c{place}"' for place, item in enumerate(items))
    return f"SELECT {values} FROM {source} WHERE {where} GROUP BY {', '.join(keys)}"


def _by_codes(source: str, items: Sequence[str], group: Sequence[Typed], keys: dict[str, Coded]) -> str:
    swapped = {sql: coded.sql for sql, coded in keys.items()}
    where = " AND ".join(f"{coded.sql} <> {coded.other}" for coded in keys.values())
    inner = _grouped(source, [swapped.get(i, i) for i in items], [swapped.get(k.sql, k.sql) for k in group], where)
    columns, joins = [], []
    for place, item in enumerate(items):
        if item in keys:
            joins.append(f' JOIN {keys[item].values} AS "$v{place}" ON "$v{place}".code = "$g"."c{place}"')
        columns.append(f'"$v{place}".value AS "c{place}"' if item in keys else f'"$g"."c{place}"')
    return f'SELECT {", ".join(columns)} FROM ({inner}) AS "$g"{"".join(joins)}'
