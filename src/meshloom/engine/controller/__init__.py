"""Pinot's controller: schemas, tables, segments, tenants, tasks."""
