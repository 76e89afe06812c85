"""Functions of vectors (VectorFunctions.java). A vector is an array of FLOAT, and products and differences are FLOAT
before they are added up as doubles, as in Java."""

from __future__ import annotations

from meshloom.engine.sql.functions.registry import scalar

VECTOR = "FLOAT_ARRAY"
CHECKED = "(CASE WHEN len({{0}}) <> len({{1}}) THEN error('Vector lengths do not match') ELSE {} END)"


def pairwise(term: str) -> str:
    """The sum of a term over the pairs of two vectors of one length."""
    return f"coalesce(list_sum(list_transform(list_zip({{0}}, {{1}}), lambda p$: CAST({term} AS DOUBLE))), 0.0::DOUBLE)"


def norm(place: int) -> str:
    squares = f"list_transform({{{place}}}, lambda v$: v$::DOUBLE * v$::DOUBLE)"
    return f"sqrt(coalesce(list_sum({squares}), 0.0::DOUBLE))"


PRODUCT, SQUARED = pairwise("p$[1] * p$[2]"), pairwise("(p$[1] - p$[2])::DOUBLE * (p$[1] - p$[2])::DOUBLE")
COSINE = f"1 - {PRODUCT} / ({norm(0)} * {norm(1)})"
ZERO = f"{norm(0)} = 0 OR {norm(1)} = 0"
two, three = (CHECKED.format(f"CASE WHEN {ZERO} THEN {none} ELSE {COSINE} END") for none in ("'NaN'::DOUBLE", "{2}"))
scalar(
    "cosineDistance", lambda a: (three if len(a) > 2 else two).format(*(x.sql for x in a)), "DOUBLE", (2, 3),
    [VECTOR, VECTOR, "DOUBLE"],
)  # fmt: skip
scalar("innerProduct dotProduct", CHECKED.format(PRODUCT), "DOUBLE", 2, [VECTOR])
scalar("l2Distance", CHECKED.format(f"sqrt({SQUARED})"), "DOUBLE", 2, [VECTOR])
scalar("euclideanDistance", CHECKED.format(SQUARED), "DOUBLE", 2, [VECTOR])  # Pinot's has no root
scalar("l1Distance", CHECKED.format(pairwise("abs(p$[1] - p$[2])")), "DOUBLE", 2, [VECTOR])
EMPTY = "(CASE WHEN len({{0}}) = 0 THEN error('Empty vector passed') ELSE {} END)"
scalar("vectorDims", EMPTY.format("CAST(len({0}) AS INTEGER)"), "INT", 1, [VECTOR])
scalar("vectorNorm", EMPTY.format(norm(0)), "DOUBLE", 1, [VECTOR])
