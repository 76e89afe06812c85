"""Funnels over time (funnelMaxStep and its kin, the `funnel.window` package): how far events in a sliding window come
through a list of steps. `funnel_count` has those without a clock.

All take (time, window, number of steps, condition, …[, 'mode' or 'key=value', …]). An event counts for the first
condition that holds; with KEEP_ALL the others stand in the way as step -1.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from meshloom.engine.errors import QUERY_VALIDATION, PinotError
from meshloom.engine.sql.functions.registry import gathering
from meshloom.engine.sql.functions.rows import ROWS, RowFunction
from meshloom.engine.sql.typed import Typed, literal_sql

MODES = ("STRICT_DEDUPLICATION", "STRICT_ORDER", "STRICT_INCREASE", "KEEP_ALL")
Event = tuple[int, int, list[str]]  # time, step, further fields


@dataclass(frozen=True, slots=True)
class Settings:
    """`modes` holds those of `MODES`; `longest` bounds the time between two events, 0 is no bound."""

    window: int
    steps: int
    modes: frozenset[str] = frozenset()
    longest: int = 0
    further: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, window: int, steps: int, words: str) -> Settings:
        """`words` are the options, one a line. Raises ValueError for an unknown one."""
        modes: set[str] = set()
        further: dict[str, str] = {}
        for word in filter(None, words.upper().split("\n")):
            name, _, value = word.partition("=")
            if not value:
                modes.add(name.strip())
            elif name == "MODE":
                modes |= {mode.strip() for mode in value.split(",")}
            else:
                further[name] = value
        if modes - set(MODES):
            raise ValueError(f"Unrecognized extra argument for funnel function: {sorted(modes - set(MODES))[0]}")
        longest = int(further.pop("MAXSTEPDURATION", 0))
        return cls(window, steps, frozenset(modes), longest, further)


class Windows:
    """The windows over events in the order of time, each beginning with the first step."""

    def __init__(self, events: Sequence[Event], settings: Settings) -> None:
        self.settings, self.window = settings, deque[Event]()
        self._waiting = deque(sorted(events, key=lambda event: event[:2]))

    def fill(self) -> bool:
        """Take up what belongs to the next window; False when there is none."""
        window, waiting = self.window, self._waiting
        if not waiting:
            return False
        while window and window[0][1] != 0:
            window.popleft()
        if not window:
            while waiting and waiting[0][1] != 0:
                waiting.popleft()
            if not waiting:
                return False
            window.append(waiting.popleft())
        end, longest = window[0][0] + self.settings.window, self.settings.longest
        while waiting and waiting[0][0] < end:
            if longest and waiting[0][0] - window[-1][0] > longest:
                break
            window.append(waiting.popleft())
        return True

    def reached(self) -> int:
        """How many steps the window's events make in their order."""
        modes, step, before = self.settings.modes, 0, -1
        for time, current, _ in self.window:
            if "STRICT_DEDUPLICATION" in modes and current == step - 1:
                break
            if "STRICT_ORDER" in modes and current != step:
                break
            if "STRICT_INCREASE" in modes and time == before:
                continue
            if current == step:
                step, before = step + 1, time
            if step == self.settings.steps:
                break
        return step

    def rounds(self) -> int:
        """How often all steps are made in the window; it then moves to where the last round ended."""
        modes, step, before, found = self.settings.modes, 0, -1, 0
        start = self.window[0][0]
        for time, current, _ in self.window:
            again = "STRICT_DEDUPLICATION" in modes and current == step - 1
            if again or ("STRICT_ORDER" in modes and current != step):
                step = 0
            if "STRICT_INCREASE" in modes and time == before:
                continue
            before = time
            step += current == step
            if step == self.settings.steps:
                found, step, start = found + 1, 0, time
        self._moved = start
        return found

    def move(self) -> None:
        if self.window:
            self.window.popleft()

    def move_behind_rounds(self) -> None:
        self.move()
        while self.window and self.window[0][0] < self._moved:
            self.window.popleft()


def max_step(events: Sequence[Event], settings: Settings) -> int:
    windows, best = Windows(events, settings), 0
    while best < settings.steps and windows.fill():
        best = max(best, windows.reached())
        windows.move()
    return best


def match_step(events: Sequence[Event], settings: Settings) -> list[int]:
    best = max_step(events, settings)
    return [int(step < best) for step in range(settings.steps)]


def complete_count(events: Sequence[Event], settings: Settings) -> int:
    windows, total = Windows(events, settings), 0
    while windows.fill():
        total += windows.rounds()
        windows.move_behind_rounds()
    return total


def events_eval(events: Sequence[Event], settings: Settings) -> list[str]:
    """First "rounds, fields of each", then the further fields of each round's events."""
    if not events:
        return []
    windows, matched = Windows(events, settings), []
    while windows.fill():
        rounds = windows.rounds()
        fields: list[str] = []
        step = 0
        for _, current, more in windows.window:
            if current == step:
                fields += more
                step += 1
        matched += [fields] * rounds
        windows.move_behind_rounds()
    heads = ", ".join([str(len(matched)), *(str(len(fields)) for fields in matched)])
    return [heads, *(one for fields in matched for one in fields)]


def duration_stats(events: Sequence[Event], settings: Settings) -> list[float]:
    """Of the time from each step to the next, over the windows that make them all; nothing when none does."""
    wanted = [one.strip() for one in settings.further.get("DURATIONFUNCTIONS", "").split(",") if one.strip()]
    if not wanted:
        raise ValueError("Duration functions must be provided for FunnelStepDurationStatsAggregationFunction")
    durations: list[list[int]] = [[] for _ in range(settings.steps)]
    counts, whole = [0] * settings.steps, False
    windows = Windows(events, settings)
    while windows.fill():
        steps = windows.reached()
        for step in range(steps):
            counts[step] = 1
        if steps == settings.steps:
            whole = True
            times: list[int] = []
            for time, step, _ in windows.window:
                if len(times) <= step:
                    times.append(time)
            for step, (start, end) in enumerate(itertools.pairwise(times)):
                durations[step].append(end - start)
        windows.move()
    if (not whole and "COUNT" not in wanted) or not events:
        return []
    return [
        counts[step] if function == "COUNT" else statistic(function, durations[step] if whole else [])
        for step in range(settings.steps)
        for function in wanted
    ]


def statistic(function: str, durations: list[int]) -> float:
    """Raises ValueError for an unknown one. Quantiles are the value at that place of the sorted ones."""
    shares = {"MEDIAN": 0.5, "MIN": 0.0, "MAX": 1.0}
    if function == "AVG":
        return sum(durations) / len(durations) if durations else 0.0
    try:
        share = shares[function] if function in shares else float(function.removeprefix("PERCENTILE")) / 100
    except ValueError:
        raise ValueError(f"Unsupported duration function: {function}") from None
    if not 0 <= share <= 1:
        raise ValueError(f"Invalid percentile value: {share}")
    return float(sorted(durations)[min(int(len(durations) * share), len(durations) - 1)]) if durations else 0.0


def _row(name: str, function: Callable[[Sequence[Event], Settings], object], result: str) -> None:
    def run(times: list[int], steps: list[int], fields: list[str], window: int, count: int, words: str) -> object:
        each = len(fields) // len(times) if times else 0
        events = [
            (time, step, fields[place * each : (place + 1) * each])
            for place, (time, step) in enumerate(zip(times, steps, strict=True))
        ]
        return function(events, Settings.read(window, count, words))

    parameters = ("LONG_ARRAY", "INT_ARRAY", "STRING_ARRAY", "LONG", "INT", "STRING")
    ROWS[f"px_{name.lower()}_6"] = RowFunction(f"px_{name.lower()}_6", run, parameters, result, False)


def whole(arguments: Sequence[Typed], place: int, name: str) -> int:
    text = arguments[place].literal if len(arguments) > place else None
    if text is None or not text.isdigit():
        raise PinotError(QUERY_VALIDATION, f"A funnel's argument {place + 1} is a whole number, the {name}")
    return int(text)


def collected(name: str, arguments: Sequence[Typed], where: str, extra: bool) -> str:
    """The call over the group's events. Raises PinotError 700 when arguments are missing or no literals."""
    window, steps = whole(arguments, 1, "window"), whole(arguments, 2, "number of steps")
    if window < 1 or steps < 1 or len(arguments) < 3 + steps:
        raise PinotError(
            QUERY_VALIDATION,
            f"FUNNEL_AGG_FUNC expects >= {3 + steps} arguments, got: {len(arguments)}. The function can be used as "
            f"{name}(timestampExpression, windowSize, numberSteps, stepExpression, …)",
        )
    conditions, rest = arguments[3 : 3 + steps], list(arguments[3 + steps :])
    fields: list[Typed] = []
    if extra:
        count = whole(arguments, 3 + steps, "number of further fields")
        fields, rest = rest[1 : 1 + count], rest[1 + count :]
    words = [argument.literal for argument in rest]
    text = "\n".join(word for word in words if word is not None)
    try:
        settings = Settings.read(window, steps, text)
    except ValueError as error:
        raise PinotError(QUERY_VALIDATION, str(error)) from None
    if len(words) != len([word for word in words if word is not None]):
        raise PinotError(QUERY_VALIDATION, "A funnel's options are literals")
    cases = " ".join(f"WHEN {test.cast('BOOLEAN').sql} THEN {step}" for step, test in enumerate(conditions))
    kept = ", ".join(field_.cast("STRING").sql for field_ in fields)
    row = f"{{'t': {arguments[0].cast('LONG').sql}, 's': CASE {cases} ELSE -1 END, 'f': CAST([{kept}] AS VARCHAR[])}}"
    events = f"coalesce(list({row}){where}, [])"
    if "KEEP_ALL" not in settings.modes:
        events = f"list_filter({events}, lambda e$: e$.s >= 0)"
    parts = (f"list_transform({events}, lambda e$: e$.{one})" for one in ("t", "s"))
    further = f"flatten(list_transform({events}, lambda e$: e$.f))"
    return f"px_{name.lower()}_6({', '.join(parts)}, {further}, {window}, {steps}, {literal_sql(text)})"


def _define(name: str, function: Callable[[Sequence[Event], Settings], object], result: str) -> None:
    _row(name, function, result)
    gathering(name, lambda a, w: collected(name, a, w, extra=name == "funnelEventsFunctionEval"), result, (4, -1))


_define("funnelMaxStep", max_step, "INT")
_define("funnelMatchStep", match_step, "INT_ARRAY")
_define("funnelCompleteCount", complete_count, "INT")
_define("funnelStepDurationStats", duration_stats, "DOUBLE_ARRAY")
_define("funnelEventsFunctionEval", events_eval, "STRING_ARRAY")
