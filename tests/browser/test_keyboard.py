"""The book without a mouse: real keys, from the skip link to the last link of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.keys import tab_to

# What can take the focus, can be seen, and was not met on the way.
PASSED_OVER = """() => [...document.querySelectorAll(
  'a[href], button, input, select, textarea, summary, iframe, [tabindex]')].filter(
    (element) => element.tabIndex >= 0 && !element.disabled && !walk.met.has(element)
      && element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }))
  .map((element) => element.outerHTML.slice(0, 120))"""

# Where the focus is, and whether one can see it: the element is not under another one, and it
# looked another way before. The look without focus is taken when the focus has gone on.
ARRIVE = """async () => {
  await Promise.all(document.getAnimations().map((animation) => animation.finished));
  const look = (element) => {
    const read = (one) => {
      const s = getComputedStyle(one);
      return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor,
        s.backgroundColor, s.color, s.textDecorationLine, s.stroke, s.transform].join();
    };
    return [element, ...element.querySelectorAll("*")].slice(0, 20).map(read).join(";");
  };
  const name = (element) => (element.outerHTML.match(/^<[^>]*>/)[0] + element.textContent.trim())
    .replace(/\\s+/g, " ").slice(0, 120);
  const { last, faults } = window.walk ??= { last: null, faults: [], met: new Set() };
  if (last && last.look === look(last.element)) {
    faults.push(`no sign of focus: ${name(last.element)}`);
  }
  const element = document.activeElement;
  if (element === document.body || window.walk.met.has(element)) return false;
  window.walk.met.add(element);
  const boxes = [element, ...element.querySelectorAll("*")]
    .flatMap((part) => [...part.getClientRects()])
    .filter(({ width, height }) => width * height > 0);
  const seen = boxes.some(({ left, top, right, bottom }) => {
    const x = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
    const y = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
    const shown = document.elementFromPoint(x, y);
    return shown && (element.contains(shown) || shown.contains(element));
  });
  if (!seen) faults.push(`hidden while it has the focus: ${name(element)}`);
  window.walk.last = { element, look: look(element) };
  return true;
}"""

# Each element takes the focus: of which does a box around it cut off the outline, left or right?
# What scrolls shows its edge in the end.
CUT_OFF = """() => {
  const stops = [...document.querySelectorAll("a[href], button, input, summary, [tabindex]")]
    .filter((element) => element.tabIndex >= 0 && element.checkVisibility());
  const cuts = (box) => {
    const { overflowX, contentVisibility } = getComputedStyle(box);
    return overflowX !== "visible" || contentVisibility === "auto";
  };
  const scrolls = (box) =>
    box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== "hidden";
  return stops.filter((element) => {
    element.focus({ preventScroll: true });
    const { outlineStyle, outlineWidth, outlineOffset } = getComputedStyle(element);
    if (outlineStyle === "none") return false;
    const reach = parseFloat(outlineWidth) + parseFloat(outlineOffset);
    const { left, right, width } = element.getBoundingClientRect();
    for (let box = element.parentElement; width && box; box = box.parentElement) {
      if (!cuts(box)) continue;
      if (scrolls(box)) return false;
      const inside = box.getBoundingClientRect().left + box.clientLeft;
      if (left - reach < inside - 0.6) return true;
      if (right + reach > inside + box.clientWidth + 0.6) return true;
    }
    return false;
  }).map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.emulate_media(reduced_motion="reduce")
    return page


def walk(page: Page) -> Iterator[None]:
    """Press Tab until the page has no further stop."""
    page.keyboard.press("Tab")
    while page.evaluate(ARRIVE):
        yield
        page.keyboard.press("Tab")


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", ["index.html", "eq/eq-js-embedding/", "errata.html"])
def test_each_stop_is_reached_once_and_shows_it(
    page: Page, site: str, name: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(site + name)
    page.wait_for_timeout(500)  # until it is known which boxes scroll
    assert sum(1 for _ in walk(page)) > 10
    assert page.evaluate(PASSED_OVER) == []
    assert page.evaluate("walk.faults") == []


def test_a_page_without_sign_of_focus_is_found(page: Page) -> None:
    page.set_content(
        "<style>a { display: block; outline: 0 } #lid { position: fixed; inset: 20px 0 0 }</style>"
        "<a href='#a'>plain</a><a href='#b' style='margin-top: 90px'>covered</a><div id=lid></div>"
    )
    list(walk(page))
    faults = page.evaluate("walk.faults")
    assert [fault.partition(":")[0] for fault in faults] == [
        "no sign of focus",
        "hidden while it has the focus",
        "no sign of focus",
    ]


@pytest.mark.parametrize("name", ["index.html", "kl.html", "catalogue.html"])
def test_no_sign_of_focus_is_cut_off(page: Page, site: str, name: str) -> None:
    page.set_viewport_size({"width": 375, "height": 900})
    page.goto(site + name)
    page.wait_for_timeout(500)  # until it is known which boxes scroll
    page.keyboard.press("Tab")
    assert page.evaluate(CUT_OFF) == []


def test_a_sign_of_focus_that_is_cut_off_is_found(page: Page) -> None:
    box = "<div style='overflow: {}; width: 100px'><button style='width: {}px'>b</button></div>"
    boxes = [box.format("hidden", 100), box.format("hidden", 80), box.format("auto", 200)]
    page.set_content(
        f"<style>button {{ outline: 2px solid; margin: 4px 0 }}</style>{''.join(boxes)}"
    )
    page.keyboard.press("Tab")
    assert len(page.evaluate(CUT_OFF)) == 2  # at the left edge of the first two


def test_skip_link_comes_first_and_leads_past_the_navigation(page: Page, site: str) -> None:
    page.goto(site + "coding.html")
    tab_to(page, page.get_by_role("link", name="Skip to main content"), most=1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main-content').contains(document.activeElement)")


def test_navigation_leads_to_a_chapter_and_on_to_the_next(page: Page, site: str) -> None:
    page.goto(site + "index.html")
    tab_to(page, page.get_by_role("navigation", name="Main").get_by_text("The Jensen–Shannon"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/js.html")
    page.goto(site + "errata.html")
    following = page.locator("a.right-next")
    tab_to(page, following)
    target = following.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{target}")


def test_navigation_of_a_phone_opens_and_closes(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(site + "errata.html")
    toggle = page.locator("button.primary-toggle")
    tab_to(page, toggle)
    page.keyboard.press("Enter")
    sidebar = page.locator("#pst-primary-sidebar-modal")
    expect(sidebar).to_be_visible()
    tab_to(page, sidebar.get_by_role("link", name="Notation"))
    page.keyboard.press("Escape")
    expect(sidebar).to_be_hidden()
    expect(toggle).to_be_focused()


def test_search_finds_a_result(page: Page, site: str) -> None:
    page.goto(site + "errata.html")
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Search")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("ineq-pinsker")
    found = dialog.get_by_role("link", name="Pinsker").first
    expect(found).to_be_visible()
    tab_to(page, found)
    page.keyboard.press("Enter")
    page.wait_for_url("**/eq/ineq-pinsker/**")


def test_search_page_lists_what_the_text_has(page: Page, site: str) -> None:
    page.goto(site + "errata.html")
    tab_to(page, page.locator(".search-open:visible").first)
    page.keyboard.press("Enter")
    page.keyboard.type("Pinsker")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=Pinsker")
    results = page.locator("#search-results li a")
    expect(results.first).to_be_visible()
    tab_to(page, results.first)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^(?!.*search\.html)"))
    expect(page.locator("#main-content")).to_contain_text("Pinsker")


def test_search_closes(page: Page, site: str) -> None:
    page.goto(site + "errata.html")
    button = page.locator(".search-open:visible").first
    tab_to(page, button)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Search")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_a_reference_shows_its_card_and_leads_to_the_result(page: Page, site: str) -> None:
    page.goto(f"{site}js.html#eq-js-mutual-information")
    link = page.locator("#eq-js-mutual-information [data-card]").first
    tab_to(page, link)
    card = page.locator("#card")
    expect(card).to_be_visible()
    expect(link).to_have_attribute("aria-describedby", "card")
    assert len(card.inner_text()) > 20
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(link).to_be_focused()
    target = link.get_attribute("data-card")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**#{target}")


def test_citation_opens_is_copied_and_closes(page: Page, site: str) -> None:
    page.goto(f"{site}js.html#eq-js-embedding")
    cite = page.locator("#eq-js-embedding details.cite")
    summary = cite.locator("> summary")
    tab_to(page, summary)
    page.keyboard.press("Enter")
    expect(cite.locator("pre").first).to_be_visible()
    bibtex = cite.get_by_text("BibTeX", exact=True)
    tab_to(page, bibtex)
    page.keyboard.press("Enter")
    expect(cite.locator("pre", has_text="@misc{")).to_be_visible()
    tab_to(page, cite.get_by_role("button", name="Copy BibTeX"))
    page.keyboard.press("Enter")
    expect(page.locator("[role=status]", has_text="BibTeX")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(cite.locator(".cite-panel")).to_be_hidden()
    expect(summary).to_be_focused()


def test_solution_unfolds_and_folds(page: Page, site: str) -> None:
    page.goto(f"{site}js.html#exercises")
    solution = page.locator("details.sd-dropdown").first
    content = solution.locator(".sd-card-body")
    expect(content).to_be_hidden()
    tab_to(page, solution.locator("summary"))
    page.keyboard.press("Enter")
    expect(content).to_be_visible()
    page.keyboard.press("Space")
    expect(content).to_be_hidden()


def test_mode_is_chosen_and_kept(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(site + "errata.html")
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "light")
    tab_to(page, page.get_by_role("button", name="Colours"))
    for _ in range(3):  # as the system has them, light, dark
        if html.get_attribute("data-theme") == "light":
            page.keyboard.press("Enter")
    expect(html).to_have_attribute("data-theme", "dark")
    page.goto(site + "index.html")
    expect(html).to_have_attribute("data-theme", "dark")
