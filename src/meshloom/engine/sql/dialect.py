"""Pinot's SQL as a diff against sqlglot's own: every function stays a name with arguments, so that Pinot's registry,
and nothing else, says what it means."""

from __future__ import annotations

from sqlglot import TokenType, exp, generator, parser, tokens
from sqlglot.dialects.dialect import Dialect, NormalizationStrategy

KEPT_PARSERS = ("CAST", "EXTRACT", "TRIM", "POSITION")


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
        }

    class Parser(parser.Parser):
        FUNCTIONS = {}
        NO_PAREN_FUNCTIONS = {}
        FUNCTION_PARSERS = {name: parser.Parser.FUNCTION_PARSERS[name] for name in KEPT_PARSERS}
        STRICT_CAST = True

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
            exp.Anonymous: lambda self, node: self.func(node.name, *node.expressions, normalize=False),
        }
