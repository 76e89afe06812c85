"""Segments in Apache Pinot's own form: read into Arrow, and written so that a real Pinot loads them."""
