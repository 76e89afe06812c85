"""Column lineage of the whole mesh: each product's own, joined at the ports that its inputs name (data-mesh.md, H3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from meshloom.errors import NotFound
from meshloom.mesh.views import Edge, Graph, Node
from meshloom.product.lineage import column_lineage, row_lineage
from meshloom.spec.ports import InputPort, OutputPort, SourceKind
from meshloom.spec.product import MeshSpec, Product

Column = tuple[str, str]  # id of what holds it (a port's URN, or source:<text>), the column's name


@dataclass(frozen=True, slots=True)
class MeshLineage:
    """`upstream` holds for each column those that its values are made of; `labels` what holds columns, for people.

    All ports of one product that share a contract serve the same rows, so that the first of them stands for all.
    """

    upstream: Mapping[Column, tuple[Column, ...]]
    labels: Mapping[str, str]
    rows: Mapping[str, tuple[Column, ...]] = field(
        default_factory=dict
    )  # by port: columns that decide which rows there are

    @classmethod
    def of(cls, spec: MeshSpec) -> MeshLineage:
        """The declared mesh's lineage, from the products' code."""
        upstream: dict[Column, tuple[Column, ...]] = {}
        labels: dict[str, str] = {}
        rows: dict[str, tuple[Column, ...]] = {}
        for product in spec.products:
            holders = {contract.id: _holder(product, contract.id) for contract in product.contracts}
            for (contract_id, column), sources in column_lineage(product, spec).items():
                target = holders.get(contract_id)
                if target is None:
                    continue
                labels[str(product.urn.of_port(target.name))] = product.title
                found: dict[Column, None] = {}
                for port_name, source in sources:
                    port = next((port for port in product.inputs if port.name == port_name), None)
                    if port is not None:
                        holder, label, columns = _source(spec, product, port)
                        labels[holder] = label
                        found |= dict.fromkeys((holder, name) for name in (columns if source == "*" else (source,)))
                upstream[str(product.urn.of_port(target.name)), column] = tuple(found)
            for contract_id, sources in row_lineage(product, spec).items():
                holder_of = {port.name: _source(spec, product, port)[0] for port in product.inputs}
                target = holders.get(contract_id)
                if target is not None:
                    found_rows = tuple((holder_of[port], name) for port, name in sources if port in holder_of)
                    rows[str(product.urn.of_port(target.name))] = found_rows
        return cls(upstream, labels, rows)

    def around(self, spec: MeshSpec, name: str, column: str = "") -> Graph:
        """Everything upstream and downstream of a product, a port or one of its columns.

        Raises NotFound for a name or a column that is not there.
        """
        start = self._start(spec, name, column)
        downstream: dict[Column, list[Column]] = defaultdict(list)
        for target, sources in self.upstream.items():
            for source in sources:
                downstream[source].append(target)
        up = _reach(start, self.upstream)
        down = _reach(start, downstream)
        kept = dict.fromkeys((*start, *up, *down))
        edges = [
            Edge(_id(source), _id(target), "derives")
            for target in kept
            for source in self.upstream.get(target, ())
            if source in kept and ((target in up or target in start) or (source in down or source in start))
        ]
        return Graph(tuple(self._nodes(kept)), tuple(edges))

    def _start(self, spec: MeshSpec, name: str, column: str) -> tuple[Column, ...]:
        product, port = _named(spec, name)
        contracts = {port.contract.id} if port else {contract.id for contract in product.contracts}
        holders = {str(product.urn.of_port(p.name)) for p in (_holder(product, one) for one in contracts) if p}
        columns = tuple(
            (str(product.urn.of_port(holder.name)), one.name)
            for contract in product.contracts
            if (holder := _holder(product, contract.id)) and str(product.urn.of_port(holder.name)) in holders
            for one in contract.columns
            if not column or one.name == column
        )
        if not columns and column:
            known = ", ".join(one.name for contract in product.contracts for one in contract.columns)
            raise NotFound(f"{product.name} has no column {column!r}", remedy=f"It has {known}")
        return columns

    def _nodes(self, columns: Iterable[Column]) -> Iterable[Node]:
        seen: set[str] = set()
        for holder, column in columns:
            if holder not in seen:
                seen.add(holder)
                kind = "source" if holder.startswith("source:") else "port"
                yield Node(holder, self.labels.get(holder, holder), kind)
            yield Node(_id((holder, column)), column, "column", holder)


def _named(spec: MeshSpec, name: str) -> tuple[Product, OutputPort | None]:
    product = spec.product(name)
    if product is not None:
        return product, None
    owner, _, port_name = name.rpartition(":")
    product = spec.product(owner) if owner else None
    port = product.output(port_name) if product else None
    if product is None or port is None:
        raise NotFound(f"There is no product or port {name}", remedy="See `meshloom ls`")
    return product, port


def _holder(product: Product, contract_id: str) -> OutputPort | None:
    return next((port for port in product.outputs if port.contract.id == contract_id), None)


def _source(spec: MeshSpec, product: Product, port: InputPort) -> tuple[str, str, tuple[str, ...]]:
    """What an input port reads: id, label, and its columns as far as they are declared."""
    if port.urn is None:
        place = port.source["path"] if port.kind is SourceKind.FILE else port.source["resource"]
        text = str(place) if port.kind is SourceKind.FILE else f"{port.source['package']}:{place}"
        return f"source:{text}", text, ()
    upstream = spec.product(str(port.urn.of_product))
    output = upstream.output(port.urn.port) if upstream else None
    if upstream is None or output is None:
        return str(port.urn), str(port.urn), ()
    holder = _holder(upstream, output.contract.id) or output
    columns = tuple(column.name for column in output.contract.columns)
    return str(upstream.urn.of_port(holder.name)), upstream.title, columns


def _reach(start: Iterable[Column], links: Mapping[Column, Iterable[Column]]) -> dict[Column, None]:
    found: dict[Column, None] = {}
    waiting = list(start)
    while waiting:
        for column in links.get(waiting.pop(), ()):
            if column not in found:
                found[column] = None
                waiting.append(column)
    return found


def _id(column: Column) -> str:
    return f"{column[0]}#{column[1]}"
