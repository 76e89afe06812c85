"""The cluster page by clicking: the engine alone from an empty home to an answer, and what a mesh shows of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Visit

pytestmark = pytest.mark.browser


def definition(name: str, *more: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema with text columns beside a number and a time, and its table config."""
    schema = {
        "schemaName": name,
        "dimensionFieldSpecs": [{"name": column, "dataType": "STRING"} for column in ("city", *more)],
        "metricFieldSpecs": [{"name": "fare", "dataType": "DOUBLE"}],
        "dateTimeFieldSpecs": [
            {"name": "at", "dataType": "TIMESTAMP", "format": "1:MILLISECONDS:EPOCH", "granularity": "1:MILLISECONDS"}
        ],
    }
    table = {
        "tableName": name,
        "tableType": "OFFLINE",
        "segmentsConfig": {"timeColumnName": "at", "replication": "1"},
        "tenants": {},
        "tableIndexConfig": {"loadMode": "MMAP", "invertedIndexColumns": ["city"]},
        "metadata": {},
    }
    return schema, table


def write(visit: Visit, schema: Any, table: Any) -> None:
    """Put both documents into the form and let the controller judge them."""
    for label, document in (("Schema", schema), ("Table config", table)):
        visit.page.get_by_label(label, exact=True).fill(document if isinstance(document, str) else json.dumps(document))
    visit.click("button", "Validate and compare")


def test_a_table_from_nothing_to_an_answer(engine: str, window: Callable[[str], Visit], tmp_path: Path) -> None:
    visit = window(engine)
    name = "trips_narrow" if visit.narrow else "trips"
    file = tmp_path / "trips.csv"
    rows = [f"{('Oslo', 'Lima', 'Rome')[at % 3]},{at % 40}.5,{1_700_000_000_000 + at * 60_000}" for at in range(3_000)]
    file.write_text("\n".join(["city,fare,at", *rows]) + "\n")

    visit.open("/")
    assert visit.page.url.endswith("/meshloom/")
    visit.click("link", "Add a schema and a table")
    write(visit, *definition(name))
    visit.told("The controller accepts both.")
    assert f'+   "schemaName": "{name}"' in visit.page.locator(".c-diff").first.inner_text()
    visit.click("button", "Save")
    visit.told("No segment yet")

    visit.page.get_by_label("File").set_input_files(file)
    visit.click("button", "Upload")
    visit.told("Successfully ingested file")
    figures = visit.page.locator(".c-figures").inner_text()
    assert "3,000" in figures
    segment = visit.page.get_by_role("region", name="Segments").locator("tbody tr").inner_text()
    assert "2023-11-14 22:13 UTC" in segment
    assert "inverted" in visit.page.get_by_role("region", name="Columns").inner_text()

    visit.click("link", "Query it")
    editor = visit.page.get_by_label("SQL", exact=True)
    editor.fill(f"SELECT city, COUNT(*) FROM {name} GROUP BY ci")
    editor.press("Control+Space")
    visit.page.get_by_role("option", name="city").wait_for()
    editor.press("Enter")
    visit.click("button", "Run")
    visit.told("3,000 of 3,000 rows scanned")
    answered = visit.page.locator("#answer table.data tbody tr").all_inner_texts()
    assert sorted(answered) == ["Lima\t1000", "Oslo\t1000", "Rome\t1000"]
    assert visit.page.locator(".c-history li").count() == 1
    picture = visit.page.get_by_role("region", name="Picture")
    assert sorted(picture.locator("dt").all_inner_texts()) == ["Lima", "Oslo", "Rome"]
    assert picture.locator("dd small").all_inner_texts() == ["1K"] * 3
    visit.page.get_by_text("The answer's statistics").click()
    assert "numSegmentsProcessed" in visit.page.get_by_role("region", name="Statistics").inner_text()

    tree = visit.page.get_by_role("region", name="Plan")
    visit.click("button", "Plan")
    assert tree.locator("strong").all_inner_texts()[:3] == ["BROKER_REDUCE", "COMBINE_GROUP_BY", "PLAN_START"]
    visit.page.get_by_label("Multi-stage engine").check()
    visit.click("button", "Plan")
    visit.told("PinotLogicalAggregate")
    assert f"default, {name}" in tree.locator("li li span").last.inner_text()


def test_a_change_is_shown_before_it_is_kept(engine: str, window: Callable[[str], Visit]) -> None:
    visit = window(engine)
    name = "shops_narrow" if visit.narrow else "shops"
    schema, table = definition(name)
    visit.page.request.post(f"{engine}/tableConfigs", data={"tableName": name, "schema": schema, "offline": table})
    visit.open(f"/meshloom/#/define/{name}")
    visit.settle()
    changed, _ = definition(name, "rider")
    write(visit, changed, visit.page.get_by_label("Table config", exact=True).input_value())
    visit.told("Schema: what changes")
    visit.told("Table config: nothing changes")
    added = "".join(visit.page.locator(".c-diff .added").all_inner_texts())
    assert '"name": "rider"' in added
    assert "city" not in added
    visit.click("button", "Save")
    assert "rider" in visit.page.get_by_role("region", name="Columns").inner_text()


def test_what_is_wrong_is_told_and_not_kept(engine: str, window: Callable[[str], Visit]) -> None:
    visit = window(engine)
    visit.meant = {400}
    visit.open("/meshloom/#/define")
    visit.settle()
    schema, table = definition("broken")
    write(visit, '{"schemaName": ', table)
    visit.told("The schema is no JSON")
    schema["dimensionFieldSpecs"][0]["dataType"] = "TEXT"
    write(visit, schema, table)
    visit.told("The controller answered 400.")
    schema, table = definition("broken")
    table["segmentsConfig"]["timeColumnName"] = "when"
    write(visit, schema, table)
    visit.told("The controller answered 400.")
    assert visit.page.get_by_role("button", name="Save").is_disabled()
    assert visit.page.request.get(f"{engine}/schemas/broken").status == 404


def test_every_place_of_the_engine_is_whole(engine: str, window: Callable[[str], Visit]) -> None:
    visit = window(engine)
    visit.page.emulate_media(color_scheme="dark" if visit.narrow else "light")
    visit.open("/meshloom/")
    for name, shown in (
        ("Instances", "Server_"), ("Tenants", "DefaultTenant"), ("Tasks", "SegmentGenerationAndPushTask"),
        ("Query console", "History"), ("Tables", "Segments"),
    ):  # fmt: skip
        visit.click("link", name, exact=True)
        visit.page.get_by_role("heading", level=1, name=name).wait_for()
        visit.told(shown)


def test_a_mesh_shows_its_cluster_to_those_who_govern(portal: str, window: Callable[[str], Visit]) -> None:
    visit = window(portal)
    visit.log_in("grace")
    visit.click("link", "Cluster", exact=True)
    visit.click("link", "pos_transactions")
    visit.told("Segments")
    assert "_retracted" in visit.page.get_by_role("region", name="Columns").inner_text()
    for writing in ("Upload", "Delete", "Edit", "Reload"):
        assert visit.page.locator("main").get_by_text(writing, exact=True).count() == 0
    visit.click("link", "Query it")
    assert "/console?sql=SELECT" in visit.page.url


def test_a_mesh_keeps_its_cluster_from_others(portal: str, window: Callable[[str], Visit]) -> None:
    visit = window(portal)
    visit.meant = {403}
    visit.log_in("sam")
    assert visit.page.get_by_role("link", name="Cluster", exact=True).count() == 0
    visit.open("/cluster")
    visit.told("sam may not see the cluster")
    asked = visit.page.request.get(f"{portal}/cluster/api/tables/pos_transactions/size")
    assert asked.status == 403
