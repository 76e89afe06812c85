"""The SQL that owners write: transformations and SQL rules, in DuckDB's dialect, read as syntax trees."""
