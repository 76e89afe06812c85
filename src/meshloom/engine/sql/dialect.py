"""Pinot's SQL as a diff against sqlglot's own: every function stays a name with arguments, so that Pinot's registry,
and nothing else, says what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from sqlglot import Token, TokenType, exp, generator, parser, tokens
from sqlglot.dialects.dialect import Dialect, NormalizationStrategy

NULLS_TOLD = "nulls_told"  # of an ORDER BY: where nulls stand is written
T = TypeVar("T")
KEPT_PARSERS = ("CAST", "EXTRACT", "TRIM", "POSITION")

CALLED = (TokenType.AND, TokenType.OR, TokenType.DIV, TokenType.MOD, TokenType.ISNULL, TokenType.ARRAY, TokenType.LEFT,
          TokenType.RIGHT, TokenType.SETTINGS, TokenType.BETWEEN)  # fmt: skip
MEANT_ELSEWHERE = frozenset((*CALLED, TokenType.VAR))
OPENING = (
    TokenType.L_PAREN, TokenType.COMMA, TokenType.SELECT, TokenType.DISTINCT, TokenType.WHERE, TokenType.HAVING,
    TokenType.ON, TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.AND, TokenType.OR, TokenType.NOT, TokenType.WHEN,
    TokenType.THEN, TokenType.ELSE, TokenType.CASE, TokenType.BETWEEN, TokenType.EQ, TokenType.NEQ, TokenType.LT,
    TokenType.LTE, TokenType.GT, TokenType.GTE, TokenType.PLUS, TokenType.DASH, TokenType.SLASH,
)  # fmt: skip
"""Behind these a value begins, so that `and(a, b)` is a call there and an operator elsewhere."""


def calcite_words(found: list[Token]) -> list[Token]:
    """Words that mean something only where Calcite expects them: MINUS between queries is EXCEPT (elsewhere it is a
    function's name), and LEFT ASOF JOIN is what sqlglot reads as ASOF LEFT JOIN."""
    result = list(found)
    for place, token in enumerate(result[:-1]):
        if token.token_type not in MEANT_ELSEWHERE:
            continue
        following = [later.text.upper() for later in result[place + 1 : place + 3]]
        if token.token_type is TokenType.VAR and token.text.upper() == "MINUS":
            if following[0] in ("SELECT", "ALL", "DISTINCT", "VALUES", "WITH") or following == ["(", "SELECT"]:
                token.token_type = TokenType.EXCEPT
        elif token.token_type in CALLED and following[0] == "(":
            before = result[max(place - 2, 0) : place]
            kinds = [TokenType.L_PAREN, TokenType.L_PAREN, *(earlier.token_type for earlier in before)]
            if token.token_type is TokenType.BETWEEN and kinds[-1] is TokenType.NOT:  # x NOT BETWEEN (1) AND 2
                kinds.pop()
            if kinds[-1] in OPENING:
                token.token_type = TokenType.VAR
        elif token.token_type is TokenType.LEFT and result[place + 1].token_type is TokenType.ASOF:
            result[place], result[place + 1] = result[place + 1], token
    return result


THETA = "DISTINCT_COUNT_THETA_SKETCH"
MOST_PLAIN = 3  # with more arguments, all but the first two and the last are conditions


def holds_conditions(call: exp.Anonymous) -> bool:
    """Whether a call has conditions in its arguments, which Pinot wants in string literals (see `embedded`)."""
    name = call.name.replace("_", "").lower().removesuffix("mv").replace("raw", "")
    return name == THETA.replace("_", "").lower() and len(call.expressions) > MOST_PLAIN


def _written(call: exp.Anonymous) -> list[exp.Expr]:
    if not holds_conditions(call):
        return list(call.expressions)
    return [
        exp.Literal.string(argument.this.sql(dialect="pinot")) if isinstance(argument, exp.Paren) else argument
        for argument in call.expressions
    ]


class Pinot(Dialect):
    """Calcite's babel grammar with Pinot's settings, as far as queries need it."""

    NORMALIZATION_STRATEGY = NormalizationStrategy.CASE_INSENSITIVE
    NULL_ORDERING = "nulls_are_large"
    TYPED_DIVISION = True
    SUPPORTS_USER_DEFINED_TYPES = False
    INDEX_OFFSET = 1

    class Tokenizer(tokens.Tokenizer):
        IDENTIFIERS = ['"', "`"]
        QUOTES = ["'"]
        STRING_ESCAPES = ["'"]
        HEX_STRINGS = [("x'", "'"), ("X'", "'")]
        KEYWORDS = {
            **tokens.Tokenizer.KEYWORDS,
            "LONG": TokenType.BIGINT,
            "STRING": TokenType.TEXT,
            "BYTES": TokenType.VARBINARY,
            "BIG_DECIMAL": TokenType.DECIMAL,
            "MATCH_CONDITION": TokenType.MATCH_CONDITION,
        }

    class Parser(parser.Parser):
        FUNCTIONS = {}
        NO_PAREN_FUNCTIONS = {}
        FUNCTION_PARSERS = {name: parser.Parser.FUNCTION_PARSERS[name] for name in KEPT_PARSERS} | {
            "SUBSTRING": lambda self: self._parse_substring_words(),
            "FLOOR": lambda self: self._parse_stepped("FLOOR"),
            "CEIL": lambda self: self._parse_stepped("CEIL"),
            "CEILING": lambda self: self._parse_stepped("CEILING"),
        }
        STRICT_CAST = True

        def parse(self, raw_tokens: list[Token], sql: str) -> list[exp.Expr | None]:
            return super().parse(calcite_words(raw_tokens), sql)

        def _parse_in(self, this: exp.Expr | None, alias: bool = False) -> exp.In:
            """A list of literals alone, which may have many thousands, is read in one go."""
            values = self._literals()
            if values is None:
                return super()._parse_in(this, alias)
            self._advance(2 * len(values) + 1)
            return self.expression(exp.In(this=this, expressions=values))

        def _literals(self) -> list[exp.Expr] | None:
            """`(1, 2, 'x')` from here on, to its end; None where something else stands."""
            values: list[exp.Expr] = []
            separator = TokenType.L_PAREN
            place = self._index
            while place + 2 < len(self._tokens) and self._tokens[place].token_type is separator:
                token = self._tokens[place + 1]
                if token.token_type not in (TokenType.NUMBER, TokenType.STRING):
                    return None
                values.append(exp.Literal(this=token.text, is_string=token.token_type is TokenType.STRING))
                place, separator = place + 2, TokenType.COMMA
            return values if values and self._tokens[place].token_type is TokenType.R_PAREN else None

        def _parse_ordered(self, parse_method: Callable[[], exp.Expr | None] | None = None) -> exp.Ordered | None:
            start = self._index
            found = super()._parse_ordered(parse_method)
            if found is not None and any(token.text.upper() == "NULLS" for token in self._tokens[start : self._index]):
                found.meta[NULLS_TOLD] = True
            return found

        def _negate_range(self, this: exp.Expr | None = None) -> exp.Expr | None:
            """NOT LIKE is NOT around LIKE, as NOT IN and NOT BETWEEN are; sqlglot's own hides it in an argument."""
            return this and self.expression(exp.Not(this=this))

        def _parse_substring_words(self) -> exp.Anonymous:
            """`SUBSTRING(text FROM 2 FOR 3)` is `SUBSTRING(text, 2, 3)`."""
            arguments = [self._parse_disjunction()]
            while self._match_set((TokenType.COMMA, TokenType.FROM, TokenType.FOR)):
                arguments.append(self._parse_disjunction())
            return self.expression(exp.Anonymous(this="SUBSTRING", expressions=arguments))

        def _parse_stepped(self, name: str) -> exp.Anonymous:
            """`FLOOR(time TO DAY)` has the unit for a second argument."""
            arguments = self._parse_csv(self._parse_disjunction)
            if self._match_text_seq("TO"):
                unit = self._parse_var(any_token=True)
                arguments.append(exp.Literal.string(unit.name if unit is not None else ""))
            return self.expression(exp.Anonymous(this=name, expressions=arguments))

        def _parse_wrapped(self, parse_method: Callable[[], T], optional: bool = False) -> T:
            """MATCH_CONDITION may hold any condition; what is no comparison is refused later, with Pinot's text."""
            if self._prev is not None and self._prev.token_type is TokenType.MATCH_CONDITION:
                parse_method = cast(Callable[[], T], self._parse_disjunction)
            return super()._parse_wrapped(parse_method, optional=optional)

    class Generator(generator.Generator):
        TYPE_MAPPING = {
            **generator.Generator.TYPE_MAPPING,
            exp.DataType.Type.BIGINT: "LONG",
            exp.DataType.Type.TEXT: "STRING",
            exp.DataType.Type.VARBINARY: "BYTES",
            exp.DataType.Type.DECIMAL: "BIG_DECIMAL",
        }
        TRANSFORMS = {
            **generator.Generator.TRANSFORMS,
            exp.Anonymous: lambda self, node: self.func(node.name, *_written(node), normalize=False),
        }
