"""The language: what an owner declares. Frozen values, no I/O but `load`."""
