"""Groovy's text to functions of the variables' values: a recursive descent by precedence, nothing is ever `eval`ed."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, MutableMapping
from typing import Any

from meshloom.engine.groovy import values

Variables = MutableMapping[str, Any]
Node = Callable[[Variables], Any]
TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|//[^\n]*|/\*.*?\*/)|(?P<line>[;\n]+)
    |(?P<number>\d+\.\d+(?:[eE][+-]?\d+)?[dfDF]?|\d+[lLdfDFgG]?)|(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_]\w*)
    |(?P<sign>\?\.|\?:|->|\*\*|==~|==|!=|<=|>=|&&|\|\||\+=|-=|\*=|/=|[-+*/%<>=!?:.,(){}\[\]])""",
    re.S | re.X,
)
TYPES = frozenset(
    {
        "def", "var", "int", "long", "float", "double", "boolean", "String", "Integer", "Long", "Float", "Double",
        "Boolean", "Object", "List", "Map",
    }
)  # fmt: skip
LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",), ("&&",), ("==", "!=", "==~"), ("<", "<=", ">", ">=", "in"), ("+", "-"), ("*", "/", "%"),
)  # fmt: skip
VALUE = re.compile(r"\\.|\$\{([^{}]*)\}|\$([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|\$", re.S)
MOST = 10_000  # letters of a script


class GroovyError(ValueError):
    """A script that is not of the part that is understood, or that fails."""


class Frame(ChainMap[str, Any]):
    """A closure's variables: its own first; what is assigned to one of those around it stays there."""

    def __setitem__(self, name: str, value: Any) -> None:
        around = next((variables for variables in self.maps if name in variables), self.maps[0])
        around[name] = value


class Returned(Exception):
    """Carries a `return`'s value out of what is around it."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _constant(text: str) -> Node:
    plain = values.unescaped(text)
    return lambda variables: plain


class Script:
    """A script that was understood. Calling it with the variables' values gives its last value, or what it returns."""

    def __init__(self, body: Node) -> None:
        self._body = body

    def __call__(self, variables: Variables) -> Any:
        """Raises GroovyError."""
        try:
            return self._body(dict(variables))
        except Returned as found:
            return found.value
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise GroovyError(f"the script failed: {error}") from error


def parse(text: str) -> Script:
    """Raises GroovyError, saying what is not understood."""
    if len(text) > MOST:
        raise GroovyError(f"the script is longer than {MOST} letters")
    parser = _Parser(text)
    body = parser.block(())
    if parser.kind() != "end":
        raise parser.error()
    return Script(body)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None:
                raise GroovyError(f"{text[at : at + 20]!r} is not understood")
            at = found.end()
            if found.lastgroup != "space":
                self._tokens.append((str(found.lastgroup), found[0]))
        self._tokens.append(("end", ""))
        self._at = 0

    # --- tokens
    def kind(self) -> str:
        return self._tokens[self._at][0]

    def following(self) -> tuple[str, str]:
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def text(self) -> str:
        kind, text = self._tokens[self._at]
        return text if kind in ("sign", "name") else ""

    def error(self) -> GroovyError:
        return GroovyError(f"{self._tokens[self._at][1] or 'the end'!r} is not understood there")

    def taken(self, *texts: str) -> str:
        """The token's text when it is one of these, and on to the next; else ""."""
        found = self.text()
        if found and found in texts:
            self._at += 1
            return found
        return ""

    def need(self, text: str) -> None:
        if not self.taken(text):
            raise self.error()

    def name(self) -> str:
        if self.kind() != "name":
            raise self.error()
        self._at += 1
        return self._tokens[self._at - 1][1]

    def lines(self) -> None:
        while self.kind() == "line":
            self._at += 1

    # --- statements
    def block(self, ends: tuple[str, ...]) -> Node:
        found: list[Node] = []
        self.lines()
        while self.kind() != "end" and self.text() not in ends:
            found.append(self.statement())
            self.lines()

        def run(variables: Variables) -> Any:
            value = None
            for one in found:
                value = one(variables)
            return value

        return run

    def statement(self) -> Node:
        if self.taken("{"):
            body = self.block(("}",))
            self.need("}")
            return body
        if self.taken("return"):
            value = self.expression() if self.kind() not in ("line", "end") and self.text() != "}" else lambda v: None
            return lambda variables: _return(value(variables))
        if self.taken("if"):
            return self.branch()
        if self.taken("for"):
            return self.loop()
        following = self.following()[0]
        if self.text() in TYPES and following == "name":
            self._at += 1
            return self.assignment(self.name(), declared=True)
        after = self.following()[1]
        if self.kind() == "name" and after in ("=", "+=", "-=", "*=", "/="):
            return self.assignment(self.name())
        return self.expression()

    def assignment(self, name: str, *, declared: bool = False) -> Node:
        sign = self.taken("=", "+=", "-=", "*=", "/=")
        if not sign:
            if declared:
                return lambda variables: variables.setdefault(name, None)
            raise self.error()
        value = self.expression()

        def assign(variables: Variables) -> Any:
            found = value(variables)
            if sign != "=":
                found = values.operate(sign[0], variables[name], found)
            variables[name] = found
            return found

        return assign

    def branch(self) -> Node:
        self.need("(")
        test = self.expression()
        self.need(")")
        self.lines()
        then = self.statement()
        before = self._at
        self.lines()
        other: Node = lambda variables: None  # noqa: E731
        if self.taken("else"):
            self.lines()
            other = self.statement()
        else:
            self._at = before
        return lambda variables: then(variables) if values.truth(test(variables)) else other(variables)

    def loop(self) -> Node:
        self.need("(")
        self.taken(*TYPES)
        name = self.name()
        self.need("in")
        listed = self.expression()
        self.need(")")
        body = self.statement()

        def run(variables: Variables) -> None:
            for one in list(listed(variables)):
                variables[name] = one
                body(variables)

        return run

    # --- expressions
    def interpolated(self, text: str) -> Node:
        """A text in double quotes: `${expression}` and `$name.property` stand for their values (GString)."""
        parts: list[Node] = []
        end = 0
        for found in VALUE.finditer(text):
            if found[0][0] == "\\":
                continue
            if found[0] == "$":
                raise GroovyError("a $ in double quotes stands before a name or {expression}")
            parts += [_constant(text[end : found.start()]), _Parser(found[1] or found[2]).whole()]
            end = found.end()
        parts.append(_constant(text[end:]))
        return lambda variables: "".join(values.shown(part(variables)) for part in parts)

    def whole(self) -> Node:
        made = self.expression()
        if self.kind() != "end":
            raise self.error()
        return made

    def expression(self) -> Node:
        test = self.binary(0)
        if self.taken("?"):
            then = self.expression()
            self.need(":")
            other = self.expression()
            return lambda variables: then(variables) if values.truth(test(variables)) else other(variables)
        if self.taken("?:"):
            otherwise = self.expression()

            def elvis(variables: Variables) -> Any:
                found = test(variables)
                return found if values.truth(found) else otherwise(variables)

            return elvis
        return test

    def binary(self, level: int) -> Node:
        if level == len(LEVELS):
            return self.power()
        left = self.binary(level + 1)
        while sign := self.taken(*LEVELS[level]):
            self.lines()
            left = _joined(sign, left, self.binary(level + 1))
        return left

    def power(self) -> Node:
        if sign := self.taken("-", "!", "+"):
            inner = self.power()
            return lambda variables: values.unary(sign, inner(variables))
        left = self.postfix()
        if self.taken("**"):
            right = self.power()
            return lambda variables: values.power(left(variables), right(variables))
        return left

    def postfix(self) -> Node:
        value = self.primary()
        while sign := self.taken(".", "?.", "["):
            value = self.index(value) if sign == "[" else self.member(value, safe=sign == "?.")
        return value

    def index(self, value: Node) -> Node:
        place = self.expression()
        self.need("]")
        return lambda variables: values.at(value(variables), place(variables))

    def member(self, value: Node, *, safe: bool) -> Node:
        name = self.name()
        arguments = self.arguments()

        def call(variables: Variables) -> Any:
            target = value(variables)
            if target is None and safe:
                return None
            if arguments is None:
                return values.attribute(target, name)
            return values.method(target, name, [argument(variables) for argument in arguments])

        return call

    def arguments(self) -> list[Node] | None:
        """`(a, b)`, `{ closure }` or both; None when there are none."""
        found: list[Node] | None = None
        if self.taken("("):
            found = self.listed(")")
        if self.text() == "{" and self._closes():
            self._at += 1
            found = [*(found or []), self.closure()]
        return found

    def _closes(self) -> bool:
        """A brace on the same line as a method's name is a closure."""
        return self._tokens[self._at - 1][0] == "name" or self._tokens[self._at - 1][1] == ")"

    def listed(self, end: str) -> list[Node]:
        found = []
        self.lines()
        while not self.taken(end):
            found.append(self.expression())
            self.lines()
            if not self.taken(",") and self.text() != end:
                raise self.error()
            self.lines()
        return found

    def closure(self) -> Node:
        names = ["it"]
        if self.kind() == "name" and self.following()[1] in ("->", ","):
            names = [self.name()]
            while self.taken(","):
                names.append(self.name())
            self.need("->")
        body = self.block(("}",))
        self.need("}")
        return lambda variables: lambda *given: body(Frame(dict(zip(names, given, strict=False)), variables))

    def primary(self) -> Node:
        kind, text = self._tokens[self._at]
        if kind == "end":
            raise self.error()
        self._at += 1
        if kind == "number":
            number = values.number(text)
            return lambda variables: number
        if kind == "text":
            if text[0] == '"' and "$" in text:
                return self.interpolated(text[1:-1])
            plain = values.unescaped(text[1:-1])
            return lambda variables: plain
        if text == "(":
            inner = self.expression()
            self.need(")")
            return inner
        if text == "[":
            return self.collection()
        if text == "{":
            return self.closure()
        if kind == "name":
            return _named(text)
        self._at -= 1
        raise self.error()

    def collection(self) -> Node:
        if self.taken(":"):
            self.need("]")
            return lambda variables: {}
        if self.following()[1] == ":" and self.kind() in ("name", "text"):
            pairs: dict[str, Node] = {}
            while not self.taken("]"):
                kind, text = self._tokens[self._at]
                if kind not in ("name", "text"):
                    raise self.error()
                self._at += 1
                self.need(":")
                pairs[values.unescaped(text[1:-1]) if kind == "text" else text] = self.expression()
                self.taken(",")
            return lambda variables: {name: value(variables) for name, value in pairs.items()}
        items = self.listed("]")
        return lambda variables: [item(variables) for item in items]


def _return(value: Any) -> Any:
    raise Returned(value)


def _joined(sign: str, left: Node, right: Node) -> Node:
    if sign == "&&":
        return lambda variables: values.truth(left(variables)) and values.truth(right(variables))
    if sign == "||":
        return lambda variables: values.truth(left(variables)) or values.truth(right(variables))
    return lambda variables: values.operate(sign, left(variables), right(variables))


def _named(text: str) -> Node:
    if text in ("true", "false", "null"):
        constant = {"true": True, "false": False, "null": None}[text]
        return lambda variables: constant
    if text in values.CLASSES:
        return lambda variables: values.CLASSES[text]

    def look_up(variables: Variables) -> Any:
        if text not in variables:
            raise GroovyError(f"there is no {text}")
        return variables[text]

    return look_up
