"""Window functions of a projection as an operator (ProjectToLogicalProjectAndWindowRule), over the columns that are
read (ProjectWindowTransposeRule)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from meshloom.engine.sql.multi.explain import builder
from meshloom.engine.sql.multi.explain.rel import Project, Rel, Window, WindowCall, WindowGroup
from meshloom.engine.sql.multi.explain.rex import Call, Literal, Order, Over, Ref, Rex, has_over, moved, refs, rewritten

Key = tuple[object, ...]


@dataclass
class _Below:
    """The projection under the windows: columns of the input, then expressions that are not of windows."""

    rel: Rel
    computes: bool  # whether anything is computed above the windows, so that CalcRelSplitter makes a level below, too
    places: list[int] = field(default_factory=list)
    exprs: list[Rex] = field(default_factory=list)

    def place(self, node: Rex) -> int:
        if isinstance(node, Ref):
            return self.places.index(node.index) if self.projects else node.index
        return len(self.places) + self.exprs.index(node)

    @property
    def projects(self) -> bool:
        return bool(self.exprs) or (self.computes and 0 < len(self.places) < len(self.rel.columns))


def of_project(rel: Rel) -> Rel | None:
    if not isinstance(rel, Project) or not has_over(*rel.exprs):
        return None
    below = _Below(rel.input, not all(isinstance(expr, Ref | Over) for expr in rel.exprs))
    overs: list[Over] = []
    for expr in rel.exprs:
        _collect(expr, below, overs)
    for over in overs:
        if has_over(*over.operands, *over.partition, *(key.key for key in over.order)):
            return None
    wanted = set().union(*(refs(expr) for expr in rel.exprs if _plain(expr))) if rel.exprs else set()
    for over in overs:
        wanted |= {part.index for part in _parts(over) if isinstance(part, Ref)}
    wanted |= _above_refs(rel, below)
    below.places = sorted(wanted)
    inner = rel.input
    if below.projects:
        below.exprs.sort(key=[part for expr in rel.exprs for part in _postorder(expr)].index)
        exprs = builder.at(inner, below.places) + below.exprs
        titles = [_inherited(inner.names[place], number) for number, place in enumerate(below.places)]
        titles += [f"${len(below.places) + number}" for number in range(len(below.exprs))]
        inner = Project(inner, tuple(exprs), tuple(titles))
    return _topped(rel, below, overs, inner)


def _postorder(node: Rex) -> Iterator[Rex]:
    """An expression's parts before itself, as RexProgramBuilder registers them."""
    for part in _parts(node) if isinstance(node, Over) else node.operands if isinstance(node, Call) else ():
        yield from _postorder(part)
    yield node


def _inherited(name: str, place: int) -> str:
    """CalcRelSplitter.deriveFieldName."""
    return name if not name.startswith("$") or name.startswith("$EXPR") else f"${place}"


def _plain(expr: Rex) -> bool:
    return isinstance(expr, Ref)


def _above_refs(rel: Project, below: _Below) -> set[int]:
    """Columns that expressions above the windows read."""
    found: set[int] = set()

    def visit(node: Rex) -> None:
        if isinstance(node, Over) or node in below.exprs:
            return
        if isinstance(node, Ref):
            found.add(node.index)
        if isinstance(node, Call):
            for operand in node.operands:
                visit(operand)

    for expr in rel.exprs:
        visit(expr)
    return found


def _parts(over: Over) -> list[Rex]:
    return [*over.operands, *over.partition, *(key.key for key in over.order)]


def _collect(node: Rex, below: _Below, overs: list[Over]) -> None:
    """The windows of an expression; whole expressions that hold none, and what windows compute, stand below."""
    if isinstance(node, Over):
        if node not in overs:
            overs.append(node)
        for part in _parts(node):
            if not isinstance(part, Ref | Literal) and part not in below.exprs:
                below.exprs.append(part)
        return
    if isinstance(node, Call):
        if not has_over(node):
            if node not in below.exprs:
                below.exprs.append(node)
            return
        for operand in node.operands:
            _collect(operand, below, overs)


def _topped(rel: Project, below: _Below, overs: list[Over], inner: Rel) -> Rel:
    width = len(inner.columns)
    constants: list[Literal] = []
    groups: dict[Key, list[Over]] = {}
    for over in overs:
        groups.setdefault((over.partition, over.order, over.frame), []).append(over)

    def constant(node: Literal) -> Ref:
        if node not in constants:
            constants.append(node)
        return Ref(width + constants.index(node), node.type)

    def operand(node: Rex) -> Rex:
        return constant(node) if isinstance(node, Literal) else Ref(below.place(node), node.type)

    made = []
    places: dict[Over, int] = {}
    for members in groups.values():
        calls = []
        for over in members:
            places[over] = width + len(places)
            given = tuple(operand(node) for node in over.operands)
            calls.append(WindowCall(over.op, given, over.type, over.ignore_nulls, over.distinct))
        first = members[0]
        keys = tuple(sorted({below.place(key) for key in first.partition}))
        order = tuple(replace(key, key=Ref(below.place(key.key), key.key.type)) for key in first.order)
        start, end = (
            (constant(value) if isinstance(value, Literal) else value, word)
            for value, word in (first.frame.start, first.frame.end)
        )
        frame = replace(first.frame, start=start, end=end)
        made.append(WindowGroup(keys, _once(order), frame, tuple(calls)))
    window = Window(inner, tuple(made), tuple(constants))
    bare = all(isinstance(expr, Ref | Over) or expr in below.exprs for expr in rel.exprs)

    def change(part: Rex) -> Rex | None:
        if isinstance(part, Over):
            return Ref(places[part], part.type)
        if isinstance(part, Ref) or part in below.exprs:
            return Ref(below.place(part), part.type)
        return None

    exprs = [rewritten(expr, change) for expr in rel.exprs]
    spots = [expr.index for expr in exprs if isinstance(expr, Ref)]
    bare = bare and spots == sorted(set(spots))
    if not bare:
        return Project(window, tuple(exprs), rel.titles)
    titles = [
        window.names[expr.index] if isinstance(expr, Ref) and isinstance(old, Ref) else f"${number}"
        for number, (expr, old) in enumerate(zip(exprs, rel.exprs, strict=True))
    ]
    return window if builder.identity(exprs, window) else Project(window, tuple(exprs), tuple(titles))


def _once(order: tuple[Order, ...]) -> tuple[Order, ...]:
    """A key that repeats orders nothing."""
    kept: dict[str, Order] = {}
    for key in order:
        kept.setdefault(str(key.key), key)
    return tuple(kept.values())


def transposed(rel: Rel) -> Rel | None:
    if not isinstance(rel, Project) or not isinstance(rel.input, Window):
        return None
    window, below = rel.input, rel.input.input
    width = len(below.columns)
    read = {place for place in refs(*rel.exprs) if place < width}
    for group in window.groups:
        read |= set(group.keys) | refs(*(key.key for key in group.order))
        read |= {place for one in group.calls for place in refs(*one.operands) if place < width}
    if len(read) == width:
        return None
    kept = sorted(read)
    narrow = Project(below, tuple(builder.at(below, kept)), tuple(below.names[p] for p in kept))
    lost = width - len(kept)

    def place(number: int) -> int:
        return kept.index(number) if number < width else number - lost

    groups = tuple(_moved(group, place) for group in window.groups)
    found = replace(window, input=narrow, groups=groups)
    exprs = tuple(moved(expr, place) for expr in rel.exprs)
    return found if builder.identity(exprs, found) else Project(found, exprs, rel.titles)


def _moved(group: WindowGroup, to: Callable[[int], int]) -> WindowGroup:
    frame = group.frame
    bounds = [(moved(v, to) if v is not None else None, word) for v, word in (frame.start, frame.end)]
    return replace(
        group,
        keys=tuple(to(key) for key in group.keys),
        order=tuple(replace(key, key=moved(key.key, to)) for key in group.order),
        frame=replace(frame, start=bounds[0], end=bounds[1]),
        calls=tuple(replace(one, operands=tuple(moved(o, to) for o in one.operands)) for one in group.calls),
    )
