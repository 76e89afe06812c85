"""Segments and the deep store."""
