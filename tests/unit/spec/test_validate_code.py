"""SQL, Python and data files that do not fit their contracts: found by `validate`, before a row is read."""

from __future__ import annotations

from typing import Any

import pytest

S = "domains/sales/big-orders/transform.sql"
C = "domains/sales/big-orders/contracts/big-orders.odcs.yaml"
M = "domains/sales/big-orders/product.odps.yaml"
COLUMNS = "order_id, customer, amount, ordered_at"


def sql(mesh: Any, text: str) -> list[str]:
    mesh.write(S, text)
    found: list[str] = mesh.problems()
    return found


def test_a_contract_that_names_a_column_that_the_sql_does_not_produce(mesh: Any) -> None:
    assert sql(mesh, "SELECT order_id, customer, amount AS amout, ordered_at FROM orders") == [
        f"{C}:35:7: missing-column the contract names the column 'amount', which is not produced, there are order_id, "
        "customer, amout, ordered_at, did you mean 'amout'?".replace(":35:7:", ":31:1:")
    ]


def test_sql_that_does_not_parse(mesh: Any) -> None:
    (problem,) = sql(mesh, f"SELECT {COLUMNS}\nFROM orders\nWHERE amount > > FROM 3")
    assert problem == (
        f"{S}:3:18: sql-syntax the SQL does not parse: something is missing near 'FROM', "
        "mend it; the dialect is DuckDB's"
    )


def test_sql_that_reads_an_undeclared_input(mesh: Any) -> None:
    assert sql(mesh, f"SELECT {COLUMNS}\nFROM orders\nJOIN customers USING (customer)") == [
        f"{S}:3:6: undeclared-input 'customers' is read but not declared, only declared input ports can be read (C2), "
        "declare it as an input port"
    ]
    assert sql(mesh, f"SELECT {COLUMNS} FROM order")[0].startswith(f"{S}:")
    assert sql(mesh, f"SELECT {COLUMNS} FROM ordrs")[0].endswith("did you mean 'orders'?")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("INSERT INTO orders SELECT 1", "INSERT writes"),
        ("CREATE TABLE x AS SELECT * FROM orders", "CREATE writes"),
        ("DROP TABLE orders", "DROP writes"),
        ("DELETE FROM orders", "DELETE writes"),
        ("UPDATE orders SET amount = 0", "UPDATE writes"),
        ("COPY orders TO '/tmp/x.csv'", "COPY writes"),
        ("ATTACH 'x.duckdb'", "ATTACH writes"),
    ],
)
def test_sql_that_writes(mesh: Any, text: str, word: str) -> None:
    assert sql(mesh, text) == [f"{S}:1:1: sql-write {word}, owners' SQL only reads, Meshloom publishes, write a SELECT"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", "1:15: sql-function the function read_csv cannot be used, it reads"),
        ("SELECT * FROM '/etc/passwd'", "undeclared-input '/etc/passwd' is read but not declared"),
        ("SELECT getenv('HOME') AS order_id FROM orders", "the function getenv cannot be used, it looks into"),
        ("SELECT now() AS order_id FROM orders", "the function now cannot be used, its answer differs from run to run"),
        ("SELECT random() AS order_id FROM orders", "RANDOM() cannot be used, a random number differs from run to run"),
        ("SELECT * FROM orders; SELECT 1", "sql-syntax 2 statements, a step is one SELECT, keep one"),
        ("SET threads = 1", "SET is no query"),
        ("INSTALL httpfs", "INSTALL is no query"),
        ("PRAGMA database_list", "PRAGMA is no query"),
        ("", "sql-syntax 0 statements"),
    ],
)  # fmt: skip
def test_sql_that_reaches_for_the_machine(mesh: Any, text: str, expected: str) -> None:
    found = sql(mesh, text)
    assert any(expected in line for line in found), found


def test_a_column_that_the_input_does_not_have(mesh: Any) -> None:
    (problem,) = sql(mesh, "SELECT order_id, custmer AS customer, amount,\n  ordered_at FROM orders")
    assert problem.startswith(f'{S}:1:18: unknown-column the SQL cannot run: Referenced column "custmer" not found')
    assert 'is "customer"' in problem


def test_a_type_that_the_sql_gets_wrong(mesh: Any) -> None:
    (problem,) = sql(mesh, "SELECT order_id, customer, amount + ordered_at AS amount, ordered_at FROM orders")
    assert problem.startswith(f"{S}:") and "sql-bind the SQL cannot run: No function matches" in problem


def test_a_nested_value_cannot_be_stored(mesh: Any) -> None:
    (problem,) = sql(mesh, "SELECT order_id, [customer] AS customer, amount, ordered_at FROM orders")
    assert "wrong-type the column 'customer' arrives as VARCHAR[], nested values cannot be stored yet" in problem


def test_columns_are_found_in_any_case_of_letters(mesh: Any) -> None:
    assert sql(mesh, "SELECT ORDER_ID, Customer, amount, ordered_at, 1 AS more FROM Orders") == []


def test_a_header_that_lacks_a_column_of_the_contract(mesh: Any) -> None:
    mesh.write("domains/sales/orders/data/orders.csv", "order_id,customer,ordered_at\n1,Ada,2026-01-01\n")
    (problem,) = [line for line in mesh.problems() if "missing-column" in line]
    assert (
        "the contract names the column 'amount', which is not produced, there are order_id, customer, ordered_at"
        in problem
    )


def python(mesh: Any, text: str) -> list[str]:
    mesh.edit(M, "sql: transform.sql", "python: transform.py")
    mesh.write("domains/sales/big-orders/transform.py", text)
    found: list[str] = mesh.problems()
    return found


P = "domains/sales/big-orders/transform.py"


def test_python_that_is_right(mesh: Any) -> None:
    assert python(mesh, "def transform(orders):\n    return orders\n") == []


def test_python_that_does_not_parse(mesh: Any) -> None:
    assert python(mesh, "def transform(orders):\n  return orders)\n") == [
        f"{P}:2:16: python-syntax the Python does not parse: unmatched ')', mend the line"
    ]


def test_python_that_reads_an_undeclared_input(mesh: Any) -> None:
    assert python(mesh, "def transform(orders, custmers):\n    return orders\n") == [
        f"{P}:1:23: undeclared-input 'custmers' is read but not declared, only declared input ports can be read (C2), "
        "known here: orders"
    ]


def test_python_without_the_function(mesh: Any) -> None:
    assert python(mesh, "def transfrom(orders):\n    return orders\n") == [
        f"{P}:1:1: python-function there is no function 'transform', the manifest names it, did you mean 'transfrom'?"
    ]


def test_a_policy_without_a_test_fails(mesh: Any) -> None:
    head = "id: own\ntitle: T\nrationale: R\nscope: global\nmode: block\nowner: owners\nversion: 1.0.0\ntests: []\n"
    mesh.write("policies/own.yaml", head)
    mesh.write("policies/own.rego", "package own\n")
    assert (
        "policies/own.yaml:8:1: policy-without-test the policy has no test, a policy that nothing tests protects "
        "nothing, add a case" in mesh.spec_problems()
    )
    mesh.write("policies/lonely.rego", "package lonely\n")
    assert (
        "policies/lonely.rego:1:1: policy-without-test the policy has no description and no test, "
        "write lonely.yaml with id, rationale, owner and tests" in mesh.spec_problems()
    )


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ('{id: r, type: sql, query: "SELECT count(*) FROM other", mustBe: 1}', "'other' is read but not declared"),
        ('{id: r, type: sql, query: "SELEC count(*)", mustBe: 1}', "the SQL does not parse"),
        ('{id: r, type: custom, engine: meshloom, implementation: "amuont > 0"}', "names the column 'amuont'"),
        ('{id: r, type: custom, engine: meshloom, implementation: "amount > (SELECT 1)"}', "looks beyond the row"),
        ('{id: r, type: custom, engine: meshloom, implementation: "getenv(customer) = \'\'"}', "getenv cannot be used"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_judged(mesh: Any, entry: str, expected: str) -> None:
    mesh.edit(C, "    quality:\n", f"    quality:\n      - {entry}\n")
    (problem,) = mesh.problems()
    assert problem.startswith(f"{C}:") and "bad-rule the rule 'r' cannot be checked" in problem
    assert expected in problem


def test_a_pattern_that_duckdb_cannot_read(mesh: Any) -> None:
    old = '- name: "customer"\n        logicalType: string\n'
    mesh.edit(C, old, old + "        logicalTypeOptions: {pattern: '(?=x)y'}\n")
    (problem,) = mesh.problems()
    assert "bad-rule the rule 'customer.regex' has a pattern that cannot be read, the syntax is RE2's" in problem


def test_a_reference_that_names_no_input(mesh: Any) -> None:
    old = '- name: "customer"\n        logicalType: string\n'
    mesh.edit(C, old, old + "        relationships: [{type: foreignKey, to: customers.name}]\n")
    (problem,) = mesh.problems()
    assert (
        "unknown-port the rule 'customer.reference' looks into 'customers', a reference names an input port that "
        "reads a product" in problem
    )


def test_a_policy_that_fails_its_own_case(mesh: Any) -> None:
    mesh.edit("policies/access.yaml", "expected: {allow: true, column_masks: []}", "expected: {allow: false}")
    (problem,) = mesh.problems()
    assert problem == (
        "policies/access.yaml:9:5: policy-test the policy access fails its case 'an analyst reads what is not "
        "sensitive', allow is True, expected False, mend the policy or the case"
    ).replace(":9:5:", ":9:1:")


def test_a_policy_that_does_not_parse(mesh: Any) -> None:
    mesh.edit("policies/access.rego", "import rego.v1", "import rego.v1 {{{")
    (problem,) = mesh.problems()
    assert problem.startswith("policies/access.rego:5:1: policy The policy")
