"""What the SQL front end needs to know of a table: its columns and where DuckDB finds the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from meshloom.engine.config.schema import Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.types import DataType
from meshloom.engine.sql.decimals import WIDE


@dataclass(frozen=True, slots=True)
class Codes:
    """What is known of a column's codes. `find` finds those of values, None unless all of them have one; `values` is a
    relation of `code` and `value`; rows of values without a code of their own have `other`. `cardinality` is how many
    values have one, a hint. `distinct` is a relation of the values that the rows have, as a column of the same name,
    each at least once."""

    find: Callable[[Sequence[str]], list[int] | None]
    values: str
    distinct: str
    cardinality: int
    other: int


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column of a relation.

    `nullable` says that SQL NULLs may be stored; where null handling is off they read as `default` (typed as in
    FieldSpec). `physical` is the column's name in DuckDB. `indexes` holds Pinot's names (inverted, range, fst, text,
    json, bloom, sorted, h3, vector), for what depends on them. `wide` says that a BIG_DECIMAL column holds values
    beyond DECIMAL(38,10) and is stored as `decimals` says. `values` is the column that a MAP's values would be.
    `codes` is there when beside the column stands another, "$code$NAME", with a whole number for the value of each
    row. A column with nulls has none.
    """

    name: str
    data_type: DataType
    single_value: bool = True
    nullable: bool = False
    default: Any = None
    physical: str = ""
    indexes: frozenset[str] = frozenset()
    dictionary: bool = True
    wide: bool = False
    values: ColumnInfo | None = None
    codes: Codes | None = None

    @property
    def stored_type(self) -> str:
        """The type as expressions have it: BIG_DECIMAL has two forms."""
        return WIDE if self.wide else self.data_type.value


@dataclass(frozen=True, slots=True)
class Relation:
    """One table as queries see it. `source` is a DuckDB relation: a quoted name, or a subquery in parentheses.

    `name` is the raw one, as answers tell it; `found_by` the one by which `Relations.find` gives the same again, and
    `configs` are those of the physical tables behind it, where they are not just this one.
    `superseded` is the relation of rows that an upsert replaced ("" when the table has none): it has the columns of
    `source` and "$superseded_at", the microseconds since 1970 at which a row ceased to be current.
    `generation` grows whenever rows or configuration change.
    """

    name: str
    schema: Schema
    config: TableConfig
    columns: Mapping[str, ColumnInfo]
    source: str
    superseded: str = ""
    rows: int = 0
    segments: int = 0
    generation: int = 0
    null_handling: bool = False
    comparison_column: str = ""
    groovy: bool = False  # whether queries may hold scripts
    found_by: str = ""
    configs: tuple[TableConfig, ...] = ()
    segment_names: Mapping[int, str] = field(default_factory=dict)  # by the number in `$segment`


class Relations(Protocol):
    """The tables of a cluster, by name."""

    def find(self, name: str) -> Relation | None:
        """By raw name or by name with type, ignoring case; None when there is no such table."""

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query of DuckDB on a relation's source: what a plan depends on of its contents."""

    @property
    def facts(self) -> dict[Any, dict[int, Any]]:
        """What is known of segments' columns, by segment; whoever asks keeps it here. It is forgotten when rows are
        built anew."""

    @property
    def generation(self) -> int:
        """Grows whenever any table, schema or segment changes; compiled queries of an older one are void."""
