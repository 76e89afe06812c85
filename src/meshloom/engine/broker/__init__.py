"""Pinot's broker: queries and their answers."""
