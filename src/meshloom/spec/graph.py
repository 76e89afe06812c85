"""How products hang together: links that lead somewhere, no cycle, upstream before downstream."""

from __future__ import annotations

from collections.abc import Sequence, Set
from graphlib import CycleError, TopologicalSorter

from meshloom.errors import Problem
from meshloom.spec.ports import InputPort
from meshloom.spec.product import Product
from meshloom.spec.shape import did_you_mean


def upstream_of(product: Product) -> tuple[str, ...]:
    """The names of the products that this one reads."""
    return tuple(dict.fromkeys(port.urn.product for port in product.inputs if port.urn is not None))


def check_links(products: Sequence[Product], unreadable: Set[str]) -> list[Problem]:
    """Input ports that name a product or port that is not there, and references that name no input port.

    `unreadable` products have problems of their own; what leads to them is not reported a second time.
    """
    problems: list[Problem] = []
    for product in products:
        for port in product.inputs:
            problem = _broken_link(product, port, products, unreadable)
            problems.extend([problem] if problem else [])
        names = [port.name for port in product.inputs if port.urn is not None]
        for contract in product.contracts:
            for rule in (rule for rule in contract.rules if rule.kind == "reference"):
                if rule.arguments["port"] not in names:
                    what = f"the rule {rule.name!r} looks into {rule.arguments['port']!r}"
                    why = "a reference names an input port that reads a product"
                    remedy = did_you_mean(rule.arguments["port"], names)
                    problems.append(Problem("unknown-port", what, why, remedy, contract.path, rule.line))
    return problems


def _broken_link(
    product: Product, port: InputPort, products: Sequence[Product], unreadable: Set[str]
) -> Problem | None:
    urn = port.urn
    if urn is None or urn.product in unreadable or urn.domain in unreadable:
        return None
    place = (product.path, port.line)
    source = next((other for other in products if other.urn == urn.of_product), None)
    if source is None:
        remedy = did_you_mean(str(urn.of_product), [str(other.urn) for other in products])
        return Problem("unknown-product", f"the input port {port.name!r} reads {urn}", "there is none", remedy, *place)
    output = source.output(urn.port)
    if output is None:
        what = f"the input port {port.name!r} reads {urn}"
        remedy = did_you_mean(urn.port, [other.name for other in source.outputs])
        return Problem("unknown-port", what, f"{source.name} has no such port", remedy, *place)
    if port.contract_id and port.contract_id != output.contract.id:
        what = f"the input port {port.name!r} expects the contract {port.contract_id!r}"
        why = f"{urn} has {output.contract.id!r}"
        return Problem("unknown-contract", what, why, f"write contractId: {output.contract.id}", *place)
    return None


def upstream_first(products: Sequence[Product]) -> tuple[list[Product], list[Problem]]:
    """The products in building order; those of a cycle are left out, with a problem at each."""
    by_name = {product.name: product for product in products}
    rest = dict(by_name)
    problems: list[Problem] = []
    while True:
        graph = {name: [up for up in upstream_of(product) if up in rest] for name, product in sorted(rest.items())}
        try:
            return [rest[name] for name in TopologicalSorter(graph).static_order()], problems
        except CycleError as error:
            names: list[str] = list(reversed(error.args[1]))
            for name in dict.fromkeys(names):
                product = rest.pop(name)
                why = " reads ".join(names)
                remedy = "take one of these inputs away"
                problems.append(
                    Problem("product-cycle", f"{name} reads itself", why, remedy, product.path, product.line)
                )
