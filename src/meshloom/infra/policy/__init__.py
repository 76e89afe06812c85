"""Rego, evaluated in process or by an Open Policy Agent over HTTP."""

from meshloom.infra.policy.evaluator import Evaluator

__all__ = ["Evaluator"]
