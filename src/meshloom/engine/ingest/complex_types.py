"""`complexTypeConfig`: nested objects as columns of their own, and lists as one record an element.

Source of behaviour: ComplexTypeTransformer. Records are Python's forms of JSON objects and are changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from meshloom.engine.sql.functions.java_maps import written

Record = dict[str, Any]
MODES = ("NONE", "NON_PRIMITIVE", "ALL")


class ComplexTypes:
    """What a table config says of nested values. With `lenient` a record stays as far as its renaming got."""

    def __init__(self, config: Mapping[str, Any], lenient: bool = False) -> None:
        self.lenient = lenient
        # Sorted, so that a list is taken apart before the lists in it.
        self.unnested = sorted(str(name) for name in config.get("fieldsToUnnest") or ())
        self.delimiter = str(config.get("delimiter") or ".")
        self.mode = str(config.get("collectionNotUnnestedToJson") or "NON_PRIMITIVE").upper()
        self.renamed = {str(prefix): str(new) for prefix, new in (config.get("prefixesToRename") or {}).items()}

    def __call__(self, record: Record) -> list[Record]:
        """The records that become of one. Raises ValueError when a renamed field meets another."""
        originals = {name: record[name] for name in self.unnested if name in record}
        self._flatten(record, list(record))
        found = [record]
        for column in self.unnested:
            found = [made for one in found for made in self._unnest(one, column)]
        for one in found:
            for name, value in originals.items():
                one.setdefault(name, value)
            try:
                self._rename(one)
            except ValueError:
                if not self.lenient:
                    raise
        return found

    def _flatten(self, record: Record, columns: Iterable[str]) -> None:
        for column in columns:
            value = record[column]
            if isinstance(value, dict):
                deeper = []
                for key, item in value.items():
                    name = f"{column}{self.delimiter}{key}"
                    record[name] = item
                    if isinstance(item, dict | list):
                        deeper.append(name)
                self._flatten(record, deeper)
            elif isinstance(value, list):
                self._list(value, column, record, column)

    def _list(self, value: list[Any], path: str, record: Record, key: str) -> None:
        """A list that is to be taken apart gets its objects flattened; another one may become text, at its `key`."""
        if path in self.unnested:
            for inner in value:
                if isinstance(inner, dict):
                    self._flatten_inner(path, inner, list(inner))
        elif self._as_json(value):
            record[key] = written(value)

    def _flatten_inner(self, path: str, inner: Record, fields: Iterable[str]) -> None:
        for field in fields:
            value = inner[field]
            if isinstance(value, dict):
                deeper = []
                for key, item in value.items():
                    name = f"{field}{self.delimiter}{key}"
                    inner[name] = item
                    if isinstance(item, dict | list):
                        deeper.append(name)
                self._flatten_inner(path, inner, deeper)
            elif isinstance(value, list):
                self._list(value, f"{path}{self.delimiter}{field}", inner, field)

    def _as_json(self, value: list[Any]) -> bool:
        return self.mode == "ALL" or (self.mode != "NONE" and bool(value) and isinstance(value[0], dict | list))

    def _unnest(self, record: Record, column: str) -> list[Record]:
        value = record.get(column)
        if not isinstance(value, list) or not value:
            return [record]
        del record[column]
        found = []
        for item in value:
            if isinstance(item, dict):
                found.append(record | {f"{column}{self.delimiter}{key}": one for key, one in item.items()})
            else:
                found.append(record | {column: item})
        return found

    def _rename(self, record: Record) -> None:
        fields = list(record)
        for prefix, new in self.renamed.items():
            for field in fields:
                if field.startswith(prefix) and field in record:
                    name = new + field[len(prefix) :]
                    value = record.pop(field)
                    if not name or record.get(name) is not None:
                        raise ValueError(f"Name conflict after attempting to rename field {field} to {name}")
                    record[name] = value
