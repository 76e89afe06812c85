"""What a segment says of itself: metadata.properties and creation.meta (SegmentMetadataImpl, ColumnMetadataImpl)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshloom.engine.config.types import DataType
from meshloom.engine.storage.pinot_segment import properties
from meshloom.engine.storage.pinot_segment.bounds import damaged, unknown
from meshloom.engine.storage.pinot_segment.properties import Properties

FILE, CREATION = "metadata.properties", "creation.meta"
COLUMNS = ("dimension.column.names", "metric.column.names", "time.column.name", "datetime.column.names",
           "complex.column.names")  # fmt: skip
MOST_ROWS = 2**31 - 1
CUSTOM = "custom."


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the segment has it. `default` is the text of the value that stands in place of nulls, None where
    the segment does not tell it; `entries` counts the values of all lists."""

    name: str
    data_type: DataType
    single_value: bool
    dictionary: bool
    sorted: bool
    cardinality: int
    bits: int
    entry_bytes: int
    entries: int
    default: str | None


@dataclass(frozen=True, slots=True)
class Metadata:
    """`crc` and `created_ms` are those of creation.meta, `data_crc` that of the data alone where it is told."""

    name: str
    table: str
    version: str
    rows: int
    crc: int
    data_crc: int | None
    created_ms: int
    padding: int
    names: tuple[str, ...]
    custom: Mapping[str, str]
    properties: Properties

    @classmethod
    def of(cls, content: bytes, creation: bytes) -> Metadata:
        """Raises RestError 400 for what Pinot would not read."""
        found = properties.parsed(content, FILE)
        if len(creation) not in (16, 24):
            raise damaged(f"{CREATION} has {len(creation)} bytes, where 16 or 24 are expected")
        rows = properties.whole(found, "segment.total.docs", FILE)
        if not 0 <= rows <= MOST_ROWS:
            raise damaged(f"{FILE} declares {rows:,} documents")
        name = properties.text(found, "segment.name")
        if not name:
            raise damaged(f"{FILE} has no segment.name")
        listed = [column for kind in COLUMNS for column in found.get(f"segment.{kind}", ())]
        padding = properties.text(found, "segment.padding.character", "%")
        return cls(
            name=name,
            table=properties.text(found, "segment.table.name"),
            version=properties.text(found, "segment.index.version", "v1"),
            rows=rows,
            crc=int.from_bytes(creation[:8], "big"),
            data_crc=int.from_bytes(creation[16:], "big") if len(creation) == 24 else None,
            created_ms=int.from_bytes(creation[8:16], "big", signed=True),
            padding=ord(padding[0]) & 255 if padding else 0,
            names=tuple(dict.fromkeys(one for one in listed if one and not one.startswith("$"))),
            custom={key.removeprefix(CUSTOM): properties.text(found, key) for key in found if key.startswith(CUSTOM)},
            properties=found,
        )

    def column(self, name: str) -> Column:
        """Raises RestError 400 for one that is not described as it should be, or has a type that is not known."""
        found, start = self.properties, f"column.{name}."
        written = properties.text(found, f"{start}dataType").upper()
        if written not in DataType.__members__:
            raise unknown(f"column {name} has the type {written or 'of none'}")
        whole = {
            key: properties.whole(found, start + key, FILE, default)
            for key, default in (
                ("cardinality", 0), ("bitsPerElement", 0), ("lengthOfEachEntry", 0), ("totalNumberOfEntries", 0),
                ("totalDocs", self.rows),
            )
        }  # fmt: skip
        if whole["totalDocs"] != self.rows:
            raise damaged(f"column {name} has {whole['totalDocs']:,} documents, the segment {self.rows:,}")
        if not 0 <= whole["cardinality"] <= MOST_ROWS:
            raise damaged(f"column {name} declares {whole['cardinality']:,} different values")
        told = found.get(f"{start}defaultNullValue")
        return Column(
            name=name,
            data_type=DataType(written),
            single_value=properties.flag(found, f"{start}isSingleValues", True),
            dictionary=properties.flag(found, f"{start}hasDictionary", True),
            sorted=properties.flag(found, f"{start}isSorted"),
            cardinality=whole["cardinality"],
            bits=whole["bitsPerElement"],
            entry_bytes=whole["lengthOfEachEntry"],
            entries=whole["totalNumberOfEntries"],
            default=",".join(told).replace("\0\0", ",").strip("\0") if told else None,
        )
