"""The table of functions and how rows get into it. Names match ignoring case and underscores, as in Pinot."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

from sqlglot import exp

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.casts import LONG_TEXT, ONCE
from meshloom.engine.sql.typed import Typed, duckdb_type

Render = Callable[[Sequence[Typed]], str]
Result = str | Callable[[Sequence[Typed]], str]
Rewrite = Callable[[list[exp.Expr]], list[exp.Expr]]
Gather = Callable[[Sequence[Typed], str], str]  # arguments and a " FILTER (WHERE …)" behind each aggregation


@dataclass(frozen=True, slots=True)
class Scalar:
    """A function of one row. `least` and `most` count its arguments; `most` -1 means any number.

    `render` gives DuckDB's text; `result` is Pinot's type, or finds it from the arguments'. `parameters` are the
    types to which arguments are cast first; the last one serves all further ones, "" takes what comes.
    """

    name: str
    render: Render
    result: Result
    least: int
    most: int
    parameters: tuple[str, ...] = ()

    def call(self, arguments: Sequence[Typed], *, stored: bool = False, encoded: bool = False) -> Typed:
        """Raises PinotError 700 when the number of arguments is wrong, or a literal is none that the function takes.

        `stored`: as the single-stage engine reads them, a time becomes the text of its milliseconds, a truth that of 1
        or 0 (BaseTransformFunction). `encoded`: a text that is read for bytes is its UTF-8, as of a column of a query,
        not hexadecimal, as in a record (PinotDataType) and a literal."""
        if len(arguments) < self.least or (self.most >= 0 and len(arguments) > self.most):
            wanted = str(self.least) if self.least == self.most else f"{self.least} or more"
            raise PinotError(
                QUERY_VALIDATION,
                f"Unsupported function: {self.name} with {len(arguments)} arguments, it takes {wanted}",
            )
        if self.parameters:
            last = len(self.parameters) - 1
            arguments = [
                _as_parameter(argument, self.parameters[min(position, last)], stored, encoded)
                if self.parameters[min(position, last)]
                else argument
                for position, argument in enumerate(arguments)
            ]
        try:
            type_ = self.result if isinstance(self.result, str) else self.result(arguments)
            sql = self._rendered(arguments)
        except ValueError as error:
            raise PinotError(QUERY_VALIDATION, f"{self.name}: {error}") from error
        return Typed(sql, type_, aggregate=any(argument.aggregate for argument in arguments))

    def _rendered(self, arguments: Sequence[Typed]) -> str:
        """The call's text. Where it repeats long arguments they are bound to names, for nesting would multiply it."""
        sql, written = self.render(arguments), sum(len(argument.sql) for argument in arguments)
        if written <= LONG_TEXT or len(sql) < 2 * written:
            return sql
        values = ", ".join(f"'a{place}': {argument.sql}" for place, argument in enumerate(arguments))
        names = [replace(argument, sql=f"{ONCE}.a{place}") for place, argument in enumerate(arguments)]
        return f"list_transform([{{{values}}}], lambda {ONCE}: {self.render(names)})[1]"


STORED = {"TIMESTAMP": "LONG", "BOOLEAN": "INT"}


def _as_parameter(argument: Typed, type_: str, stored: bool, encoded: bool) -> Typed:
    if argument.sql == "NULL":
        return Typed(f"CAST(NULL AS {duckdb_type(type_)})", type_)
    if type_.endswith("_ARRAY") and argument.literal is not None and not argument.array:
        one = _as_parameter(argument, type_.removesuffix("_ARRAY"), stored, encoded)  # a literal is a list of one
        return Typed(f"[{one.sql}]", type_)
    if encoded and type_ == "BYTES" and argument.type in ("STRING", "JSON") and argument.literal is None:
        return Typed(f"encode({argument.sql})", type_)
    return (as_stored(argument, True) if stored and type_.startswith("STRING") else argument).cast(type_)


def as_stored(value: Typed, single: bool) -> Typed:
    """A value as the single-stage engine's functions of texts read it."""
    element = STORED.get(value.element) if single and value.literal is None else None
    return value.cast(element + value.type.removeprefix(value.element)) if element else value


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function of many rows. `single` and `multi` are the result types in the two engines.

    `empty` is what the single-stage engine answers for no rows when null handling is off, as DuckDB text ("" is null).
    `gather` is there for those that place FILTER in their text themselves; it stands in for `render`. `rewrite` turns
    the arguments' trees, those with options that are no values, into others before they are translated. One that is
    `by_segment` gets the name of the row's segment behind its arguments, one `by_row` that and the row's number in it.
    """

    name: str
    render: Render
    single: Result
    multi: Result
    empty: Result = ""
    least: int = 1
    most: int = 1
    gather: Gather | None = None
    rewrite: Rewrite | None = None
    by_segment: bool = False
    by_row: bool = False


SCALARS: dict[str, Scalar] = {}
TRANSFORMS: dict[str, Scalar] = {}  # what stands for them in the single-stage engine
AGGREGATES: dict[str, Aggregate] = {}
REFUSED: dict[str, tuple[str, str]] = {}  # key -> Pinot's name, why it is not here
EXTRAS: dict[str, str] = {}  # key -> the extra that a function needs
PACKAGES = {"sketches": ("datasketches", "pyroaring"), "geo": ("shapely", "h3")}


def key(name: str) -> str:
    return name.replace("_", "").lower()


def scalar(
    names: str, render: Render | str, result: Result, arity: tuple[int, int] | int = 1, parameters: Sequence[str] = ()
) -> None:
    """Add a scalar under each of the names in `names`. A text for `render` is a template with {0}, {1}, … or {all}."""
    least, most = (arity, arity) if isinstance(arity, int) else arity
    for name in names.split():
        SCALARS[key(name)] = Scalar(name, template(render), result, least, most, tuple(parameters))


def transform(
    names: str, render: Render | str, result: Result, arity: tuple[int, int] | int = 1, parameters: Sequence[str] = ()
) -> None:
    """A scalar of the single-stage engine alone, in place of the one of the same name (TransformFunction.java)."""
    least, most = (arity, arity) if isinstance(arity, int) else arity
    for name in names.split():
        TRANSFORMS[key(name)] = Scalar(name, template(render), result, least, most, tuple(parameters))


def aggregate(
    names: str,
    render: Render | str,
    single: Result,
    multi: Result,
    empty: Result = "",
    arity: tuple[int, int] | int = 1,
    *,
    by_segment: bool = False,
    by_row: bool = False,
) -> None:
    """Add an aggregation under each of the names in `names`."""
    least, most = (arity, arity) if isinstance(arity, int) else arity
    for name in names.split():
        found = Aggregate(
            name, template(render), single, multi, empty, least, most, by_segment=by_segment, by_row=by_row
        )
        AGGREGATES[key(name)] = found


def gathering(
    names: str,
    gather: Gather,
    result: Result,
    arity: tuple[int, int] | int = 1,
    *,
    empty: str = "",
    multi: Result | None = None,
    rewrite: Rewrite | None = None,
) -> None:
    """Add an aggregation that places FILTER itself, under each of the names in `names`; arrays reach it as they are."""
    least, most = (arity, arity) if isinstance(arity, int) else arity
    for name in names.split():
        AGGREGATES[key(name)] = Aggregate(
            name, lambda a: gather(a, ""), result, multi or result, empty, least, most, gather, rewrite
        )


def refuse(names: str, reason: str) -> None:
    """Functions of Pinot's that are not here: a call is answered with the reason, a sentence without its full stop."""
    for name in names.split():
        REFUSED[key(name)] = (name, reason)


def strict(names: str) -> None:
    """Scalars whose DuckDB text says something of a null: as in Pinot, one null argument makes the answer null
    (BaseTransformFunction.getNullBitmap; a @ScalarFunction without nullableParameters)."""
    for name in names.split():
        found = SCALARS[key(name)]
        SCALARS[key(name)] = replace(found, render=_of_known(found.render))


def _of_known(render: Render) -> Render:
    def rendered(arguments: Sequence[Typed]) -> str:
        unknown = " OR ".join(f"{argument.sql} IS NULL" for argument in arguments if argument.literal is None)
        text = render(arguments)
        return f"CASE WHEN {unknown} THEN NULL ELSE {text} END" if unknown else text

    return rendered


def needs(extra: str, names: str) -> None:
    """Say that functions need the packages of `meshloom[extra]`."""
    for name in names.split():
        EXTRAS[key(name)] = extra


def installed(extra: str) -> bool:
    return all(find_spec(package) is not None for package in PACKAGES[extra])


def _usable(name: str) -> None:
    """Raises PinotError 700 for a function of Pinot's that is refused, or one whose packages are not installed."""
    extra = EXTRAS.get(key(name)) or EXTRAS.get(key(name).removesuffix("mv"))
    if extra is not None and not installed(extra):
        raise PinotError(QUERY_VALIDATION, f"{name} needs packages of an extra: pip install 'meshloom[{extra}]'")
    found = REFUSED.get(key(name)) or REFUSED.get(key(name).removesuffix("mv"))
    if found is not None:
        raise PinotError(QUERY_VALIDATION, f"Unsupported function: {found[0]} ({found[1]})")


PERCENTILE = re.compile(r"(percentile)((?:raw)?(?:est|tdigest|kll)?)(\d+)(?:mv)?")
"""The old way of the single-stage engine to say which: percentileTDigest95(x)."""


def _percentile(name: str, which: str) -> Aggregate | None:
    _usable(name)
    found = AGGREGATES.get(name)
    if found is None:
        return None
    return replace(found, least=1, most=1, rewrite=lambda trees: [trees[0], exp.Literal.number(which)])


def template(render: Render | str) -> Render:
    """A text with {0}, {1}, … or {all} as a function of the arguments."""
    if not isinstance(render, str):
        return render
    text = render
    return lambda arguments: text.format(
        *(argument.sql for argument in arguments), all=", ".join(argument.sql for argument in arguments)
    )


def find_scalar(name: str, *, single: bool = False) -> Scalar | None:
    """`single` finds what the single-stage engine does by that name. Raises PinotError 700 for one of Pinot's that is
    refused, and for one that needs packages to be installed."""
    _usable(name)
    return (TRANSFORMS.get(key(name)) if single else None) or SCALARS.get(key(name))


def find_aggregate(name: str) -> Aggregate | None:
    """By its name, also with the MV behind it that older queries give multi-value columns. Raises PinotError 700 for
    one of Pinot's that is refused, and for one that needs packages to be installed."""
    _usable(name)
    if key(name) in SCALARS:
        return AGGREGATES.get(key(name))
    if old := PERCENTILE.fullmatch(key(name)):
        return _percentile(f"{old[1]}{old[2]}", old[3])
    return AGGREGATES.get(key(name)) or AGGREGATES.get(key(name).removesuffix("mv"))
