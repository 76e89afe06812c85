"""The only door to a port: authenticate, decide, rewrite, answer, audit."""
