"""Which indexes a table config asks for on a column, under Pinot's names, wherever one may write them."""

from __future__ import annotations

from collections.abc import Iterable

from meshloom.engine.config.table import TableConfig

LISTS = {
    "invertedIndexColumns": "inverted",
    "rangeIndexColumns": "range",
    "bloomFilterColumns": "bloom",
    "jsonIndexColumns": "json",
    "sortedColumn": "sorted",
}


def _listed(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return [value]
    return [str(name) for name in value] if isinstance(value, list | tuple | dict) else []


def indexes_of(config: TableConfig, column: str) -> frozenset[str]:
    """Lower-case names of the indexes on `column`: inverted, range, bloom, json, sorted, text, fst, h3, vector, …"""
    found = {name for key, name in LISTS.items() if column in _listed(config.indexing.get(key))}
    for key, name in (("bloomFilterConfigs", "bloom"), ("jsonIndexConfigs", "json")):
        if column in _listed(config.indexing.get(key)):
            found.add(name)
    for entry in config.document.get("fieldConfigList") or ():
        if entry.get("name") == column:
            found |= {str(index).lower() for index in entry.get("indexTypes") or ()}
            if entry.get("indexType"):
                found.add(str(entry["indexType"]).lower())
            found |= {str(index).lower() for index in entry.get("indexes") or {}}
    return frozenset(found)


def without_dictionary(config: TableConfig) -> frozenset[str]:
    """Columns stored raw."""
    columns = set(_listed(config.indexing.get("noDictionaryColumns")))
    columns |= set(_listed(config.indexing.get("noDictionaryConfig")))
    for entry in config.document.get("fieldConfigList") or ():
        if str(entry.get("encodingType", "")).upper() == "RAW":
            columns.add(str(entry.get("name")))
    return frozenset(columns)
