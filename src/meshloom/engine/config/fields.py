"""Schemas and their fields as Schema.java and FieldSpec.java read and write them: setter by setter, in the order of the
document."""

from __future__ import annotations

from typing import Any

from meshloom.engine.config.beans import Bean, bean
from meshloom.engine.config.binding import READERS, At, Misfit, build, convert
from meshloom.engine.config.types import DIMENSION_NULLS, METRIC_NULLS, DataType, shown, text_of, typed

Document = dict[str, Any]
LISTS = {
    "dimensionFieldSpecs": "DIMENSION", "metricFieldSpecs": "METRIC", "dateTimeFieldSpecs": "DATE_TIME",
    "complexFieldSpecs": "COMPLEX",
}  # fmt: skip
KINDS = {
    "DimensionFieldSpec": "DIMENSION", "MetricFieldSpec": "METRIC", "DateTimeFieldSpec": "DATE_TIME",
    "ComplexFieldSpec": "COMPLEX", "TimeFieldSpec": "TIME",
}  # fmt: skip
CLASSES = {kind: name for name, kind in KINDS.items()}
SINGLE = {
    "METRIC": "Unsupported multi-value for metric field.", "DATE_TIME": "Unsupported multi-value for date time field.",
    "TIME": "Unsupported multi-value for time field.",
}  # fmt: skip
UNTYPED = "N/A"  # a NullPointerException's text, which the recorded Pinot did not have
NO_TYPE = 'Cannot invoke "org.apache.pinot.spi.data.FieldSpec$DataType.ordinal()" because "dataType" is null'


def _default(kind: str, data_type: str, text: str | None) -> Any:
    """FieldSpec.getDefaultNullValue. Raises ValueError with Pinot's words."""
    if text is not None:
        try:
            return typed(DataType(data_type), text)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"Cannot convert value: '{text}' to type: {data_type}") from error
    family = "metric" if kind == "METRIC" else "complex" if kind == "COMPLEX" else "dimension/time"
    allowed = {
        "metric": (*METRIC_NULLS.keys() - {"BOOLEAN", "TIMESTAMP", "JSON", "MAP"},), "complex": ("MAP", "LIST"),
        "dimension/time": (*DIMENSION_NULLS.keys() - {"MAP"},),
    }[family]  # fmt: skip
    if data_type not in allowed:
        raise ValueError(f"Unsupported {family} data type: {data_type}")
    if data_type == "LIST":
        return "[]"
    return (METRIC_NULLS if kind == "METRIC" else DIMENSION_NULLS)[DataType(data_type)]


class _Field:
    """A field while it is read."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.given: Document = {}
        self.text: str | None = None  # of the default null value
        self.default: Any = None

    def take(self, owner: Bean, name: str, value: Any, at: At) -> None:
        value = convert(owner.takes[name], value, at)
        try:
            self._set(name, value)
        except ValueError as error:
            at.refuse(str(error))

    def _set(self, name: str, value: Any) -> None:
        if self.kind == "TIME" and name in ("name", "dataType"):
            return
        if name == "singleValueField" and value is False and self.kind in SINGLE:
            raise ValueError(SINGLE[self.kind])
        if name in ("incomingGranularitySpec", "outgoingGranularitySpec"):
            self._granularity(name, value)
            return
        if name == "defaultNullValue":
            if value is not None:
                self.text = text_of(value)
            if self.given.get("dataType") is not None:
                self.default = _default(self.kind, self.given["dataType"], self.text)
            return
        if name == "dataType":
            self._type(value)
            return
        if name == "format" and self.given.get("dataType") == "TIMESTAMP":
            return
        self.given[name] = value

    def _type(self, value: str | None) -> None:
        if value is None and self.text is None:
            raise ValueError(NO_TYPE)
        self.given["dataType"] = value
        self.default = _default(self.kind, value, self.text) if value else None
        if self.kind == "DATE_TIME" and value == "TIMESTAMP":
            self.given["format"] = "TIMESTAMP"

    def _granularity(self, name: str, value: Document) -> None:
        self.given[name] = value
        if name == "outgoingGranularitySpec" or "outgoingGranularitySpec" not in self.given:
            self.given["name"] = value.get("name")
            self._type(value.get("dataType"))


def _read_field(kind: Bean, value: Document, at: At) -> Document:
    name = KINDS[kind.name]
    told = value.get("fieldType")
    if told is not None and str(told) != name:
        known = f"known type ids = [{', '.join(sorted(CLASSES))}] (for POJO property '{_property(at)}')"
        other = CLASSES.get(str(told))
        why = f"Class `{bean(other).java}` not subtype of `{kind.java}`" if other else known
        where = At((*at.path, "fieldType"), at.chain)
        where.refuse(f"Could not resolve type id '{told}' as a subtype of `{kind.java}`: {why}")
    field = _Field(name)
    try:
        for key, item in value.items():
            if key in kind.takes:
                field.take(kind, key, item, at.field(kind, key))
    except Misfit as error:
        if told is not None:
            raise
        # Jackson looks for `fieldType` first, and has come to the end of the object by then.
        raise Misfit(error.message, at.path, error.chain, "end") from error
    return _written(field)


def _property(at: At) -> str:
    return next(str(key) for key in reversed(at.path) if isinstance(key, str))


def _written(field: _Field) -> Document:
    given, kind = field.given, field.kind
    if kind == "TIME":
        made: Document = {"incomingGranularitySpec": given.get("incomingGranularitySpec")}
        outgoing = given.get("outgoingGranularitySpec")
        if outgoing is not None and outgoing != made["incomingGranularitySpec"]:
            made["outgoingGranularitySpec"] = outgoing
    else:
        made = {"name": given.get("name"), "dataType": given.get("dataType"), "fieldType": kind}
        made |= {key: False for key in ("singleValueField",) if given.get(key) is False}
        made |= {key: True for key in ("notNull", "allowTrailingZeros") if given.get(key)}
        made |= {key: given[key] for key in ("maxLength", "maxLengthExceedStrategy") if given.get(key) is not None}
    data_type = given.get("dataType")
    given_bytes = data_type == "BYTES" and field.text is not None
    if data_type is not None and (given_bytes or not _same(field.default, _default(kind, data_type, None))):
        made["defaultNullValue"] = shown(DataType(data_type), field.default)
    made |= {key: given[key] for key in ("transformFunction", "virtualColumnProvider") if given.get(key) is not None}
    if kind == "DATE_TIME":
        made |= {"format": given.get("format"), "granularity": given.get("granularity")}
    if kind == "COMPLEX":
        made["childFieldSpecs"] = given.get("childFieldSpecs") or {}
    return made


def _same(one: Any, other: Any) -> bool:
    """Java's equals: -0.0 is not 0.0. Bytes are never equal there."""
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    return bool(one == other)


def _read_child(kind: Bean, value: Document, at: At) -> Document:
    """A field of any kind, which `fieldType` tells."""
    told = value.get("fieldType")
    if told not in CLASSES:
        owner = f"(for POJO property '{at.path[-2]}')"
        if told is None:
            what = f"missing type id property 'fieldType' {owner}"
            at.refuse(f"Could not resolve subtype of [simple type, class {kind.java}]: {what}", "end")
        known = f"known type ids = [{', '.join(sorted(CLASSES))}] {owner}"
        where = At((*at.path, "fieldType"), at.chain)
        where.refuse(f"Could not resolve type id '{told}' as a subtype of `{kind.java}`: {known}")
    return build(bean(CLASSES[told]), value, at)


def name_of(field: Document) -> str | None:
    """The column that a written field is."""
    if "incomingGranularitySpec" in field:
        field = field.get("outgoingGranularitySpec") or field["incomingGranularitySpec"] or {}
    name: str | None = field.get("name")
    return name


def _add(columns: set[str], field: Document | None, at: At, where: str) -> None:
    """Schema.addField."""
    name = name_of(field) if field else None
    if field is None or name is None:
        at.refuse("N/A", where)
    if name in columns:
        at.refuse(f"Field spec already exists for column: {name}", where)
    if "incomingGranularitySpec" not in field and field["dataType"] is None:
        at.refuse(UNTYPED, where)
    columns.add(name)


def _read_schema(kind: Bean, value: Document, at: At) -> Document:
    made: Document = {"schemaName": None, "enableColumnBasedNullHandling": False}
    columns: set[str] = set()
    for key, item in value.items():
        if key not in kind.takes:
            continue
        inner = at.field(kind, key)
        found = convert(kind.takes[key], item, inner)
        if key in LISTS:
            if found is None:
                inner.refuse(f'Cannot invoke "java.util.List.iterator()" because "{key}" is null')
            for field in found:
                _add(columns, field, inner, "end")
        elif key == "timeFieldSpec" and found is not None:
            _add(columns, found, inner, "end")
        if found or key in ("schemaName", "enableColumnBasedNullHandling"):
            made[key] = found
    order = ["schemaName", "enableColumnBasedNullHandling", "dimensionFieldSpecs", "metricFieldSpecs", "timeFieldSpec",
             "dateTimeFieldSpecs", "complexFieldSpecs", "primaryKeyColumns"]  # fmt: skip
    return {key: made[key] for key in order if key in made}


def _read_granularity(kind: Bean, value: Document, at: At) -> Document:
    """TimeGranularitySpec: written with its nulls but for what is as ever."""
    made: Document = {"name": None, "dataType": None, "timeType": None}
    for key, item in value.items():
        if key not in kind.takes:
            continue
        inner = at.field(kind, key)
        found = convert(kind.takes[key], item, inner)
        key = "timeUnitSize" if key == "timeunitSize" else key
        if key == "timeUnitSize" and found <= 0:
            inner.refuse("N/A")
        made[key] = found
    if made.get("timeUnitSize") == 1:
        del made["timeUnitSize"]
    if made.get("timeFormat") == "EPOCH":
        del made["timeFormat"]
    return made


READERS.update(
    dict.fromkeys(KINDS, _read_field)
    | {"Schema": _read_schema, "FieldSpec": _read_child, "TimeGranularitySpec": _read_granularity}
)
