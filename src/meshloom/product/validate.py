"""Every mistake of a mesh's folder that can be found without reading its data: `meshloom validate`."""

from __future__ import annotations

from pathlib import Path

from meshloom.errors import InputError, Problem
from meshloom.product.bind import check_contract, check_sql, produced_columns
from meshloom.product.inputs import Columns, input_columns
from meshloom.product.python_step import check_python
from meshloom.quantum.sidecar.policy_tests import check_policies
from meshloom.spec.load import check_mesh, in_order
from meshloom.spec.product import Language, MeshSpec, Product, Transformation


def validate(root: Path, sample: bool = False) -> tuple[Problem, ...]:
    """Every problem of a mesh's folder: of manifests, contracts, policies, SQL and Python, by file and line.

    Args:
        root: the folder that holds mesh.yaml.
        sample: look at `package` sources' samples instead of the installed packages.

    Policies are run against their own cases. The SQL is checked by syntax tree (one SELECT over declared inputs) and
    then bound by DuckDB against empty tables with the inputs' columns, so that an unknown column or a wrong type is
    found before any row is read.
    """
    spec, problems = check_mesh(root, sample)
    if spec is None:
        return problems
    found = [problem for product in spec.products for problem in check_product(product, spec)]
    return in_order([*problems, *check_policies(spec.policies), *found])


def check_product(product: Product, spec: MeshSpec) -> tuple[Problem, ...]:
    """Every problem of one product's code and of how it fits its contracts and inputs."""
    try:
        columns = input_columns(product, spec)
    except InputError as error:
        return error.problems
    return tuple(problem for step in product.transformations for problem in _check_step(product, step, columns))


def _check_step(product: Product, step: Transformation, inputs: dict[str, Columns | None]) -> tuple[Problem, ...]:
    contract = product.contract(step.output)
    if contract is None:
        return ()
    references = {name: columns for name, columns in inputs.items() if columns is not None}
    if step.language is Language.PYTHON:
        # what a Python step gives is known when it runs; its contract's own rules can be tried now
        return (
            *check_python(step, [port.name for port in product.inputs]),
            *check_contract(contract, None, references),
        )
    if step.language is Language.SQL:
        problems = check_sql(step, [port.name for port in product.inputs])
        if problems or len(references) < len(inputs):
            return problems
        produced = produced_columns(step, references)
        if isinstance(produced, Problem):
            return (produced,)
        return check_contract(contract, produced, references)
    only = next(iter(inputs.values()), None)
    return check_contract(contract, only, references)
