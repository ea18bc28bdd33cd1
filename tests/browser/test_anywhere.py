"""Pages opened as files, without JavaScript, on a slow line: complete, light, at rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.phone import first_visit

# A chapter with figures and sliders, a page of one result, one in a folder, and the first page.
FEW = ["index.html", "transport.html", "eq/eq-kl-def/index.html", "articles/a3.html"]
TEXT_ONLY = ["index.html", "articles/index.html", "errata.html", "questions.html"]


def noted(page: Page) -> list[str]:
    """Return the list in which all that goes wrong on a page will be."""
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    return wrong


def complete(page: Page) -> None:
    """Assert that pictures, type and formulas of a page are there."""
    empty = page.locator("img").evaluate_all(
        "images => images.filter(image => image.complete && !image.naturalWidth).map(i => i.src)"
    )
    assert empty == []
    formula = page.locator(".katex-html").filter(visible=True).first
    box = formula.bounding_box()
    assert box is not None
    assert box["width"] > 5 < box["height"]
    assert "KaTeX" in formula.evaluate("e => getComputedStyle(e).fontFamily")


@pytest.mark.parametrize("name", FEW)
def test_pages_open_from_a_disk(context: BrowserContext, folder: Path, name: str) -> None:
    page = context.new_page()
    wrong = noted(page)
    page.goto((folder / name).as_uri())
    page.evaluate("document.fonts.ready")
    if name != "index.html":
        complete(page)
    assert wrong == []


def test_cards_and_links_work_from_a_disk(context: BrowserContext, folder: Path) -> None:
    page = context.new_page()
    page.goto((folder / "eq" / "eq-kl-def" / "index.html").as_uri())
    page.locator("#main-content [data-card]").first.hover()
    expect(page.locator("#card")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_text("Notation").click()
    page.wait_for_url("**/notation.html")
    assert page.url == (folder / "notation.html").as_uri()


@pytest.mark.parametrize("name", FEW)
def test_pages_work_without_javascript(browser: Browser, site: str, name: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    wrong = noted(page)
    page.goto(site + name)
    if name != "index.html":
        complete(page)
    for drawing in page.locator(".slider > svg").all():
        expect(drawing).to_be_visible()
    expect(page.locator(".slider-controls input").filter(visible=True)).to_have_count(0)
    expect(page.locator(".pst-js-only").filter(visible=True)).to_have_count(0)
    for link in page.get_by_role("navigation", name="Main").get_by_role("link").all()[:3]:
        expect(link).to_be_visible()
    assert wrong == []
    context.close()


@pytest.mark.parametrize("name", TEXT_ONLY)
def test_first_visit_to_a_page_of_text_is_light(browser: Browser, site: str, name: str) -> None:
    visit = first_visit(browser, site + name)
    assert visit.transferred <= 400_000


@pytest.mark.parametrize("number", range(3))
def test_longest_pages_of_a_phone_do_not_shift(
    browser: Browser, folder: Path, site: str, number: int
) -> None:
    longest = sorted(folder.glob("*.html"), key=lambda path: -path.stat().st_size)[number]
    visit = first_visit(browser, site + longest.name, jump=True)
    assert visit.shift <= 0.01, visit


# What the browser has not laid out yet has the height that its class says; the rest its own.
TOO_TALL = """() => {
  const sections = [...document.querySelectorAll(".bd-article > section > section")];
  const kept = sections.map(section => section.getBoundingClientRect().height);
  for (const section of sections) section.style.contentVisibility = "visible";
  const real = sections.map(section => section.getBoundingClientRect().height);
  const places = kept.map((height, i) => [height, real[i], sections[i].id]);
  return {skipped: places.filter(([a, b]) => a !== b).length,
          tall: places.filter(([a, b]) => b > 1.05 * a).map(([, , id]) => id)};
}"""


@pytest.mark.parametrize("width", [412, 1280])
@pytest.mark.parametrize("name", ["kl", "js", "information", "ipms"])
def test_sections_are_not_taller_than_is_said(
    context: BrowserContext, site: str, name: str, width: int
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 823})
    page.goto(f"{site}{name}.html")
    page.wait_for_timeout(300)
    places = page.evaluate(TOO_TALL)
    assert places["skipped"] > 2
    assert places["tall"] == []


COPIED = """selector => {
  getSelection().selectAllChildren(document.querySelector(selector));
  const clipboardData = new DataTransfer();
  const copy = new ClipboardEvent("copy", {clipboardData, bubbles: true, cancelable: true});
  document.dispatchEvent(copy);
  return clipboardData.getData("text/plain").trim();
}"""


def test_formulas_are_copied_as_latex(context: BrowserContext, site: str) -> None:
    page = context.new_page()
    page.goto(f"{site}kl.html")
    whole = page.evaluate(COPIED, "#eq-kl-def div.math")
    assert whole.startswith("$$")
    assert whole.endswith("$$")
    assert r"\KL{p}{q} := \sum_{x} p(x) \log \frac{p(x)}{q(x)}" in whole
    sentence = page.evaluate(COPIED, "section > section p:has(.katex)")
    assert r"logarithms are natural, $0 \log 0 = 0$ and" in sentence
