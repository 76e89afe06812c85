"""Random questions in Pinot's SQL over the table `{t}` and a second one, for both engines."""

from __future__ import annotations

import random

NUMBERS = ("id", "amount", "salary")
TEXTS = ("region", "name", "note")
COLUMNS = (*NUMBERS, *TEXTS, "born")
LITERALS = {"id": "3", "amount": "20", "salary": "1000", "region": "'n'", "name": "'b'", "note": "'x1'"}
AGGREGATES = (
    "count(*)", "sum({n})", "min({n})", "max({n})", "avg({n})", "count({c})", "distinctcount({c})",
    "distinctcountthetasketch({c}, '', 'salary > 10', 'SET_INTERSECT($0, $1)')", "percentiletdigest({n}, 50)",
    "funnelcount(steps({n} > 1, salary > 10), correlateby({c}))",
)  # fmt: skip


class Question:
    """One question; `multistage` says which engine it is for."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.multistage = self.random.random() < 0.55
        self.text = self._multi() if self.multistage else self._single("{t}", "")

    def _one(self, *options: str) -> str:
        return self.random.choice(options)

    def _column(self, prefix: str = "") -> str:
        return prefix + self._one(*COLUMNS)

    def _number(self, prefix: str) -> str:
        column = prefix + self._one(*NUMBERS)
        return self._one(
            column, f"{column} + 1", f"{column} * 2", f"abs({column})", f"cast({column} as double)",
            f"case when {self._condition(prefix, 1)} then {column} else 0 end",
        )  # fmt: skip

    def _text(self, prefix: str) -> str:
        column = prefix + self._one(*TEXTS)
        return self._one(
            column, f"upper({column})", f"concat({column}, 'x')", f"length({column})", f"substr({column}, 0, 1)",
            f"coalesce({column}, 'none')", f"cast({prefix}salary as string)",
        )  # fmt: skip

    def _expression(self, prefix: str) -> str:
        return self._one(self._number(prefix), self._text(prefix), f"year({prefix}born)", self._column(prefix))

    def _condition(self, prefix: str, depth: int = 2) -> str:
        column = self._one(*LITERALS)
        literal = LITERALS[column]
        simple = self._one(
            f"{prefix}{column} {self._one('=', '<>', '<', '<=', '>', '>=')} {literal}",
            f"{prefix}{column} IS NULL",
            f"{prefix}{column} IS NOT NULL",
            f"{prefix}{column} IN ({literal})",
            f"{prefix}{column} NOT IN ({literal})",
            f"{prefix}note LIKE '%1'",
            f"{prefix}salary BETWEEN 10 AND 5000",
            f"cast({prefix}note as int) > 0",
            f"100 / {prefix}salary > 1",
            f"cast({prefix}name as int) = 1",
        )
        if depth and self.random.random() < 0.4:
            joined = self._one("AND", "OR")
            simple = f"({simple} {joined} {self._condition(prefix, depth - 1)})"
        return f"NOT ({simple})" if self.random.random() < 0.1 else simple

    def _aggregate(self, prefix: str) -> str:
        text = self._one(*AGGREGATES).format(n=self._number(prefix), c=self._column(prefix))
        if self.random.random() < 0.2:
            text += f" FILTER (WHERE {self._condition(prefix, 1)})"
        return text

    def _tail(self, items: int) -> str:
        order = ", ".join(f"{n + 1}{self._one('', ' DESC')}" for n in range(items))
        return f" ORDER BY {order} LIMIT {self._one('3', '100')}" if self.random.random() < 0.6 else " LIMIT 1000"

    def _single(self, table: str, prefix: str) -> str:
        where = f" WHERE {self._condition(prefix)}" if self.random.random() < 0.6 else ""
        if self.random.random() < 0.45:
            keys = [self._one(*COLUMNS[:6]) for _ in range(self.random.randint(0, 2))]
            keys = [prefix + key for key in dict.fromkeys(keys)]
            items = [*keys, self._aggregate(prefix), self._aggregate(prefix)]
            group = f" GROUP BY {', '.join(keys)}" if keys else ""
            having = f" HAVING {self._one('count(*) > 1', f'max({prefix}salary) > 100')}" if keys and group else ""
            having = having if self.random.random() < 0.3 else ""
            return f"SELECT {', '.join(items)} FROM {table}{where}{group}{having}{self._tail(len(items))}"
        if self.random.random() < 0.15:
            return f"SELECT * FROM {table}{where} ORDER BY {prefix}id LIMIT 1000"
        items = [self._expression(prefix) for _ in range(self.random.randint(1, 3))]
        if self.random.random() < 0.3:
            items[0] += " AS salary" if self.random.random() < 0.5 else " AS x"
        distinct = "DISTINCT " if self.random.random() < 0.2 else ""
        return f"SELECT {distinct}{', '.join(items)} FROM {table}{where}{self._tail(len(items))}"

    def _multi(self) -> str:
        kind = self.random.randint(0, 8)
        if kind == 0:
            return self._single("{t} a", "a.")
        if kind == 1:
            join = self._one("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
            on = self._one("a.id = b.id", "a.note = b.note", "a.salary < b.amount", "a.name = b.name")
            items = f"a.id, {self._expression('a.')}, {self._expression('b.')}"
            return f"SELECT {items} FROM {{t}} a {join} other b ON {on} WHERE {self._condition('a.')}{self._tail(3)}"
        if kind == 2:
            inner = f"SELECT {self._column()} FROM {{t}} WHERE {self._condition('')}"
            column = self._column()
            return (
                f"SELECT id, {column} FROM other WHERE {self._one('id', 'note', 'salary')} IN ({inner}){self._tail(2)}"
            )
        if kind == 3:
            inner = f"WITH w AS (SELECT id, {self._expression('')} AS e FROM {{t}} WHERE {self._condition('')}) "
            return f"{inner}SELECT w.id, w.e, count(*) FROM w GROUP BY w.id, w.e{self._tail(3)}"
        if kind == 4:
            word = self._one("UNION", "UNION ALL", "INTERSECT", "EXCEPT")
            column = self._column()
            left = f"SELECT {column} FROM {{t}} WHERE {self._condition('')}"
            return f"{left} {word} SELECT {column} FROM other LIMIT 1000"
        if kind == 5:
            order = self._column("a.")
            function = self._one(
                "row_number()", "rank()", f"sum(a.{self._one(*NUMBERS)})", f"lag({self._column('a.')})"
            )
            over = f"PARTITION BY {self._column('a.')} ORDER BY {order}, a.id"
            return f"SELECT a.id, {function} OVER ({over}) FROM {{t}} a LIMIT 1000"
        if kind == 6:
            test = f"SELECT 1 FROM {{t}} a WHERE a.id = b.id AND {self._condition('a.')}"
            return f"SELECT b.id FROM other b WHERE {self._one('', 'NOT ')}EXISTS ({test}){self._tail(1)}"
        if kind == 7:
            scalar = f"(SELECT {self._aggregate('')} FROM {{t}})"
            return f"SELECT id, {scalar} FROM other{self._tail(2)}"
        derived = f"(SELECT id, {self._expression('')} AS e, region FROM {{t}}) d"
        return f"SELECT d.region, count(d.e) FROM {derived} WHERE d.id > 1 GROUP BY d.region{self._tail(2)}"
