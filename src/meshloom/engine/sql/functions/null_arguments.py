"""Which functions DuckDB would answer for a null, where Pinot answers null."""

from meshloom.engine.sql.functions import arrays, dates, json_paths, numbers, sketches, text, times_of_arrays, vectors  # noqa: F401  (their rows first)
from meshloom.engine.sql.functions.registry import strict

OF_EACH_TYPE = ("Int", "Long", "Float", "Double", "String")

strict(" ".join(f"{name}{type_}" for name in ("arrayConcat", "arrayElementAt", "arrayPushBack", "arrayPushFront")
                for type_ in OF_EACH_TYPE))  # fmt: skip
strict("arrayIndexOfInt arrayIndexOfString arrayUnionInt arrayUnionString arraySum arraySumInt arraySumLong")
strict("inIdSet ln log log2 log10 jsonPathExists")
strict("cosineDistance dotProduct innerProduct euclideanDistance l1Distance l2Distance vectorNorm")
strict(" ".join(f"arrayIndexesOf{type_}" for type_ in OF_EACH_TYPE))
strict("arrayRemoveInt arrayRemoveString roundMV")
strict(" ".join(f"{way}Epoch{unit}{what}MV" for unit in ("Seconds", "Minutes", "Hours", "Days")
                for way, what in (("to", "Rounded"), ("to", "Bucket"), ("from", "Bucket"))))  # fmt: skip
strict("greatest least")
strict("concatWs repeat ifNotFinite strpos intDivOrZero left right leftSubStr rightSubStr")
