"""Several physical tables read as one: a hybrid table's two sides, the tables of a logical one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.errors import QUERY_EXECUTION, PinotError
from meshloom.engine.server.loading import DOC, SEGMENT, SUPERSEDED_AT
from meshloom.engine.server.segment_rows import quoted
from meshloom.engine.sql.decimals import WIDE
from meshloom.engine.sql.relation import ColumnInfo, Relation
from meshloom.engine.sql.typed import cast_sql


@dataclass(frozen=True, slots=True)
class Part:
    """One physical table and the condition on its rows, "" for all of them."""

    relation: Relation
    condition: str = ""


def composed(name: str, schema: Schema, config: TableConfig, parts: Sequence[Part], *, nulls: bool) -> Relation:
    """The rows of all `parts` (at least one) with the columns of `schema`.

    A column that a part's table lacks is null there, and reads as its default where null handling is off; `nulls` says
    whether the table keeps nulls. Raises PinotError 200 when a column is of another kind in one of them.
    """
    columns = {f.name: _column(f, [part.relation for part in parts]) for f in schema.fields.values() if not f.virtual}
    past = [part for part in parts if part.relation.superseded]
    return Relation(
        name=name,
        schema=schema,
        config=config,
        columns=columns,
        source=f"({' UNION ALL '.join(_rows(part, part.relation.source, columns) for part in parts)})",
        superseded=f"({' UNION ALL '.join(_rows(part, part.relation.superseded, columns) for part in past)})"
        if past
        else "",
        rows=sum(part.relation.rows for part in parts),
        segments=sum(part.relation.segments for part in parts),
        segment_names={number: text for part in parts for number, text in part.relation.segment_names.items()},
        generation=max(part.relation.generation for part in parts),
        null_handling=nulls,
        comparison_column=next((p.relation.comparison_column for p in parts if p.relation.comparison_column), ""),
        found_by=name,
        configs=tuple(part.relation.config for part in parts),
    )


def _column(field: FieldSpec, relations: Sequence[Relation]) -> ColumnInfo:
    held = [relation.columns.get(field.name) for relation in relations]
    found = [info for info in held if info is not None]
    for info in found:
        if info.single_value != field.single_value:
            one, other = ("single-value", "multi-value") if field.single_value else ("multi-value", "single-value")
            raise PinotError(
                QUERY_EXECUTION, f"Column {field.name} is {one}, but {other} in a table that it is read of"
            )
    if not found:
        return ColumnInfo(
            field.name, field.data_type, field.single_value, True, field.default_null_value, physical=field.name
        )
    return replace(
        found[0],
        name=field.name,
        physical=field.name,
        data_type=field.data_type,
        nullable=len(found) < len(held) or any(info.nullable for info in found),
        default=field.default_null_value,
        indexes=frozenset.intersection(*(info.indexes for info in found)),
        dictionary=all(info.dictionary for info in found),
        wide=any(info.wide for info in found),
        codes=None,
    )


def _rows(part: Part, source: str, columns: dict[str, ColumnInfo]) -> str:
    listed = [f"{_value(part.relation.columns.get(name), info)} AS {quoted(name)}" for name, info in columns.items()]
    listed += [SEGMENT, DOC] + ([SUPERSEDED_AT] if source == part.relation.superseded else [])
    where = f" WHERE {part.condition}" if part.condition else ""
    return f"SELECT {', '.join(listed)} FROM {source}{where}"


def _value(have: ColumnInfo | None, wanted: ColumnInfo) -> str:
    many = "" if wanted.single_value else "_ARRAY"
    target = wanted.stored_type + many
    if have is None:
        stored = "BLOB" if wanted.stored_type == WIDE else wanted.data_type.duckdb
        return f"CAST(NULL AS {stored}{'' if wanted.single_value else '[]'})"
    value = quoted(have.physical or have.name)
    if have.stored_type == wanted.stored_type:
        return value
    return cast_sql(value, have.stored_type + many, target)
