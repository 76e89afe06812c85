"""Decisions: nothing is allowed but by a policy, and what cannot be decided is refused with the reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from meshloom.infra.policy.evaluator import PolicyError
from meshloom.quantum.deployed import DeployedPort
from meshloom.quantum.sidecar.decide import Decider, input_document
from meshloom.quantum.sidecar.decision import Action, Decision
from meshloom.spec.identity import Principal
from meshloom.spec.policy import PolicyBundle

from .conftest import PURPOSES, Says, Small, bundle


@pytest.fixture
def port(small: Small) -> DeployedPort:
    return small.port("sales", {"id": "integer", "store_id": "integer", "income": "string:restricted"}, key=("id",))


def decide(port: DeployedPort, principal: Principal, answer: Any, **more: Any) -> Decision:
    purpose = more.pop("purpose", "work")
    decider = Decider(more.pop("bundle", bundle()), Says(lambda document: answer), PURPOSES)
    return decider.decide(principal, purpose, port, Action.READ, 1)


def test_silence_is_no(port: DeployedPort, somebody: Principal) -> None:
    decision = decide(port, somebody, {})
    assert not decision.allow
    assert decision.reasons == ("no policy allows it",)


def test_one_allows_and_none_denies(port: DeployedPort, somebody: Principal) -> None:
    assert decide(port, somebody, {"allow": ["team"]}).allow
    refused = decide(port, somebody, {"allow": ["team"], "deny": ["not on Sundays"]})
    assert not refused.allow
    assert refused.reasons == ("not on Sundays",)


def test_without_policies_nothing_is_allowed(port: DeployedPort, somebody: Principal) -> None:
    for policies, evaluator in ((PolicyBundle(), Says(lambda d: {"allow": ["x"]})), (bundle(), None)):
        decision = Decider(policies, evaluator, PURPOSES).decide(somebody, "work", port, Action.READ, 1)
        assert not decision.allow
        assert "no policy in force" in decision.reasons[0]


def test_a_broken_policy_refuses(port: DeployedPort, somebody: Principal) -> None:
    def broken(document: Mapping[str, Any]) -> Mapping[str, Any]:
        raise PolicyError("it burnt")

    decision = Decider(bundle(), Says(broken), PURPOSES).decide(somebody, "work", port, Action.READ, 1)
    assert not decision.allow
    assert "the policy told could not be used" in decision.reasons[0]


@pytest.mark.parametrize(
    "answer",
    [
        "yes",
        {"allow": ["x"], "row_filters": [{"column": "nope", "operator": "in", "values": [1]}]},
        {"allow": ["x"], "row_filters": [{"column": "id", "operator": "OR 1=1 --", "values": [1]}]},
        {"allow": ["x"], "row_filters": [{"column": "id", "operator": "=", "values": [1, 2]}]},
        {"allow": ["x"], "row_filters": [{"column": "id", "operator": "in", "values": [{"sql": "1"}]}]},
        {"allow": ["x"], "row_filters": "all of them"},
        {"allow": ["x"], "column_masks": [{"column": "income", "kind": "rot13"}]},
        {"allow": ["x"], "column_masks": [{"column": "salary", "kind": "null"}]},
    ],
)
def test_an_answer_that_is_not_understood_refuses(port: DeployedPort, somebody: Principal, answer: Any) -> None:
    decision = decide(port, somebody, answer)
    assert not decision.allow
    assert "could not be used" in decision.reasons[0]


def test_an_unknown_purpose_is_refused_with_those_that_there_are(port: DeployedPort, somebody: Principal) -> None:
    decision = decide(port, somebody, {"allow": ["x"]}, purpose="fun")
    assert not decision.allow
    assert decision.reasons == ("'fun' is no purpose of this mesh; it knows audit, work",)


def test_a_local_policy_can_only_tighten(port: DeployedPort, somebody: Principal) -> None:
    assert not decide(port, somebody, {"allow": ["mine"]}, bundle=bundle(scope="product:sales")).allow
    elsewhere = decide(port, somebody, {"allow": ["x"], "deny": ["no"]}, bundle=bundle(scope="product:other"))
    assert elsewhere.reasons == ("no policy allows it",)


def test_a_policy_that_warns_blocks_nothing(port: DeployedPort, somebody: Principal) -> None:
    both = dataclasses.replace(
        bundle(), policies=(*bundle().policies, dataclasses.replace(bundle("warn").policies[0], id="soon"))
    )
    answers = {"told": {"allow": ["x"]}, "soon": {"deny": ["from next month"], "column_masks": []}}

    class Each:
        def evaluate(self, path: str, document: Mapping[str, Any]) -> Any:
            return answers[path.rpartition(".")[2]]

    decision = Decider(both, Each(), PURPOSES).decide(somebody, "work", port, Action.READ, 1)
    assert decision.allow
    assert decision.warnings == ("from next month",)


def test_of_two_masks_the_stronger_holds_and_all_filters_hold(port: DeployedPort, somebody: Principal) -> None:
    decision = decide(
        port,
        somebody,
        {
            "allow": ["x"],
            "row_filters": [
                {"column": "id", "operator": ">", "values": [1]},
                {"column": "store_id", "operator": "in", "values": [1, 2]},
            ],
            "column_masks": [{"column": "income", "kind": "hash"}, {"column": "income", "kind": "null"}],
        },
    )
    assert decision.masks["income"].kind == "null"
    assert {(one.column, one.operator, one.values) for one in decision.filters} == {
        ("id", ">", (1,)),
        ("store_id", "in", (1, 2)),
    }


def test_decisions_are_remembered_until_something_changes(port: DeployedPort, somebody: Principal) -> None:
    says = Says(lambda document: {"allow": ["x"]})
    decider = Decider(bundle(), says, PURPOSES)
    first = decider.decide(somebody, "work", port, Action.READ, 1)
    assert decider.decide(somebody, "work", port, Action.READ, 1) is first
    assert says.asked == 1
    others = [
        decider.decide(somebody, "work", port, Action.READ, 2),
        decider.decide(somebody, "audit", port, Action.READ, 1),
        decider.decide(somebody, "work", port, Action.WRITE, 1),
        decider.decide(dataclasses.replace(somebody, groups=frozenset()), "work", port, Action.READ, 1),
        decider.decide(dataclasses.replace(somebody, attributes={"stores": (3,)}), "work", port, Action.READ, 1),
    ]
    assert len({decision.id for decision in (first, *others)}) == 6


def test_the_input_document_says_who_what_and_why(port: DeployedPort, somebody: Principal) -> None:
    document = input_document(somebody, "work", port, Action.READ)
    assert document["principal"] == {"name": "ann", "groups": ["team"], "attributes": {"stores": [1, 2]}}
    assert document["port"]["classifications"] == {"id": "public", "store_id": "public", "income": "restricted"}
    assert (document["action"], document["purpose"], document["port"]["owner"]) == ("read", "work", "team")
