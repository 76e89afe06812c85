"""Schemas and table configs, in Pinot's JSON."""
