"""Rego in process and by an agent: one behaviour. The agent's exchanges are recorded in the test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from meshloom.infra.policy import Evaluator
from meshloom.infra.policy.evaluator import PolicyError
from meshloom.infra.policy.opa import Opa
from meshloom.infra.policy.rego import Rego

MODULE = """
package meshloom.policies.stores

import rego.v1

allow contains "managers" if "managers" in input.principal.groups

row_filters contains {"column": "store_id", "operator": "in", "values": input.principal.attributes.stores} if {
    "managers" in input.principal.groups
}
"""
ASKED = {"principal": {"groups": ["managers"], "attributes": {"stores": [1, 'o"x']}}}
ANSWER = {
    "allow": ["managers"],
    "row_filters": [{"column": "store_id", "operator": "in", "values": [1, 'o"x']}],
}
# Open Policy Agent 1.x, POST /v1/data/<path>
RECORDED: Mapping[str, Mapping[str, Any]] = {
    "http://opa:8181/v1/data/meshloom/policies/stores": {"result": ANSWER},
    "http://opa:8181/v1/data/meshloom/policies/nothing": {},
}


def agent(url: str, body: bytes) -> bytes:
    assert json.loads(body) == {"input": ASKED}
    return json.dumps(RECORDED[url]).encode()


@pytest.fixture(params=["in process", "agent"])
def evaluator(request: pytest.FixtureRequest) -> Evaluator:
    return Rego({"stores.rego": MODULE}) if request.param == "in process" else Opa("http://opa:8181/", agent)


def test_sets_come_as_lists_and_values_as_they_are(evaluator: Evaluator) -> None:
    assert evaluator.evaluate("meshloom.policies.stores", ASKED) == ANSWER


def test_a_path_without_rules_is_an_error(evaluator: Evaluator) -> None:
    with pytest.raises(PolicyError):
        evaluator.evaluate("meshloom.policies.nothing", ASKED)


def test_a_module_that_does_not_parse_names_its_file() -> None:
    with pytest.raises(PolicyError, match=r"stores\.rego does not parse"):
        Rego({"stores.rego": "package x\nallow if {"})


def test_rules_that_contradict_each_other_are_an_error() -> None:
    rego = Rego({"x.rego": "package x\nimport rego.v1\na := 1\na := 2 if input.both"})
    with pytest.raises(PolicyError, match="contradict"):
        rego.evaluate("x", {"both": True})
    assert rego.evaluate("x", {"both": False}) == {"a": 1}


def test_an_agent_that_is_away_is_an_error() -> None:
    def away(url: str, body: bytes) -> bytes:
        raise OSError("connection refused")

    with pytest.raises(PolicyError, match="cannot be asked"):
        Opa("http://opa:8181", away).evaluate("x", {})
    with pytest.raises(PolicyError, match="cannot be asked"):
        Opa("http://opa:8181", lambda url, body: b"<html>").evaluate("x", {})
    with pytest.raises(PolicyError, match="no web address"):
        Opa("file:///etc").evaluate("x", {})


def test_a_text_that_is_no_rego_says_where_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PolicyError, match=r"b\.rego does not parse\. this is unclosed") as caught:
        Rego({"a.rego": "package a\n", "b.rego": "package b\n\n# é\nallow contains x if {\n"})
    assert (caught.value.file, caught.value.line) == ("b.rego", 4)
    assert capfd.readouterr() == ("", "")
