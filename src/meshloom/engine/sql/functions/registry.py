"""The table of functions and how rows get into it. Names match ignoring case and underscores, as in Pinot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.typed import Typed

Render = Callable[[Sequence[Typed]], str]
Result = str | Callable[[Sequence[Typed]], str]


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

    def call(self, arguments: Sequence[Typed]) -> Typed:
        """Raises PinotError 700 when the number of arguments is wrong."""
        if len(arguments) < self.least or (self.most >= 0 and len(arguments) > self.most):
            wanted = str(self.least) if self.least == self.most else f"{self.least} or more"
            raise PinotError(
                QUERY_VALIDATION,
                f"Unsupported function: {self.name} with {len(arguments)} arguments, it takes {wanted}",
            )
        if self.parameters:
            last = len(self.parameters) - 1
            arguments = [
                argument.cast(self.parameters[min(position, last)])
                if self.parameters[min(position, last)]
                else argument
                for position, argument in enumerate(arguments)
            ]
        type_ = self.result if isinstance(self.result, str) else self.result(arguments)
        return Typed(self.render(arguments), type_, aggregate=any(argument.aggregate for argument in arguments))


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function of many rows. `single` and `multi` are the result types in the two engines.

    `empty` is what the single-stage engine answers for no rows when null handling is off, as DuckDB text ("" is null).
    """

    name: str
    render: Render
    single: Result
    multi: Result
    empty: str = ""
    least: int = 1
    most: int = 1
    literals: tuple[int, ...] = field(default=())  # positions that must be literals


SCALARS: dict[str, Scalar] = {}
AGGREGATES: dict[str, Aggregate] = {}


def key(name: str) -> str:
    return name.replace("_", "").lower()


def scalar(
    names: str, render: Render | str, result: Result, arity: tuple[int, int] | int = 1, parameters: Sequence[str] = ()
) -> None:
    """Add a scalar under each of the names in `names`. A text for `render` is a template with {0}, {1}, … or {all}."""
    least, most = (arity, arity) if isinstance(arity, int) else arity
    for name in names.split():
        SCALARS[key(name)] = Scalar(name, _template(render), result, least, most, tuple(parameters))


def aggregate(
    names: str,
    render: Render | str,
    single: Result,
    multi: Result,
    empty: str = "",
    arity: tuple[int, int] | int = 1,
) -> None:
    """Add an aggregation under each of the names in `names`."""
    least, most = (arity, arity) if isinstance(arity, int) else arity
    for name in names.split():
        AGGREGATES[key(name)] = Aggregate(name, _template(render), single, multi, empty, least, most)


def _template(render: Render | str) -> Render:
    if not isinstance(render, str):
        return render
    text = render
    return lambda arguments: text.format(
        *(argument.sql for argument in arguments), all=", ".join(argument.sql for argument in arguments)
    )


def find_scalar(name: str) -> Scalar | None:
    return SCALARS.get(key(name))


def find_aggregate(name: str) -> Aggregate | None:
    """By its name, also with the MV behind it that older queries give multi-value columns."""
    return AGGREGATES.get(key(name)) or AGGREGATES.get(key(name).removesuffix("mv"))
