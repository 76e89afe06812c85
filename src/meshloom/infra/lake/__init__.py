"""Append-only tables of Parquet files, each append a snapshot that can be read again."""

from meshloom.infra.lake.lake import Lake, Snapshot

__all__ = ["Lake", "Snapshot"]
