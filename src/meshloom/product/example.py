"""The columns of a scaffold: an example's, those of a CSV file of one's own, or those of a port that is read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from meshloom.errors import InputError, Problem
from meshloom.infra.compute import ComputeError, Session, open_reader
from meshloom.infra.compute.files import file_columns, load_file
from meshloom.product.checks.values import identifier, misfit
from meshloom.spec.contract import Column

_LOGICAL = {
    "BIGINT": ("integer", "i64"), "DOUBLE": ("number", "f64"), "BOOLEAN": ("boolean", ""), "DATE": ("date", ""),
    "TIMESTAMP": ("timestamp", ""), "VARCHAR": ("string", ""),
}  # fmt: skip
# from the narrowest: the first that every value of a column fits
_TRIED = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN")


@dataclass(frozen=True, slots=True)
class ExampleColumn:
    """One column of a scaffolded contract; `values` are those of the example rows, as text."""

    name: str
    type: str
    format: str = ""
    required: bool = False
    key: bool = False
    description: str = ""
    values: tuple[str, ...] = ()

    @property
    def example(self) -> str:
        return self.values[0] if self.values else ""

    @classmethod
    def of(cls, column: Column) -> ExampleColumn:
        """A column of a contract that is read, with a value that fits its type."""
        fitting = {
            "integer": "1", "number": "1.5", "boolean": "true", "date": "2026-01-01", "time": "10:00:00",
            "timestamp": "2026-01-01 10:00:00",
        }  # fmt: skip
        value = column.examples[0] if column.examples else fitting.get(column.type, "text")
        return cls(
            column.name, column.type, column.format, column.required, column.primary_key, column.description, (value,)
        )

    def yaml(self) -> str:
        """The column as an entry of an ODCS schema, indented for the scaffold."""
        lines = [f"- name: {json.dumps(self.name, ensure_ascii=False)}", f"  logicalType: {self.type}"]
        if self.format and self.type in ("integer", "number"):
            lines.append(f"  logicalTypeOptions: {{format: {self.format}}}")
        if self.key:
            lines.append("  primaryKey: true")
        if self.required:
            lines.append("  required: true")
        lines.append(f"  description: {json.dumps(self.description or 'What it says.', ensure_ascii=False)}")
        return "\n".join("      " + line for line in lines)


EXAMPLE_ROWS = [
    ExampleColumn("order_id", "integer", "i64", True, True, "The order's number.", ("1", "2", "3")),
    ExampleColumn("customer", "string", "", True, False, "Who ordered.", ("Ada", "Grace", "Katherine")),
    ExampleColumn("amount", "number", "f64", True, False, "What it cost.", ("12.50", "3.20", "99.00")),
    ExampleColumn(
        "ordered_at", "timestamp", "", True, False, "When it was ordered.",
        ("2026-11-01 09:30:00", "2026-11-01 11:45:00", "2026-11-02 16:05:00"),
    ),
]  # fmt: skip


def infer_columns(path: Path) -> list[ExampleColumn]:
    """The columns of a CSV file: types that all values fit, required where none is missing, and a likely key.

    The key is the first column, of whole numbers or of text, whose values are all there and differ.

    Raises InputError when the file cannot be read.
    """
    if path.suffix.lower() != ".csv":
        what = "only a CSV file can be taken over"
        raise InputError(Problem("bad-file", what, "", "save it as CSV with a header line", str(path)))
    names = [name for name, _ in file_columns(path, "csv")]
    with open_reader() as session:
        try:
            load_file(session, "rows", path, "csv", names)
            found = [_infer(session, name) for name in names]
        except ComputeError as error:
            raise InputError(Problem("bad-file", "the file cannot be read", str(error), "", str(path))) from error
    keys = [column.name for column, distinct in found if distinct and column.type in ("integer", "string")]
    key = keys[0] if keys else ""
    return [ExampleColumn(c.name, c.type, c.format, c.required, c.name == key, "", c.values) for c, _ in found]


def _infer(session: Session, name: str) -> tuple[ExampleColumn, bool]:
    """The column, and whether its values are all there and differ."""
    column = identifier(name)
    fits = ", ".join(f"count(*) FILTER ({_misfit(column, kind)}) = 0" for kind in _TRIED)
    counts = f"count(*), count({column}), count(DISTINCT {column}), min({column})"
    total, present, distinct, first, *fitting = session.execute(f'SELECT {counts}, {fits} FROM "rows"').rows()[0]
    kind = next((kind for kind, fit in zip(_TRIED, fitting, strict=True) if fit and present), "VARCHAR")
    logical, format_ = _LOGICAL[kind]
    whole = total == present and total > 0
    values = (str(first),) if first is not None else ()
    return ExampleColumn(name, logical, format_, whole, values=values), whole and distinct == total


def _misfit(column: str, kind: str) -> str:
    if kind == "BIGINT":  # DuckDB would round 1.5 to 2, and read 007 as 7
        return f"NOT regexp_full_match({column}, '[+-]?(0|[1-9][0-9]{{0,17}})')"
    if kind == "DOUBLE":
        return f"NOT regexp_full_match({column}, '[+-]?((0|[1-9][0-9]*)([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?')"
    if kind == "BOOLEAN":
        return f"lower({column}) NOT IN ('true', 'false')"
    return misfit(column, "VARCHAR", kind)
