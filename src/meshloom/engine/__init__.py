"""REAL-TIME OLAP ENGINE: Apache Pinot's interfaces on DuckDB; usable alone."""
