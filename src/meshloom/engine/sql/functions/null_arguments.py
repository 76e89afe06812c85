"""Which functions DuckDB would answer for a null, where Pinot answers null."""

from meshloom.engine.sql.functions import arrays, json_paths, numbers, sketches, text, vectors  # noqa: F401  (their rows first)
from meshloom.engine.sql.functions.registry import strict

OF_EACH_TYPE = ("Int", "Long", "Float", "Double", "String")

strict(" ".join(f"{name}{type_}" for name in ("arrayConcat", "arrayElementAt", "arrayPushBack", "arrayPushFront")
                for type_ in OF_EACH_TYPE))  # fmt: skip
strict("arrayIndexOfInt arrayIndexOfString arrayUnionInt arrayUnionString arraySum arraySumInt arraySumLong")
strict("inIdSet ln log log2 log10 jsonPathExists")
strict("cosineDistance dotProduct innerProduct euclideanDistance l1Distance l2Distance vectorNorm")
strict("concatWs repeat ifNotFinite strpos")
