"""Registering: a product enters the search index when it is applied, with a global name, an owner and a domain."""

from __future__ import annotations

from collections.abc import Iterator

from meshloom.errors import InputError, Problem
from meshloom.mesh.search import Entry
from meshloom.mesh.views import Hit
from meshloom.spec.product import Product


def entry(product: Product, *, rows: int | None = None, deployed: bool = True) -> Entry:
    """A product as it is found. Raises InputError for an orphan (A5): no owner or no domain."""
    orphaned = [
        Problem("orphan", f"{product.name} has no {what}", "Nobody would answer for it", remedy, product.path, 1)
        for what, value, remedy in (
            ("owner", product.owner, "Name a team or a person under `team`"),
            ("domain", product.urn.domain, "Set `domain`"),
        )
        if not value
    ]
    if orphaned:
        raise InputError(*orphaned)
    hit = Hit(
        urn=str(product.urn),
        name=product.name,
        title=product.title,
        domain=product.urn.domain,
        owner=product.owner,
        archetype=product.archetype.value,
        version=product.version,
        status=product.status,
        purpose=product.purpose,
        tags=tuple(dict.fromkeys(_tags(product))),
        port_kinds=tuple(dict.fromkeys(port.kind.value for port in product.outputs)),
        deployed=deployed,
        rows=rows,
    )
    columns = [column for contract in product.contracts for column in contract.columns]
    facets = {
        "domain": (hit.domain,),
        "owner": (hit.owner,),
        "archetype": (hit.archetype,),
        "port": hit.port_kinds,
        "tag": hit.tags,
        "classification": tuple(dict.fromkeys(column.classification for column in columns)),
        "column": tuple(dict.fromkeys(column.name for column in columns)),
    }
    return Entry(hit, facets, "\n".join(_prose(product)))


def _tags(product: Product) -> Iterator[str]:
    yield from product.tags
    for contract in product.contracts:
        yield from contract.tags
        for column in contract.columns:
            yield from column.tags


def _prose(product: Product) -> Iterator[str]:
    yield from (product.purpose, product.description, product.limitations, product.usage)
    for contract in product.contracts:
        yield contract.description
        for column in contract.columns:
            yield f"{column.business_name} {column.description}"
