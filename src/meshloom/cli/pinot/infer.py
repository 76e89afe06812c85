"""A Pinot schema from what data looks like: JsonToPinotSchema and AvroSchemaToPinotSchema.

Source of behaviour: JsonUtils.getPinotSchemaFromJsonFile and AvroUtils.getPinotSchemaFromAvroSchema.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshloom.cli.pinot.controller import Failed
from meshloom.errors import InputError, Problem

PRIMITIVES = {"int": "INT", "long": "LONG", "float": "FLOAT", "double": "DOUBLE", "boolean": "BOOLEAN",
              "string": "STRING", "enum": "STRING"}  # fmt: skip
TYPES = {**PRIMITIVES, "bytes": "BYTES", "map": "JSON", "array": "JSON", "record": "JSON"}
NO_ROLE = "Error: Missing required argument, please specify at least one of -dimensions, -metrics, -timeColumnName"


@dataclass(slots=True)
class Inferred:
    """A schema under way; `roles` names the columns that are no dimensions, `unnested` the lists taken apart."""

    roles: Mapping[str, str]
    unit: str
    unnested: tuple[str, ...] = ()
    delimiter: str = "."
    mode: str = "NON_PRIMITIVE"
    fields: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, name: str, type_: str, single: bool = True) -> None:
        """Raises Failed for a metric or a time that has several values."""
        kind = self.roles.get(name, "DIMENSION")
        if kind != "DIMENSION" and not single:
            raise Failed(f"{'Metric' if kind == 'METRIC' else 'Time'} field: {name} cannot be multi-valued")
        made: dict[str, Any] = {"name": name, "dataType": type_, "fieldType": kind}
        if not single:
            made["singleValueField"] = False
        if kind == "DATE_TIME":
            made |= {"format": f"EPOCH|{self.unit}", "granularity": f"1:{self.unit}"}
        self.fields.setdefault(kind, []).append(made)

    def schema(self, name: str) -> dict[str, Any]:
        keys = {"DIMENSION": "dimensionFieldSpecs", "METRIC": "metricFieldSpecs", "DATE_TIME": "dateTimeFieldSpecs"}
        found = {key: self.fields[kind] for kind, key in keys.items() if kind in self.fields}
        return {"schemaName": name, "enableColumnBasedNullHandling": False, **found}

    def json(self, value: Any, path: str) -> None:
        """A value of the first JSON record, with what lies in it."""
        if isinstance(value, dict):
            for key, item in value.items():
                self.json(item, f"{path}{self.delimiter}{key}")
        elif isinstance(value, list):
            if value and path in self.unnested:
                self.json(value[0], path)
            elif value:
                plain = not isinstance(value[0], dict | list)
                self._list(path, plain, _json_type(value[0]))
        elif value is not None:
            self.add(path, _json_type(value))

    def _list(self, path: str, plain: bool, type_: str) -> None:
        """A list that stays one: of values, or a text."""
        if self.mode == "ALL" or (self.mode == "NON_PRIMITIVE" and not plain):
            self.add(path, "STRING")
        elif self.mode == "NON_PRIMITIVE":
            self.add(path, type_, single=False)

    def avro(self, type_: Any, path: str) -> None:
        """A field of an Avro schema, nested types taken apart (`-complexType`)."""
        type_ = _present(type_, path)
        kind = _kind(type_)
        if kind == "record":
            for one in type_["fields"]:
                self.avro(one["type"], f"{path}{self.delimiter}{one['name']}")
        elif kind == "array":
            if path in self.unnested:
                self.avro(type_["items"], path)
            else:
                item = _kind(type_["items"])
                self._list(path, item in PRIMITIVES, TYPES.get(item, "JSON"))
        else:
            self.add(path, _avro_type(kind))


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "INT" if -(2**31) <= value < 2**31 else "LONG" if -(2**63) <= value < 2**63 else "STRING"
    return "DOUBLE" if isinstance(value, float) else "STRING"


def _kind(type_: Any) -> str:
    """An Avro type's word; one that was named before stands for itself."""
    if isinstance(type_, list):
        return "union"
    found = type_ if isinstance(type_, str) else type_["type"]
    return found if isinstance(found, str) else _kind(found)


def _present(type_: Any, path: str) -> Any:
    """The one type beside null that a field has. Raises Failed for several, and for none."""
    if isinstance(type_, dict) and isinstance(type_.get("type"), dict | list):
        return _present(type_["type"], path)
    if not isinstance(type_, list):
        return type_
    found = [one for one in type_ if one != "null"]
    if len(found) != 1:
        told = "More than one non-null schema" if found else "Cannot find non-null schema"
        raise Failed(f"{told} in UNION schema, field: {path}")
    return _present(found[0], path)


def _avro_type(kind: str) -> str:
    if kind not in TYPES:
        raise Failed(f"Unsupported Avro type: {kind.upper()}")
    return TYPES[kind]


def _plain(type_: Any, path: str) -> Any:
    """The type of a field as one column: a record of one field stands for it."""
    type_ = _present(type_, path)
    if _kind(type_) != "record":
        return type_
    if len(type_["fields"]) != 1:
        raise Failed(f"Not one field in the RECORD schema, field: {path}. Take it apart with -complexType")
    return _plain(type_["fields"][0]["type"], path)


def _empty(options: Namespace) -> Inferred:
    if not (options.dimensions or options.metrics or options.timeColumnName):
        raise Failed(NO_ROLE, code=255)
    roles = dict.fromkeys(_listed(options.metrics), "METRIC")
    if options.timeColumnName:
        roles[options.timeColumnName] = "DATE_TIME"
    return Inferred(roles, options.timeUnit, tuple(_listed(options.fieldsToUnnest)), options.delimiter or ".",
                    options.collectionNotUnnestedToJson or "NON_PRIMITIVE")  # fmt: skip


def _listed(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def _written(options: Namespace, found: Inferred) -> Iterator[str]:
    folder = Path(options.outputDir)
    if not folder.is_dir():
        raise Failed(f"ERROR: Output directory: {folder} does not exist or is not a directory", code=255)
    path = folder / f"{options.pinotSchemaName}.json"
    path.write_text(json.dumps(found.schema(options.pinotSchemaName), indent=2), encoding="utf-8")
    yield f"Store Pinot schema to file: {path.absolute()}"


def from_json(options: Namespace) -> Iterator[str]:
    """The schema of a JSON file's first record."""
    found, path = _empty(options), Path(options.jsonFile)
    try:
        text = path.read_text(encoding="utf-8").lstrip("\ufeff \t\r\n")
        record, _ = json.JSONDecoder().raw_decode(text)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(record, dict):
        raise Failed("the JSON data shall be an object")
    for name, value in record.items():
        found.json(value, name)
    yield from _written(options, found)


def from_avro(options: Namespace) -> Iterator[str]:
    """The schema of an Avro schema file, or of the schema in an Avro data file."""
    found = _empty(options)
    if not (options.avroSchemaFile or options.avroDataFile):
        told = "Error: Missing required argument, please specify either -avroSchemaFile, or -avroDataFile"
        raise Failed(told, code=255)
    path = Path(options.avroSchemaFile or options.avroDataFile)
    try:
        schema = json.loads(path.read_text(encoding="utf-8")) if options.avroSchemaFile else _of_data(path)
        fields = [(str(one["name"]), one["type"]) for one in schema["fields"]]
        for name, type_ in fields:
            if options.complexType and options.avroSchemaFile:
                found.avro(type_, name)
            else:
                _flat(found, type_, name)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unreadable(path, f"it is no Avro schema of a record: {error}") from error
    yield from _written(options, found)


def _flat(found: Inferred, type_: Any, name: str) -> None:
    type_ = _plain(type_, name)
    several = _kind(type_) == "array"
    item = _plain(type_["items"], name) if several else type_
    found.add(name, _avro_type(_kind(item)), single=not several)


def _of_data(path: Path) -> Any:
    import gzip

    import fastavro

    packed = path.read_bytes()[:2] == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as file:
        return fastavro.reader(file).writer_schema  # type: ignore[arg-type]


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(Problem("unreadable", "the file cannot be read", why, "", str(path)))
