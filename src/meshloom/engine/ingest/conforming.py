"""`schemaConformingTransformerConfig`: fields that the schema has become its columns, the rest goes into a catch-all.

Source of behaviour: SchemaConformingTransformer, without its merged text index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.types import DataType
from meshloom.engine.errors import RestError
from meshloom.engine.sql.functions.java_maps import Grown, written

Record = dict[str, Any]
MERGED_TEXT = "__mergedTextIndex"


class Conforming:
    """One configuration over one schema. A column's path is its name or what `columnNameToJsonKeyPathMap` says."""

    def __init__(self, config: Mapping[str, Any], schema: Schema) -> None:
        self.extras = self._column(schema, config.get("indexableExtrasField"))
        given = config.get("unindexableExtrasField")
        self.unindexed = self._column(schema, given) if given in schema.fields else ""
        self.suffix = str(config.get("unindexableFieldSuffix") or "")
        self.dropped = frozenset(config.get("fieldPathsToDrop") or ())
        self.preserved = frozenset(config.get("fieldPathsToPreserveInput") or ()) | frozenset(
            config.get("fieldPathsToPreserveInputWithIndex") or ()
        )
        self.skipped = frozenset(config.get("fieldPathsToSkipStorage") or ())
        self.doubled = frozenset(config.get("fieldsToDoubleIngest") or ())
        paths = {str(name): str(path) for name, path in (config.get("columnNameToJsonKeyPathMap") or {}).items()}
        self._check(config, schema, paths)
        self.columns = {paths.get(name, name): field for name, field in schema.fields.items()}

    @staticmethod
    def _column(schema: Schema, name: Any) -> str:
        if not name:
            return ""
        field = schema.fields.get(str(name))
        if field is None:
            raise RestError(400, f"Field '{name}' doesn't exist in schema")
        if field.data_type not in (DataType.JSON, DataType.STRING):
            raise RestError(400, f"Field '{field.data_type}' has unsupported type %s")
        return field.name

    def _check(self, config: Mapping[str, Any], schema: Schema, paths: Mapping[str, str]) -> None:
        merged = str(config.get("mergedTextIndexField") or MERGED_TEXT)
        if merged in schema.fields:
            raise RestError(400, f"The merged text index of '{merged}' is not made by this engine")
        for name in schema.fields:
            if self.suffix and name.endswith(self.suffix):
                raise RestError(400, f"Field '{name}' has no-index suffix '{self.suffix}'")
        if self.dropped & schema.fields.keys():
            raise RestError(400, "Fields in schema overlap with fieldPathsToDrop")
        for name in paths:
            if name not in schema.fields:
                raise RestError(400, f"Field '{name}' doesn't exist in schema")

    def __call__(self, record: Record) -> list[Record]:
        made: Record = {}
        extras, unindexed = Grown(), Grown()
        for key, value in record.items():
            self._field((key,), value, True, made, extras, unindexed)
        for name, rest in ((self.extras, extras), (self.unindexed, unindexed)):
            if name and rest:
                made[name] = written(rest)
        return [made]

    def _field(
        self, keys: tuple[str, ...], value: Any, indexed: bool, made: Record, extras: Grown, unindexed: Grown
    ) -> None:
        path = ".".join(keys)
        if path in self.dropped:
            return
        column = self.columns.get(path)
        if path in self.preserved:
            made[column.name if column else path] = self._value(value, column)
            return
        indexed = indexed and not (self.suffix and keys[-1].endswith(self.suffix))
        if value is None:
            return
        if isinstance(value, dict):
            for key, item in value.items():
                self._field((*keys, key), item, indexed, made, extras, unindexed)
        elif not indexed:
            _put(unindexed, keys, value)
        elif column is not None:
            made[column.name] = self._value(value, column)
            if path in self.doubled:
                _put(extras, keys, value)
        elif path not in self.skipped:
            _put(extras, keys, value)

    @staticmethod
    def _value(value: Any, column: FieldSpec | None) -> Any:
        if column is not None and column.single_value and isinstance(value, dict | list):
            return written(value)
        return value


def _put(extras: Grown, keys: tuple[str, ...], value: Any) -> None:
    at = extras
    for key in keys[:-1]:
        at = at.setdefault(key, Grown())
    at[keys[-1]] = value
