"""The two main journeys by clicking: somebody new finds data and asks it; an owner looks after a product."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Visit

pytestmark = pytest.mark.browser


def ask(visit: Visit, sql: str, purpose: str = "") -> None:
    """Type a question as a person does, and send it by the keyboard."""
    editor = visit.page.get_by_label("SQL", exact=True)
    if purpose:
        visit.page.get_by_label("Purpose of this question").select_option(purpose)
    editor.fill(sql)
    with visit.page.expect_response("**/console/run"):
        editor.press("Control+Enter")
    visit.quiet()


def test_a_newcomer_finds_a_product_and_asks_it(portal: str, window: Callable[[str], Visit]) -> None:
    visit = window(portal)
    visit.open("/")
    visit.told("Three things to try")
    visit.page.get_by_role("link", name="maya").click()
    visit.click("button", "maya")
    visit.told("You are maya")

    visit.page.get_by_label("Search the marketplace").fill("income")
    visit.page.get_by_label("Search the marketplace").press("Enter")
    visit.settle()
    visit.click("link", "Households", exact=True)
    for heading in ("Promised and measured", "Sample rows", "Ports", "Contract", "Lineage", "Versions"):
        assert visit.page.get_by_role("heading", name=heading).first.is_visible(), heading
    visit.told("What the policy did")
    assert "left empty" in visit.page.locator("#sample .effect").inner_text()
    assert "mesh.product(" in visit.page.locator("#snippet-1").inner_text()

    visit.click("link", "Open in the console")
    ask(visit, "SELECT household_id, age, income FROM households LIMIT 5", "marketing")
    assert visit.page.locator("#answer tbody tr").count() == 5
    masked = visit.page.locator("#answer .effect").inner_text()
    assert "income" in masked
    assert "age" not in masked.replace("marketing", "")


def test_the_same_question_gets_each_persona_its_own_answer(portal: str, window: Callable[[str], Visit]) -> None:
    counts, effects = {}, {}
    for persona, purpose in (("sam", "operations"), ("maya", "marketing")):
        visit = window(portal)
        visit.log_in(persona)
        visit.open("/console")
        ask(visit, "SELECT COUNT(*) FROM pos_transactions", purpose)
        counts[persona] = int(visit.page.locator("#answer tbody td").inner_text().replace(",", ""))
        effects[persona] = visit.page.locator("#answer .effect").inner_text()
    assert 0 < counts["sam"] < counts["maya"]
    assert "store_id is one of 367, 406" in effects["sam"]
    assert "No row was left out" in effects["maya"]


def test_without_a_purpose_sensitive_rows_stay_closed(portal: str, window: Callable[[str], Visit]) -> None:
    visit = window(portal)
    visit.meant = {403}
    visit.log_in("dana")
    visit.open("/console")
    visit.page.get_by_label("Purpose of this question").select_option("")
    ask(visit, "SELECT income FROM households LIMIT 5")
    visit.told("The policy says no")
    assert visit.page.locator("#answer table").count() == 0


def test_an_owner_looks_after_a_product(portal: str, window: Callable[[str], Visit]) -> None:
    visit = window(portal)
    visit.log_in("olivia")
    visit.click("link", "Data quality")
    row = visit.page.get_by_role("row", name="Point-of-sale transactions")
    row.get_by_role("link").last.click()
    visit.settle()
    visit.told("Rows held back")
    rules = visit.page.get_by_role("region", name="Rows held back").locator("tbody tr td:first-child")
    assert "quantity-in-pieces" in rules.first.inner_text()

    visit.click("link", "The product")
    visit.click("link", "Who read it")
    visit.told("quarantine")
    first = visit.page.locator("table.log tbody tr").first.inner_text()
    assert "olivia" in first
    assert "allowed" in first


def test_the_keyboard_alone_is_enough(portal: str, window: Callable[[str], Visit]) -> None:
    """Skip link first, `/` to search, Escape closes a menu, the editor completes and lets go of Tab after Escape."""
    visit = window(portal)
    visit.log_in("maya")
    keys = visit.page.keyboard
    visit.open("/market")
    keys.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    keys.press("Enter")
    assert visit.page.evaluate("document.activeElement.id") == "content"
    keys.press("/")
    assert visit.page.evaluate("document.activeElement.type") == "search"

    visit.open("/console")
    editor = visit.page.get_by_label("SQL", exact=True)
    editor.focus()
    keys.type("SELECT COUNT(*) FROM pos")
    visit.page.get_by_role("option", name="pos_transactions").wait_for()
    keys.press("Enter")
    assert editor.input_value() == "SELECT COUNT(*) FROM pos_transactions"
    keys.press("Escape")
    keys.press("Tab")
    assert visit.page.evaluate("document.activeElement.name || document.activeElement.textContent").strip() == "Run"


PAGES = ("/", "/market", "/map", "/console", "/quality", "/quality/pos-transactions", "/policies", "/audit",
         "/products/pos-transactions", "/products/household-360", "/products/household-360/lineage",
         "/products/daily-store-performance")  # fmt: skip


def test_every_page_is_whole(portal: str, window: Callable[[str], Visit]) -> None:
    """No error, no page wider than its window, one heading of the first rank, no picture or field without a name."""
    visit = window(portal)
    visit.page.emulate_media(color_scheme="dark" if visit.narrow else "light")
    visit.log_in("grace")
    for path in PAGES:
        visit.open(path)
        assert visit.page.locator("h1").count() == 1, path
        assert visit.page.evaluate(NAMELESS) == [], path


NAMELESS = """() => [...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, textarea, img")]
  .filter((one) => one.offsetParent && !(one.textContent.trim() || one.ariaLabel || one.labels?.length
     || one.hasAttribute("alt") || one.hasAttribute("aria-labelledby")))
  .map((one) => one.outerHTML.slice(0, 120))"""
