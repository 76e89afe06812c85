"""FROM in a plan: each side of a join with what the query needs of it, sent to where it meets the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from meshloom.engine.sql.multi.explain.plan import Plan, exchange, filtered, project
from meshloom.engine.sql.multi.explain.rex import Fields, place, rex, untold
from meshloom.engine.sql.multi.joins import KINDS
from meshloom.engine.sql.translate import inner_query

if TYPE_CHECKING:
    from meshloom.engine.sql.multi.explain.planner import Planner

Conditions = list[exp.Expr]
PUSHED = {"INNER": (True, True), "CROSS": (True, True), "LEFT": (True, False), "RIGHT": (False, True)}


def source(planner: Planner, node: exp.Select, conditions: Conditions) -> tuple[Plan, Conditions]:
    """FROM's plan, and the conditions of WHERE that are not tested below its joins."""
    from_ = node.args.get("from_")
    if from_ is None:
        raise untold(node)
    plan = planner.source(from_.this)
    for one in node.args.get("joins") or ():
        kind = KINDS.get(" ".join(filter(None, (one.side, one.kind))).upper(), "")
        if one.method or one.args.get("using") or not kind:
            raise untold(one)
        left, right = plan, planner.source(one.this)
        pushed = PUSHED.get(kind, (False, False))
        left, conditions = _tested(left, right.fields, conditions) if pushed[0] else (left, conditions)
        right, conditions = _tested(right, left.fields, conditions) if pushed[1] else (right, conditions)
        plan = _joined(kind, one, _needed(left, right.fields, node), _needed(right, left.fields, node))
    return plan, conditions


def semi_join(planner: Planner, plan: Plan, condition: exp.Expr) -> Plan:
    """`x IN (SELECT …)` as a join that keeps the rows of `plan`."""
    node = condition.unnest()
    assert isinstance(node, exp.In)
    inner = planner.query(inner_query(node.args["query"]))
    if not isinstance(node.this, exp.Column):
        raise untold(node)
    number = place(node.this, plan.fields)
    text = f"LogicalJoin(condition=[=(${number}, ${len(plan.fields)})], joinType=[semi])"
    return Plan(text, plan.fields, (exchange(plan, [number]), exchange(inner, [0])), "JOIN")


def _columns(node: exp.Expr) -> list[exp.Column]:
    return [column for column in node.find_all(exp.Column) if not isinstance(column.this, exp.Star)]


def _of(column: exp.Column, fields: Fields) -> bool:
    """Whether a column may be one of these fields."""
    name, table = column.name.lower(), column.table.lower()
    return any(field.name.lower() == name and table in ("", field.alias.lower()) for field in fields)


def _tested(side: Plan, other: Fields, conditions: Conditions) -> tuple[Plan, Conditions]:
    """The side under the conditions that read nothing else, and the conditions left."""
    own = [
        condition
        for condition in conditions
        if (read := _columns(condition))
        and not condition.find(exp.Query)
        and all(_of(column, side.fields) and not _of(column, other) for column in read)
    ]
    if not own:
        return side, conditions
    texts = [rex(condition, side.fields) for condition in own]
    plan = filtered(side, texts[0] if len(texts) == 1 else f"AND({', '.join(texts)})")
    return plan, [condition for condition in conditions if condition not in own]


def _needed(side: Plan, other: Fields, node: exp.Select) -> Plan:
    """The side without the columns that the query does not read."""
    if any(item.is_star for item in node.expressions):
        kept = [number for number, field in enumerate(side.fields) if not field.name.startswith("$")]
    else:
        read = _columns(node)
        kept = [n for n, field in enumerate(side.fields) if any(_of(column, [field]) for column in read)]
    return project(side, [side.fields[n] for n in kept], [f"${n}" for n in kept])


def _joined(kind: str, node: exp.Join, left: Plan, right: Plan) -> Plan:
    on = node.args.get("on")
    fields = (*left.fields, *right.fields)
    parts = list(on.flatten()) if isinstance(on, exp.And) else [on] if on is not None else []
    keys = [pair for part in parts if (pair := _key(part, left.fields, right.fields)) is not None]
    texts = [_condition(part, fields) for part in parts]
    condition = "true" if not texts else texts[0] if len(texts) == 1 else f"AND({', '.join(texts)})"
    word = {"CROSS": "inner"}.get(kind, kind.lower())
    if keys:
        sides = (exchange(left, [a for a, _ in keys]), exchange(right, [b for _, b in keys]))
    else:
        sides = (exchange(left, None, "random"), exchange(right, None, "broadcast"))
    kept: Fields = left.fields if kind in ("SEMI", "ANTI") else fields
    return Plan(f"LogicalJoin(condition=[{condition}], joinType=[{word}])", kept, sides, "JOIN")


def _key(part: exp.Expr, left: Fields, right: Fields) -> tuple[int, int] | None:
    """The places of both sides' columns in `a.x = b.y`."""
    if not isinstance(part, exp.EQ) or not (isinstance(part.left, exp.Column) and isinstance(part.right, exp.Column)):
        return None
    one, other = part.left, part.right
    for a, b in ((one, other), (other, one)):
        if _of(a, left) and _of(b, right):
            return place(a, left), place(b, right)
    return None


def _condition(part: exp.Expr, fields: Fields) -> str:
    """A condition with the left side's column in front, as Calcite's rules leave equalities."""
    if isinstance(part, exp.EQ) and isinstance(part.left, exp.Column) and isinstance(part.right, exp.Column):
        first, second = sorted((place(part.left, fields), place(part.right, fields)))
        return f"=(${first}, ${second})"
    return rex(part, fields)
