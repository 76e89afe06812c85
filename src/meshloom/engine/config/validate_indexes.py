"""What Pinot refuses in a table's indexes: TableConfigUtils.validateIndexingConfigAndFieldConfigList and the `validate`
of each index type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from meshloom.engine.config.beans import bean
from meshloom.engine.config.binding import At, Misfit, build
from meshloom.engine.config.java import hash_order, whole
from meshloom.engine.config.refusals import refuse, require
from meshloom.engine.config.schema import FieldSpec, Schema
from meshloom.engine.config.table import TableConfig
from meshloom.engine.config.validate_star_trees import check_star_trees

DICTIONARY_CODECS = ("MV_ENTRY_DICT",)
RAW_CODECS = ("PASS_THROUGH", "SNAPPY", "ZSTANDARD", "LZ4", "GZIP")
CLP_CODECS = ("CLP", "CLPV2", "CLPV2_ZSTD", "CLPV2_LZ4")
COLUMN_PROPERTIES = frozenset(
  [
    "useANDForMultiTermTextIndexQueries", "enablePrefixSuffixMatchingInPhraseQueries", "stopWordInclude",
    "stopWordExclude", "caseSensitive", "luceneAnalyzerClass", "luceneAnalyzerClassArgs",
    "luceneAnalyzerClassArgTypes", "luceneQueryParserClass"
]
)  # fmt: skip
TEXT_PROPERTIES = COLUMN_PROPERTIES | {
    "fstType", "enableQueryCacheForTextIndex", "luceneUseCompoundFile", "luceneMaxBufferSizeMB", "reuseMutableIndex",
    "luceneNRTCachingDirectoryMaxBufferSizeMB", "luceneUseLogByteSizeMergePolicy", "luceneDocIdTranslatorMode",
}  # fmt: skip
Settings = dict[str, Any]
ENABLED: Settings = {"disabled": False}
# The classes of `fieldConfigList[].indexes`, by their key there.
CLASSES = {
    "bloom": "BloomFilterConfig", "dictionary": "DictionaryIndexConfig", "forward": "ForwardIndexConfig",
    "fst": "FstIndexConfig", "h3": "H3IndexConfig", "ifst": "FstIndexConfig", "inverted": "IndexConfig",
    "json": "JsonIndexConfig", "null": "IndexConfig", "range": "RangeIndexConfig", "text": "TextIndexConfig",
    "vector": "VectorIndexConfig",
}  # fmt: skip
STANDARD = ("dictionary", "forward", "null")  # there unless they are disabled


class Indexes:
    """A table's index settings by kind and column. Raises RestError 400 when they cannot be made."""

    def __init__(self, config: TableConfig, schema: Schema) -> None:
        self.config = config
        self.schema = schema
        try:
            self.settings = {kind: self._of(kind) for kind in CLASSES}
        except (Misfit, ValueError, KeyError) as error:
            raise refuse("Failed to create FieldIndexConfigs") from error
        names = dict.fromkeys(sorted(schema.fields))
        names |= dict.fromkeys(name for found in self.settings.values() for name in found)
        self.columns = hash_order(names)

    def on(self, kind: str, column: str) -> bool:
        found = self.settings[kind].get(column)
        return kind in STANDARD if found is None else not found.get("disabled")

    def _fields(self) -> list[Settings]:
        return list(self.config.document.get("fieldConfigList") or ())

    def _of(self, kind: str) -> dict[str, Settings]:
        """`indexes` of the fields and the older ways; a column that both name is an error."""
        found: dict[str, Settings] = {}
        for entry in self._fields():
            given = entry.get("indexes")
            if isinstance(given, Mapping) and kind in given:
                shape = bean(CLASSES[kind])
                made = build(shape, given[kind], At())
                given = given[kind]
                found[entry["name"]] = {key: given[key] for key in shape.takes if key in given} | made
        legacy = LEGACY[kind](self)
        if found.keys() & legacy.keys():
            raise ValueError(kind)
        return found | legacy

    def of_types(self, kind: str) -> list[Settings]:
        return [entry for entry in self._fields() if kind.upper() in entry["indexTypes"]]

    def listed(self, key: str) -> dict[str, Settings]:
        return dict.fromkeys(self.config.indexing.get(key) or (), ENABLED)

    def mapped(self, key: str) -> dict[str, Settings]:
        return {name: value or {} for name, value in (self.config.indexing.get(key) or {}).items()}


def _named(entries: Iterable[Settings]) -> dict[str, Settings]:
    return {entry["name"]: ENABLED for entry in entries}


def _dictionary(indexes: Indexes) -> dict[str, Settings]:
    none = [*(indexes.config.indexing.get("noDictionaryConfig") or {}),
            *(indexes.config.indexing.get("noDictionaryColumns") or ())]  # fmt: skip
    none += [entry["name"] for entry in indexes._fields() if entry["encodingType"] == "RAW"]
    varied = indexes.config.indexing.get("varLengthDictionaryColumns") or ()
    heap = indexes.config.indexing.get("onHeapDictionaryColumns") or ()
    found: dict[str, Settings] = {name: {"useVarLengthDictionary": name in varied} for name in (*heap, *varied)}
    return found | {name: {"disabled": True} for name in none}


def _forward(indexes: Indexes) -> dict[str, Settings]:
    found: dict[str, Settings] = {}
    for entry in indexes._fields():
        properties = entry.get("properties") or {}
        version = properties.get("rawIndexWriterVersion")
        if str(properties.get("forwardIndexDisabled", "")).lower() == "true":
            found[entry["name"]] = {"disabled": True}
            continue
        if version is not None:
            whole(version, 32)
        if entry.get("compressionCodec") or version is not None or properties.get("deriveNumDocsPerChunkForRawIndex"):
            found[entry["name"]] = {"compressionCodec": entry.get("compressionCodec")}
    return found


def _h3(indexes: Indexes) -> dict[str, Settings]:
    found = {}
    for entry in indexes.of_types("h3"):
        resolutions = (entry.get("properties") or {})["resolutions"]
        for one in filter(None, resolutions.split(",")):
            whole(one, 32)
        found[entry["name"]] = ENABLED
    return found


def _vector(indexes: Indexes) -> dict[str, Settings]:
    found = {}
    for entry in indexes.of_types("vector"):
        properties = entry.get("properties") or {}
        whole(properties["vectorDimension"], 32)
        whole(properties.get("version", "1"), 32)
        distance = properties.get("vectorDistanceFunction", "COSINE")
        if distance not in ("COSINE", "INNER_PRODUCT", "EUCLIDEAN", "DOT_PRODUCT"):
            raise ValueError(distance)
        found[entry["name"]] = {"vectorIndexType": properties["vectorIndexType"]}
    return found


def _range(indexes: Indexes) -> dict[str, Settings]:
    version = indexes.config.indexing.get("rangeIndexVersion") or 2
    names = [*(indexes.config.indexing.get("rangeIndexColumns") or ()), *_named(indexes.of_types("range"))]
    return {name: {"version": version} for name in names}


def _json(indexes: Indexes) -> dict[str, Settings]:
    return _named(indexes.of_types("json")) | indexes.listed("jsonIndexColumns") | indexes.mapped("jsonIndexConfigs")


LEGACY: dict[str, Callable[[Indexes], dict[str, Settings]]] = {
    "bloom": lambda found: found.listed("bloomFilterColumns") | found.mapped("bloomFilterConfigs"),
    "dictionary": _dictionary,
    "forward": _forward,
    "fst": lambda found: _named(found.of_types("fst")),
    "h3": _h3,
    "ifst": lambda found: _named(found.of_types("ifst")),
    "inverted": lambda found: _named(found.of_types("inverted")) | found.listed("invertedIndexColumns"),
    "json": _json,
    "null": lambda found: {},
    "range": _range,
    "text": lambda found: _named(found.of_types("text")),
    "vector": _vector,
}


def check_indexes(config: TableConfig, schema: Schema) -> None:
    """Raises RestError 400 with the first thing that is wrong."""
    entries = config.document.get("fieldConfigList") or ()
    for entry in entries:
        name = entry["name"]
        require(name in schema.fields, f"Failed to find column: {name} in schema")
        _delta(entry, schema.fields[name])
    raw = {*(config.indexing.get("noDictionaryColumns") or ()), *(config.indexing.get("noDictionaryConfig") or ())}
    for entry in entries:
        if entry["encodingType"] == "DICTIONARY" and entry["name"] in raw:
            raise refuse(f"FieldConfig encoding type is different from indexingConfig for column: {entry['name']}")
    indexes = Indexes(config, schema)
    for column in indexes.columns:
        require(column in schema.fields, f"Failed to find column: {column} in schema")
        for kind, check in CHECKS.items():
            if kind == "forward" or indexes.on(kind, column):
                check(indexes, schema.fields[column], indexes.settings[kind].get(column) or {})
    _many_texts(config.indexing.get("multiColumnTextIndexConfig"))
    check_star_trees(config, schema, indexes.columns, lambda column: indexes.on("dictionary", column))
    for entry in entries:
        if entry.get("timestampConfig") is not None:
            field = schema.fields[entry["name"]]
            long = field.data_type in ("LONG", "TIMESTAMP")
            require(long, f"Cannot create TIMESTAMP index on column: {field.name} of stored type other than LONG")
            require(field.single_value, f"Cannot create TIMESTAMP index on multi-value column: {field.name}")
    for name in config.indexing.get("sortedColumn") or ():
        require(name in schema.fields, f"Failed to find sorted column: {name} in schema")
        require(schema.fields[name].single_value, f"Cannot sort on multi-value column: {name}")
    for name in (config.indexing.get("segmentPartitionConfig") or {}).get("columnPartitionMap") or {}:
        require(name in schema.fields, f"Failed to find partition column: {name} in schema")
        require(schema.fields[name].single_value, f"Cannot partition on multi-value column: {name}")


def _delta(entry: Settings, field: FieldSpec) -> None:
    codec = entry.get("compressionCodec")
    if codec not in ("DELTA", "DELTADELTA"):
        return
    what = f"Compression codec {codec} can only be used on"
    require(field.single_value, f"{what} single-value columns, found multi-value column: {field.name}")
    fits = field.stored_type in ("INT", "LONG")
    require(fits, f"{what} INT/LONG data types, found {field.stored_type} for column: {field.name}")


def _single_text(what: str) -> Callable[[Indexes, FieldSpec, Settings], None]:
    def check(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
        on = f"Cannot create {what} index on"
        require(indexes.on("dictionary", field.name), f"{on} column: {field.name} without dictionary")
        require(field.single_value, f"{on} multi-value column: {field.name}")
        require(field.stored_type == "STRING", f"{on} column: {field.name} of stored type other than STRING")

    return check


def _check_bloom(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    for kind in ("BOOLEAN", "MAP"):
        require(field.data_type != kind, f"Cannot create bloom filter on {kind} column: {field.name}")


def _check_dictionary(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    fixed = field.stored_type in ("INT", "LONG", "FLOAT", "DOUBLE")
    if settings.get("useVarLengthDictionary") and fixed:
        what = "Cannot create var-length dictionary on column:"
        raise refuse(f"{what} {field.name} of fixed-width stored type: {field.stored_type}")


def _check_forward(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    column, codec = field.name, settings.get("compressionCodec")
    if not indexes.on("forward", column):
        _check_no_forward(indexes, field)
        return
    for key in ("chunkCompressionType", "dictIdCompressionType"):
        codec = codec or settings.get(key)
    if codec is None:
        return
    if indexes.on("dictionary", column):
        fits = codec in DICTIONARY_CODECS
        require(fits, f"Compression codec: {codec} is not applicable to dictionary encoded column: {column}")
    elif codec in CLP_CODECS:
        fits = field.stored_type == "STRING"
        require(fits, f"Cannot apply CLP compression codec to column: {column} of stored type other than STRING")
    else:
        require(codec in RAW_CODECS, f"Compression codec: {codec} is not applicable to raw column: {column}")


def _check_no_forward(indexes: Indexes, field: FieldSpec) -> None:
    column, config = field.name, indexes.config
    offline = config.table_type != "REALTIME"
    require(offline, f"Cannot disable forward index for column: {column}, as the table type is REALTIME")
    if indexes.on("range", column):
        told = f"Cannot disable forward index for column: {column}."
        require(field.single_value, f"Feature not supported for multi-value columns with range index. {told} Disable "
                "range index on this column to use this feature.")  # fmt: skip
        version = indexes.settings["range"][column].get("version") or 2
        require(version == 2, f"Feature not supported for single-value columns with range index version < 2. {told} "
                "Either disable range index or create range index with version >= 2 to use this feature.")  # fmt: skip
    if config.indexing.get("optimizeDictionaryForMetrics") or config.indexing.get("optimizeDictionary"):
        raise refuse("Dictionary override optimization options (OptimizeDictionary, optimizeDictionaryForMetrics) not "
                     f"supported with forward index disabled for column: {column}")  # fmt: skip


def _check_h3(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    require(field.single_value, f"Cannot create H3 index on multi-value column: {field.name}")
    what = f"Cannot create H3 index on column: {field.name} of stored type other than BYTES"
    require(field.stored_type == "BYTES", what)


def _check_inverted(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    require(field.data_type != "MAP", f"Cannot create inverted index on MAP column: {field.name}")


def _check_json(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    require(field.single_value, f"Cannot create JSON index on multi-value column: {field.name}")
    fits = field.stored_type in ("STRING", "MAP")
    require(fits, f"Cannot create JSON index on column: {field.name} of stored type other than STRING or MAP")


def _check_range(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    numeric = field.stored_type in ("INT", "LONG", "FLOAT", "DOUBLE", "BIG_DECIMAL")
    fits = numeric or indexes.on("dictionary", field.name)
    require(fits, f"Cannot create range index on non-numeric column: {field.name} without dictionary")
    require(field.data_type != "MAP", f"Cannot create range index on MAP column: {field.name}")


def _check_text(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    fits = field.stored_type == "STRING"
    require(fits, f"Cannot create TEXT index on column: {field.name} of stored type other than STRING")


def _check_vector(indexes: Indexes, field: FieldSpec, settings: Settings) -> None:
    require(not field.single_value, f"Cannot create vector index on single-value column: {field.name}")
    fits = field.stored_type == "FLOAT"
    require(fits, f"Cannot create vector index on column: {field.name} of stored type other than FLOAT")
    kind = settings.get("vectorIndexType")
    shown = f"{'null' if kind is None else kind} for column: {field.name}"
    require(kind == "HNSW", f"Unsupported vector index type: {shown}, only 'HNSW' is supported")


# In the order of Pinot's names of the index types.
CHECKS: dict[str, Callable[[Indexes, FieldSpec, Settings], None]] = {
    "bloom": _check_bloom, "dictionary": _check_dictionary, "forward": _check_forward, "fst": _single_text("FST"),
    "h3": _check_h3, "ifst": _single_text("IFST"), "inverted": _check_inverted, "json": _check_json,
    "range": _check_range, "text": _check_text, "vector": _check_vector,
}  # fmt: skip


def _many_texts(settings: Mapping[str, Any] | None) -> None:
    if settings is None:
        return
    columns = settings.get("columns") or []
    require(bool(columns), "Multi-column text index's list of columns can't be empty")
    twice = [name for name in dict.fromkeys(columns) if columns.count(name) > 1]
    require(not twice, f"Cannot create TEXT index on duplicate columns: [{', '.join(twice)}]")
    for key in settings.get("properties") or {}:
        require(key in TEXT_PROPERTIES, f"Multi-column text index doesn't allow: {key} as shared property")
    for column, properties in (settings.get("perColumnProperties") or {}).items():
        known = column in columns
        require(known, f"Multi-column text index per-column property refers to unknown column: {column}")
        for key in properties or {}:
            what = f"Multi-column text index doesn't allow: {key} as property for column: {column}"
            require(key in COLUMN_PROPERTIES, what)
