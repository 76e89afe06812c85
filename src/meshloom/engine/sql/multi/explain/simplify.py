"""What Calcite's RexSimplify makes of an expression: constants folded, tests of what cannot be null gone, ranges of
one column made one SEARCH. `unknown` says what a null result counts as: False in a filter, None elsewhere."""

from __future__ import annotations

from dataclasses import replace

from meshloom.engine.sql.multi.explain import casting
from meshloom.engine.sql.multi.explain.cases import simplified_case
from meshloom.engine.sql.multi.explain.ranges import gathered, searched
from meshloom.engine.sql.multi.explain.rex import (
    COMPARISONS,
    FALSE,
    NEGATED,
    REVERSED,
    TRUE,
    Call,
    Literal,
    Ref,
    Rex,
    always,
    call,
    conjunction,
    conjunctions,
    deterministic,
    disjunction,
    disjunctions,
    is_null,
    negation,
    null,
)
from meshloom.engine.sql.multi.explain.sargs import Sarg, less
from meshloom.engine.sql.multi.explain.types import BOOLEAN

Unknown = bool | None
IDENTITIES = {"+": 0, "-": 0, "*": 1, "/": 1}


def simplified(node: Rex, unknown: Unknown = None) -> Rex:
    if not isinstance(node, Call):
        return node
    if node.op in COMPARISONS:
        return _comparison(node, unknown)
    if node.op.startswith("IS ") and len(node.operands) == 1:
        return _is(node, unknown)
    match node.op:
        case "AND":
            return _and(node, unknown)
        case "OR":
            return _or(node, unknown)
        case "NOT":
            return _not(node, unknown)
        case "CASE":
            return simplified_case(node, unknown, simplified)
        case "CAST":
            return casting.simplified_cast(replace(node, operands=(simplified(node.operands[0]),)))
        case "SEARCH":
            return searched(node, unknown)
        case "COALESCE":
            return _coalesce(node)
        case "LIKE":
            return _like(node)
        case "+" | "-" | "*" | "/" if len(node.operands) == 2:
            return _arithmetic(node)
    return replace(node, operands=tuple(map(simplified, node.operands)))


def kept_type(node: Rex) -> Rex:
    """Simplified, of the same type as before (RexSimplify.simplifyPreservingType)."""
    found = simplified(node)
    return found if found.type == node.type else casting.cast(node.type, found)


def filtering(conditions: list[Rex]) -> Rex:
    """A filter's condition (simplifyFilterPredicates)."""
    found = simplified(conjunction(conditions), False)
    if isinstance(found, Call) and found.op == "CAST" and found.operands[0].type.alike(found.type):
        return found.operands[0]
    return FALSE if is_null(found) else found


def _and(node: Call, unknown: Unknown) -> Rex:
    parts = gathered([simplified(part, unknown) for part in conjunctions(node)], unknown, every=True)
    terms, denied = _decomposed(parts)
    if unknown is False:
        return _and_filtering(terms, denied)
    if any(always(term, False) for term in terms):
        return FALSE
    terms = [term for term in terms if not always(term, True)]
    if any(set(conjunctions(part)) <= set(terms) and not part.type.nullable for part in denied):
        return FALSE
    return conjunction([*terms, *(simplified(negation(part), unknown) for part in denied)])


def _decomposed(parts: list[Rex]) -> tuple[list[Rex], list[Rex]]:
    """The terms of a conjunction, and what stands under its NOTs."""
    terms: list[Rex] = []
    denied: list[Rex] = []
    for part in [inner for whole in parts for inner in conjunctions(whole)]:
        if isinstance(part, Call) and part.op == "NOT":
            denied.append(part.operands[0])
        else:
            terms.append(part)
    return terms, denied


def _and_filtering(terms: list[Rex], denied: list[Rex]) -> Rex:
    """simplifyAnd2ForUnknownAsFalse."""
    if any(always(term, False) or is_null(term) for term in terms):
        return FALSE
    if len(terms) == 1 and not denied:
        return simplified(terms[0], False)
    kept: list[Rex] = []
    compared: set[Rex] = set()
    nulls: set[Rex] = set()
    present: dict[Rex, None] = {}
    negated: set[Rex] = set()
    constants: dict[Rex, Literal] = {}
    for term in terms:
        if isinstance(term, Call) and deterministic(term):
            if term.op == "IS NOT NULL":
                present[term.operands[0]] = None
                continue
            if term.op == "IS NULL":
                nulls.add(term.operands[0])
            if term.op in COMPARISONS:
                compared |= {inner for side in term.operands for inner in (side, _uncast(side))}
                negated |= _opposites(term)
                if not _agrees(term, constants):
                    return FALSE
            if term.op in ("SEARCH", "LIKE"):
                compared.add(term.operands[0])
        kept.append(term)
    if nulls & compared or negated & set(kept):
        return FALSE
    kept += [call("IS NOT NULL", operand) for operand in present if operand not in compared]
    if any(set(conjunctions(part)) <= set(kept) for part in denied):
        return FALSE
    return conjunction([*kept, *(simplified(negation(part), False) for part in denied)])


def _uncast(node: Rex) -> Rex:
    return node.operands[0] if isinstance(node, Call) and node.op == "CAST" else node


def _opposites(term: Call) -> set[Rex]:
    left, right = term.operands
    other = NEGATED[term.op]
    return {call(other, left, right), call(REVERSED[other], right, left)}


def _agrees(term: Call, constants: dict[Rex, Literal]) -> bool:
    """Whether `x = 5` does not contradict an earlier `x = 6`."""
    if term.op != "=":
        return True
    left, right = term.operands
    column, value = (left, right) if isinstance(right, Literal) else (right, left)
    if not isinstance(value, Literal) or not isinstance(_uncast(column), Ref):
        return True
    before = constants.setdefault(column, value)
    return before == value or before.type != value.type


def _or(node: Call, unknown: Unknown) -> Rex:
    """What an earlier part says is not asked again in a later one."""
    parts: list[Rex] = []
    denied: set[Rex] = set()
    for part in disjunctions(node):
        kept = [one for one in conjunctions(part) if one not in denied]
        found = simplified(conjunction(kept), unknown)
        parts.append(found)
        if isinstance(found, Call) and found.op in COMPARISONS and not found.type.nullable:
            denied |= _opposites(found)
    return any_of(parts, unknown)


def any_of(parts: list[Rex], unknown: Unknown) -> Rex:
    """simplifyOrs."""
    terms = gathered([inner for part in parts for inner in disjunctions(part)], unknown, every=False)
    kept: list[Rex] = []
    for term in terms:
        if is_null(term) and unknown is False:
            continue
        if always(term, True):
            return TRUE
        opposite = term.operands[0] if isinstance(term, Call) and term.op == "NOT" else negation(term)
        if not always(term, False):
            if opposite in kept and deterministic(term) and not term.type.nullable:
                return TRUE
            kept.append(term)
    return disjunction(kept)


def _not(node: Call, unknown: Unknown) -> Rex:
    inner = node.operands[0]
    if isinstance(inner, Literal):
        return inner if inner.value is None else FALSE if inner.value else TRUE
    if not isinstance(inner, Call):
        return node
    if inner.op == "NOT":
        return simplified(inner.operands[0], unknown)
    if inner.op == "SEARCH":
        column, sarg = inner.operands
        assert isinstance(sarg, Literal) and isinstance(sarg.value, Sarg)
        other = replace(sarg, value=sarg.value.negated())
        return searched(replace(inner, operands=(column, other)), unknown)
    if inner.op in NEGATED:
        return simplified(replace(inner, op=NEGATED[inner.op]), unknown)
    if inner.op in ("AND", "OR"):
        other_op = "OR" if inner.op == "AND" else "AND"
        parts = [simplified(negation(operand), unknown) for operand in inner.operands]
        return any_of(parts, unknown) if other_op == "OR" else simplified(call("AND", *parts), unknown)
    if inner.op == "CASE":
        last = len(inner.operands) - 1
        parts = [negation(part) if n % 2 or n == last else part for n, part in enumerate(inner.operands)]
        return simplified(replace(inner, operands=tuple(parts)), unknown)
    found = simplified(inner, None if unknown is None else not unknown)
    if found == inner:
        return node
    if isinstance(found, Literal) and found.value is not None:
        return FALSE if found.value else TRUE
    return negation(found)


def _is(node: Call, unknown: Unknown) -> Rex:
    inner, op = node.operands[0], node.op
    if op == "IS NULL" and not inner.type.nullable:
        return FALSE
    if op == "IS NOT NULL":
        return TRUE if not inner.type.nullable else _not_null(inner)
    if op in ("IS TRUE", "IS NOT FALSE") and not inner.type.nullable:
        return simplified(inner, unknown)
    if op == "IS TRUE" and unknown is False:
        return simplified(inner, False)
    if op in ("IS FALSE", "IS NOT TRUE") and not inner.type.nullable:
        return simplified(negation(inner), unknown)
    if isinstance(inner, Literal):
        return _is_literal(op, inner)
    found = simplified(inner)
    if isinstance(found, Call) and found.op in COMPARISONS and not any(part.type.nullable for part in found.operands):
        found = replace(found, type=found.type.with_null(False))
    if found != inner and not found.type.nullable:
        return _is(replace(node, operands=(found,)), unknown)
    return replace(node, operands=(found,))


def _is_literal(op: str, inner: Literal) -> Rex:
    truth = {
        "IS NULL": inner.value is None, "IS NOT NULL": inner.value is not None, "IS TRUE": inner.value is True,
        "IS NOT TRUE": inner.value is not True, "IS FALSE": inner.value is False,
        "IS NOT FALSE": inner.value is not False,
    }  # fmt: skip
    return TRUE if truth.get(op, False) else FALSE


STRICT = ("+", "-", "*", "/", "MOD", "CAST", "NOT", "LIKE", *COMPARISONS)


def _not_null(inner: Rex) -> Rex:
    """IS NOT NULL of an operator that is null when an operand is, is that of the operands."""
    if isinstance(inner, Literal):
        return TRUE if inner.value is not None else FALSE
    if isinstance(inner, Call) and inner.op in STRICT:
        parts = [simplified(call("IS NOT NULL", operand)) for operand in inner.operands]
        return conjunction([part for part in parts if not always(part, True)])
    found = simplified(inner)
    return call("IS NOT NULL", found) if found.type.nullable else TRUE


def _coalesce(node: Call) -> Rex:
    kept: dict[Rex, None] = {}
    for operand in map(simplified, node.operands):
        if is_null(operand):
            continue
        kept[operand] = None
        if not operand.type.nullable:
            break
    found = tuple(kept)
    if not found:
        return null(node.type)
    return found[0] if len(found) == 1 else replace(node, operands=found)


def _like(node: Call) -> Rex:
    operands = tuple(map(simplified, node.operands))
    if isinstance(operands[1], Literal) and operands[1].value == "%":
        return TRUE if not operands[0].type.nullable else call("IS NOT NULL", operands[0])
    return replace(node, operands=operands)


def _arithmetic(node: Call) -> Rex:
    left, right = map(simplified, node.operands)
    neutral = IDENTITIES[node.op]
    if isinstance(right, Literal) and right.value == neutral and left.type.numeric:
        return left if left.type.alike(node.type) else casting.plain(node.type, left)
    if node.op in "+*" and isinstance(left, Literal) and left.value == neutral and right.type.numeric:
        return right if right.type.alike(node.type) else casting.plain(node.type, right)
    return replace(node, operands=(left, right))


def _comparison(node: Call, unknown: Unknown) -> Rex:
    left, right = map(simplified, node.operands)
    found: Rex = replace(node, operands=(left, right))
    if left == right and deterministic(left):
        if node.op in ("=", ">=", "<="):
            present = simplified(call("IS NOT NULL", left), unknown)
            return present if unknown is False or always(present, True) else found
        if not left.type.nullable or unknown is False:
            return FALSE
    if left.type.name == "BOOLEAN" and (truth := _truth(node.op, left, right)) is not None:
        return simplified(truth, unknown)
    if is_null(left) or is_null(right):
        return FALSE if unknown is False else null(BOOLEAN)
    if isinstance(left, Literal) and isinstance(right, Literal) and left.type.alike(right.type):
        return _compared(node.op, left, right)
    return found


def _truth(op: str, left: Rex, right: Rex) -> Rex | None:
    """`x = true` is x, `x <> true` is NOT x."""
    for one, other in ((left, right), (right, left)):
        if isinstance(other, Literal) and isinstance(other.value, bool) and op in ("=", "<>"):
            return one if other.value == (op == "=") else negation(one)
    return None


def _compared(op: str, left: Literal, right: Literal) -> Rex:
    a, b = left.value, right.value
    assert a is not None and b is not None and not isinstance(a, Sarg) and not isinstance(b, Sarg)
    below, above = less(a, b), less(b, a)
    truth = {
        "=": not below and not above, "<>": below or above, "<": below, "<=": not above, ">": above, ">=": not below,
    }  # fmt: skip
    return TRUE if truth[op] else FALSE
