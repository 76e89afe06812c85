"""A small safe part of Groovy, for Pinot's `groovy` function: values, operators, branches, lists, closures and the
everyday methods of text, numbers and lists. No classes, imports, files, processes or reflection: a name that is not
listed here does not exist."""

from meshloom.engine.groovy.parse import GroovyError, Script, parse

__all__ = ["GroovyError", "Script", "parse"]
