"""What a person reads when a mesh's files are wrong: the place, what, why, and what to do (issue: bad input)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from meshloom.errors import InputError
from meshloom.spec.load import check_mesh, load_mesh

M = "domains/sales/orders/product.odps.yaml"
C = "domains/sales/orders/contracts/orders.odcs.yaml"


def test_the_mesh_is_right_before_anything_is_spoilt(mesh: Any) -> None:
    assert mesh.problems() == []
    assert [product.name for product in load_mesh(mesh.root).products] == ["orders", "big-orders"]


def test_a_folder_without_a_mesh(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_mesh(tmp_path)
    assert str(caught.value) == (
        f"mesh.yaml: missing-file there is no mesh.yaml, {tmp_path.resolve()} holds none, "
        "run `meshloom init mesh DIR`, or name another folder with --mesh"
    )


def test_broken_yaml(mesh: Any) -> None:
    mesh.edit(M, "status: active", "status: [active")
    (problem,) = mesh.problems()
    assert problem.startswith(f"{M}:8:7: yaml-syntax no valid YAML: expected ',' or ']', but got ':'")
    assert "while parsing a flow sequence" in problem


def test_an_unknown_key_and_what_was_meant(mesh: Any) -> None:
    mesh.edit(M, "version: 1.0.0\nstatus", "verson: 1.0.0\nstatus")
    assert mesh.problems() == [
        f"{M}:6:1: unknown-key unknown key 'verson' at the top, Bitol ODPS 1.1 has no such key, did you mean 'version'?"
    ]


def test_an_unknown_key_deep_in_a_contract(mesh: Any) -> None:
    mesh.edit(C, "        required: true", "        requird: true")
    assert mesh.problems() == [
        f"{C}:25:9: unknown-key unknown key 'requird' in schema[0].properties[0], Bitol ODCS 3.2 has no such key, "
        "did you mean 'required'?"
    ]


def test_an_unknown_option_of_a_type(mesh: Any) -> None:
    mesh.edit(C, "logicalTypeOptions: {format: i64}", "logicalTypeOptions: {format: i64, maximun: 9}")
    assert mesh.problems() == [
        f"{C}:23:43: unknown-key unknown key 'maximun' in schema[0].properties[0].logicalTypeOptions, "
        "Bitol ODCS 3.2 has no such key, did you mean 'maximum'?"
    ]


def test_every_error_of_every_file_at_once(mesh: Any) -> None:
    mesh.edit("mesh.yaml", "title:", "titel:")
    mesh.edit("identities.yaml", "purposes: [analysis]", "purposes: [analisis]")
    mesh.edit("domains/sales/domain.yaml", "owner: owners\n", "")
    mesh.edit(M, "type: sourceAligned", "type: source-aligned")
    mesh.edit(M, "status: active", "status: activ")
    mesh.edit(C, "metric: rowCount", "metric: rowcount")
    found = [line.split(" ")[0] + " " + line.split(" ")[1] for line in mesh.problems()]
    assert found == ["mesh.yaml:3:1: unknown-key"]  # nothing can be read without the mesh's own file
    mesh.edit("mesh.yaml", "titel:", "title:")
    assert [tuple(line.split(" ")[:2]) for line in mesh.problems()] == [
        ("domains/sales/domain.yaml:1:1:", "missing-key"),
        (f"{C}:43:9:", "wrong-value"),
        (f"{M}:7:1:", "wrong-value"),
        (f"{M}:9:1:", "wrong-value"),
        ("identities.yaml:7:16:", "unknown-purpose"),
    ]


def test_a_type_of_product_that_is_none(mesh: Any) -> None:
    mesh.edit(M, "type: sourceAligned", "type: source-aligned")
    assert mesh.problems() == [f"{M}:9:1: wrong-value type is 'source-aligned', did you mean 'sourceAligned'?"]


def test_an_unknown_extension(mesh: Any) -> None:
    mesh.edit(M, "property: meshloom.source", "property: meshloom.sources")
    assert mesh.problems() == [
        f"{M}:21:9: unknown-extension unknown property 'meshloom.sources', Meshloom has no such property on an "
        "input port, did you mean 'meshloom.source'?"
    ]


def test_an_extension_in_the_wrong_place(mesh: Any) -> None:
    mesh.edit(M, "tags: [example]", "tags: [example]\ncustomProperties:\n  - {property: meshloom.actualTime, value: x}")
    assert mesh.problems() == [
        f"{M}:16:6: unknown-extension unknown property 'meshloom.actualTime', Meshloom has no such property on a "
        "product, known here: meshloom.policies, meshloom.transformation"
    ]


def test_an_extension_where_nothing_reads_it(mesh: Any) -> None:
    stray = "    customProperties:\n      - {property: meshloom.actualTime, value: ordered_at}\n    properties:\n"
    mesh.edit(C, "    properties:\n", stray)
    (problem,) = mesh.problems()
    assert problem.endswith(
        "unknown-extension the property 'meshloom.actualTime' stands where it is not read, it is none of 'schema', "
        "move it to the contract"
    )


def test_another_vendors_property_is_left_alone(mesh: Any) -> None:
    mesh.edit(M, "tags: [example]", "tags: [example]\ncustomProperties:\n  - {property: acme.cost, value: 3}")
    assert mesh.problems() == []


def test_a_source_with_a_wrong_key(mesh: Any) -> None:
    mesh.edit(M, "path: data/orders.csv", "pth: data/orders.csv")
    assert mesh.problems() == [
        f"{M}:24:11: unknown-key unknown key 'pth' in meshloom.source, did you mean 'path'?",
    ]


def test_a_file_that_is_not_there(mesh: Any) -> None:
    mesh.edit(M, "path: data/orders.csv", "path: data/order.csv")
    assert mesh.problems() == [
        f"{M}:20:5: missing-file the file 'data/order.csv' does not exist, looked in domains/sales/orders"
    ]


def test_a_file_outside_the_mesh(mesh: Any) -> None:
    mesh.edit(M, "path: data/orders.csv", "path: ../../../../../../../../etc/passwd")
    assert mesh.problems() == [
        f"{M}:20:5: outside-mesh '../../../../../../../../etc/passwd' is outside the mesh's folder, "
        "copy the file into it"
    ]


def test_an_orphan(mesh: Any) -> None:
    mesh.edit(M, "team:\n  name: owners\n", "")
    assert mesh.problems() == [
        f"{M}:1:1: orphan the product has no owner, somebody must answer for its promises, "
        "add team: {name: <user or group>}".replace(":1:1:", ":2:1:")
    ]
    mesh.edit(M, "domain: sales", "domain: marketing")
    assert (
        f"{M}:8:1: orphan the domain is 'marketing', the manifest lies in the folder of the domain 'sales', "
        in (mesh.problems()[1])
    )


def test_two_products_with_one_name(mesh: Any) -> None:
    mesh.write("domains/other/domain.yaml", "name: other\nowner: owners\n")
    for path in ("product.odps.yaml", "contracts/orders.odcs.yaml", "data/orders.csv"):
        text = (mesh.root / "domains/sales/orders" / path).read_text(encoding="utf-8")
        mesh.write(
            f"domains/other/orders/{path}", text.replace("domain: sales", "domain: other").replace(":sales:", ":other:")
        )
    problems = [line for line in mesh.problems() if "unknown-product" not in line]  # orders of `sales` is not read
    assert problems == [
        f"{M}:2:1: duplicate-product two products are called 'orders', domains/other/orders/product.odps.yaml has the "
        "name already, and names are unique in a mesh, rename the folder of one",
    ]


def test_a_cycle_of_products(mesh: Any) -> None:
    mesh.edit(
        M,
        "kind: file\n          path: data/orders.csv",
        "kind: product\n          urn: urn:meshloom:shop:sales:big-orders:table",
    )
    found = mesh.spec_problems()
    assert [line.split(",")[0] for line in found] == [
        "domains/sales/big-orders/product.odps.yaml:5:1: product-cycle big-orders reads itself",
        f"{M}:5:1: product-cycle orders reads itself",
    ]
    assert "big-orders reads orders reads big-orders, take one of these inputs away" in found[0]


def test_an_input_that_names_nothing(mesh: Any) -> None:
    path = mesh.manifest("big-orders")
    mesh.edit(path, "urn: urn:meshloom:shop:sales:orders:table", "urn: urn:meshloom:shop:sales:order:table")
    (problem,) = mesh.spec_problems()
    assert problem == (
        f"{path}:22:1: unknown-product the input port 'orders' reads urn:meshloom:shop:sales:order:table, "
        "there is none, did you mean 'urn:meshloom:shop:sales:orders'?"
    )
    mesh.edit(path, "urn: urn:meshloom:shop:sales:order:table", "urn: urn:meshloom:shop:sales:orders:tables")
    assert mesh.spec_problems()[0].endswith("orders has no such port, did you mean 'table'?")
    mesh.edit(path, "urn: urn:meshloom:shop:sales:orders:tables", "urn: shop:orders")
    assert "wrong-urn 'shop:orders' is no URN of a product or port" in mesh.spec_problems()[0]


def test_a_contract_that_is_not_there(mesh: Any) -> None:
    mesh.edit(M, "contractId: orders", "contractId: order")
    (problem,) = mesh.spec_problems()
    assert problem == (
        f"{M}:30:5: unknown-contract no contract of this product has the id 'order', looked in contracts/*.odcs.yaml, "
        "did you mean 'orders'?"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("status: active", "status: active\nstatus: draft", "duplicate-key the key 'status' cannot stand here"),
        ("version: 1.0.0", "version: 1", "wrong-type 1 is not text in version"),
        ("version: 1.0.0", "version: latest", "wrong-value the version 'latest' is not like 1.0.0"),
        ("kind: DataProduct", "kind: Product", 'wrong-value "Product" cannot stand in kind, allowed are DataProduct'),
        ("    type: table", "    type: tabel", "wrong-value the port 'table' has type 'tabel', did you mean 'table'?"),
        ("name: files", "name: table", "duplicate-name two output ports are called 'table'"),
        ("tags: [example]", "tags: &a [*a]", "yaml-too-large the file is too large"),
        ("tags: [example]", "tags: !!python/object:os.system [x]", "yaml-tag the tag"),
        ("tags: [example]", "tags: example", 'wrong-type "example" is not a list in tags'),
    ],
)
def test_other_mistakes_in_a_manifest(mesh: Any, old: str, new: str, expected: str) -> None:
    mesh.edit(M, old, new)
    found = mesh.spec_problems()
    assert any(expected in line for line in found), found
    assert all(line.startswith(M) for line in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("  - name: orders\n    phys", "  - name: a\n  - name: orders\n    phys", "the contract describes 2 tables"),
        ("required: true\n", "required: true\n        classification: secret\n",
         "wrong-value unknown classification 'secret', policies know four, known here: confidential, internal, public"),
        ("logicalType: string", "logicalType: array",
         "wrong-type column 'customer': a column of type 'array' cannot be stored yet"),
        ("        logicalType: string\n", "", "missing-key column 'customer' has no logicalType"),
        ('name: "customer"', 'name: "_tags"', "reserved-name '_tags' is reserved"),
        ('name: "customer"', 'name: "Order_ID"', "duplicate-name two columns are called 'Order_ID', SQL ignores case"),
        ("value: ordered_at", "value: order_at", "unknown-column meshloom.actualTime names 'order_at', "
         "it must be a column of type timestamp or date, did you mean 'ordered_at'?"),
        ("id: not-empty", "id: primary-key", "duplicate-name two rules are called 'primary-key'"),
        ("metric: rowCount", "metric: nullValues",
         "wrong-value nullValues belongs to a column, move it to the property"),
        ("metric: rowCount\n        mustBeGreaterThan: 0", "metric: duplicateValues\n        mustBe: 0",
         "missing-key duplicateValues names no column"),
        ("metric: rowCount\n        mustBeGreaterThan: 0",
         "metric: duplicateValues\n        arguments: {properties: [custmer]}\n        mustBe: 0",
         "the rule 'not-empty' names the column 'custmer', which the contract does not have, did you mean 'customer'?"),
        ("mustBeGreaterThan: 0", "mustBeGreaterThan: 0\n        customProperties:\n"
         "          - {property: meshloom.onViolation, value: quarantine}",
         "wrong-value the rule 'not-empty' cannot quarantine, it blames no single row, write reject or tag"),
        ("mustBeGreaterThan: 0", "mustBeGreatThan: 0", "unknown-key unknown key 'mustBeGreatThan'"),
        ("name: orders\nversion", "name: My Orders\nversion",
         "wrong-value the contract's name 'My Orders' cannot be used"),
    ],
)  # fmt: skip
def test_mistakes_in_a_contract(mesh: Any, old: str, new: str, expected: str) -> None:
    mesh.edit(C, old, new)
    found = mesh.spec_problems()
    assert any(expected in line for line in found), found
    assert all(line.startswith(C) for line in found), found


def test_files_in_another_encoding(mesh: Any) -> None:
    mesh.write("mesh.yaml", "name: shop\ntitle: Käse\npurposes: {}\n".encode("latin-1"))
    assert mesh.spec_problems() == ["mesh.yaml:1:1: encoding the file is not UTF-8, byte 19 is 0xe4, save it as UTF-8"]


def test_an_empty_file(mesh: Any) -> None:
    mesh.write(C, "# nothing yet\n")
    assert f"{C}:1:1: empty-file the file is empty, write it, or remove it" in mesh.spec_problems()


def test_a_persona_twice(mesh: Any) -> None:
    mesh.edit("identities.yaml", "name: otto", "name: ada")
    assert mesh.spec_problems() == ["identities.yaml:8:5: duplicate-name two personas are called 'ada', rename one"]


def test_a_domain_that_calls_itself_something_else(mesh: Any) -> None:
    mesh.edit("domains/sales/domain.yaml", "name: sales", "name: selling")
    assert (
        "wrong-id the domain calls itself 'selling', its folder is 'sales', write name: sales"
        in mesh.spec_problems()[0]
    )


def test_one_broken_product_does_not_hide_the_others(mesh: Any) -> None:
    mesh.edit(mesh.manifest("big-orders"), "status: active", "status: nonsense")
    spec, problems = check_mesh(mesh.root)
    assert len(problems) == 1
    assert spec is not None and [product.name for product in spec.products] == ["orders"]
