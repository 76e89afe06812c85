"""Sketches that other programs can read: Apache DataSketches' and roaring bitmaps, in the bytes that Pinot writes.

The packages are the extra `sketches`; each module imports them where they are used.
"""

from meshloom.engine.sql.functions.sketches import cpc, frequent, idsets, kll, theta, tuples

__all__ = ["cpc", "frequent", "idsets", "kll", "theta", "tuples"]
