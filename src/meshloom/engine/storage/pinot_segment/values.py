"""What a segment holds, as Arrow in the type of a table's column."""

from __future__ import annotations

import decimal
import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from meshloom.engine.config.schema import FieldSpec
from meshloom.engine.config.types import DataType
from meshloom.engine.storage.pinot_segment.bounds import damaged, unknown

ARROW = {
    DataType.INT: pa.int32(), DataType.LONG: pa.int64(), DataType.FLOAT: pa.float32(), DataType.DOUBLE: pa.float64(),
    DataType.BOOLEAN: pa.bool_(), DataType.TIMESTAMP: pa.timestamp("us"), DataType.STRING: pa.string(),
    DataType.JSON: pa.string(), DataType.BYTES: pa.binary(), DataType.MAP: pa.string(),
    DataType.BIG_DECIMAL: pa.decimal128(38, 10),
}  # fmt: skip
# What Pinot stores alike, and what one type holds of another without a loss.
ALIKE = (
    {DataType.INT, DataType.BOOLEAN}, {DataType.LONG, DataType.TIMESTAMP}, {DataType.STRING, DataType.JSON},
)  # fmt: skip
WIDER = {
    (DataType.INT, DataType.LONG), (DataType.INT, DataType.DOUBLE), (DataType.FLOAT, DataType.DOUBLE),
    (DataType.BOOLEAN, DataType.LONG),
}  # fmt: skip
MOST_MS = 9_000_000_000_000_000  # a TIMESTAMP beyond the year 287,000 does not fit microseconds
MOST_DECIMAL = 41_600  # bytes of a number of 100,000 digits
PLACES, WHOLE = 10, Decimal(10) ** 28
_EXACT = decimal.Context(prec=250_000, traps=[decimal.InvalidOperation, decimal.Overflow])


@dataclass(frozen=True, slots=True)
class Kind:
    """A column of a segment as one of a table: `wide` has a BIG_DECIMAL as text, whatever its size."""

    name: str
    stored: DataType
    field: FieldSpec
    wide: bool = False

    @classmethod
    def of(cls, stored: DataType, single_value: bool, field: FieldSpec) -> Kind:
        """Raises RestError 400 when the table's column cannot hold what the segment has."""
        wanted = field.data_type
        fits = stored is wanted or any({stored, wanted} <= pair for pair in ALIKE) or (stored, wanted) in WIDER
        if not fits or single_value != field.single_value:
            have, want = (f"{kind}{'' if one else ' of lists'}"
                          for kind, one in ((stored, single_value), (wanted, field.single_value)))  # fmt: skip
            raise unknown(f"column {field.name} is {have}, in the table it is {want}")
        return cls(field.name, stored, field)

    @property
    def arrow(self) -> pa.DataType:
        """The type of one value."""
        return pa.string() if self.wide else ARROW[self.field.data_type]

    def numbers(self, held: npt.NDArray[np.generic]) -> pa.Array:
        """Of big-endian numbers. Raises RestError 400."""
        native = held.astype(held.dtype.newbyteorder("="))
        if self.arrow == pa.bool_():
            return pa.array(native != 0)
        if self.arrow == pa.timestamp("us"):
            if len(native) and (int(native.max()) > MOST_MS or int(native.min()) < -MOST_MS):
                raise unknown(f"column {self.name} has a TIMESTAMP beyond the year 287,000")
            return pa.array(native * 1000, type=self.arrow)
        return pa.array(native).cast(self.arrow)

    def variable(self, held: pa.Array) -> pa.Array:
        """Of binary. Raises RestError 400 for a text that is no UTF-8 and the like."""
        try:
            match self.field.data_type:
                case DataType.BIG_DECIMAL:
                    return self._decimals(decimals(held, self.name))
                case DataType.MAP:
                    return pa.array([_map(one.as_py()) for one in held], type=pa.string())
                case DataType.BYTES:
                    return held
                case _:
                    return held.cast(pa.string())
        except (pa.ArrowException, ValueError, struct.error, decimal.DecimalException) as error:
            raise damaged(f"column {self.name} holds what is no {self.field.data_type}") from error

    def _decimals(self, found: Iterable[Decimal]) -> pa.Array:
        if self.wide:
            return pa.array([str(one) for one in found], type=pa.string())
        return pa.array([one.quantize(Decimal(1).scaleb(-PLACES), context=_EXACT) for one in found], type=self.arrow)


def decimals(held: pa.Array, name: str) -> list[Decimal]:
    """BigDecimalUtils.serialize's form: the scale in two bytes, then the digits as a number."""
    made = []
    for one in held:
        value = one.as_buffer().to_pybytes()
        if not 3 <= len(value) <= MOST_DECIMAL:
            raise damaged(f"column {name} has a BIG_DECIMAL of {len(value):,} bytes")
        digits = Decimal(int.from_bytes(value[2:], "big", signed=True))
        made.append(digits.scaleb(-int.from_bytes(value[:2], "big", signed=True), context=_EXACT))
    return made


def fits(value: Decimal) -> bool:
    """Whether the engine's usual form of a BIG_DECIMAL holds it exactly."""
    moved = value.scaleb(PLACES, context=_EXACT)
    return abs(value) < WHOLE and moved == moved.to_integral_value()


def _map(held: bytes) -> str:
    """MapUtils.serializeMap's form: how many, and of each the key and its value in JSON, each with its length."""
    (count,), at, pairs = struct.unpack_from(">i", held), 4, []
    if not 0 <= count <= len(held) // 8:
        raise ValueError("a count that does not fit")

    def piece() -> str:
        nonlocal at
        (size,) = struct.unpack_from(">i", held, at)
        if not 0 <= size <= len(held) - at - 4:
            raise ValueError("a length that does not fit")
        at += 4 + size
        return held[at - size : at].decode()

    for _ in range(count):
        key, value = piece(), piece()
        json.loads(value)
        pairs.append(f"{json.dumps(key, ensure_ascii=False)}:{value}")
    return "{" + ",".join(pairs) + "}"
