"""What of Pinot's functions is not here, and why: a call is answered with the reason."""

from __future__ import annotations

from meshloom.engine.sql.functions.registry import refuse

refuse(
    "cid reqId startTime endTime brokerId queryEngine",
    "it tells about the threads of Pinot's cluster, and there are none here",
)
refuse(
    "clpDecode clpEncodedVarsMatch clpMatch",
    "columns in CLP's encoding are not kept here; keep the text itself and query that",
)
refuse("stageId workerId sleep", "it tells about the threads of Pinot's cluster, and there are none here")
refuse("cpcSketchToString thetaSketchToString", "a sketch's description for debugging is its library's own")
refuse("fromULL", "UltraLogLog has no library for Python; distinctCountULL counts exactly")
refuse("scalar", "it is a name that Pinot uses inside a query plan")
refuse(
    "variantGet tryVariantGet variantExists isVariantNull variantTypeOf variantToJson parseJson parseJsonToVariant "
    "tryParseJson tryParseJsonToVariant",
    "columns of type VARIANT are not kept here; keep the object as JSON",
)
refuse(
    "pinotParentAggExprMin pinotParentAggExprMax pinotChildAggExprMin pinotChildAggExprMax",
    "it is a name that Pinot uses inside a query plan; write exprMin or exprMax",
)
refuse("timeSeriesAggregate", "it belongs to Pinot's time series engine, which is not here")
refuse("fastHLL", "Pinot has deprecated it; use distinctCountHLL")
refuse(
    "toULL distinctCountRawULL",
    "UltraLogLog has no library for Python; distinctCountULL counts exactly",
)
refuse(
    "distinctCountRawHLLPlus",
    "its serialised form is not written here; distinctCountHLLPlus estimates the count",
)
refuse(
    "percentileRawEst",
    "its sketch has no library for Python that writes Pinot's form; use percentileRawKLL or percentileRawTDigest",
)
refuse("fourthMoment", "Pinot itself keeps it for what skewness and kurtosis are made from")
refuse("cityHash32 cityHash64 cityHash128", "not there yet")
