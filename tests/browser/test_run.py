"""The Run buttons: the numbers that a page computes are those of the package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Route,
    expect,
)

import refimpl
from tests.browser.conftest import cannot_run

MINUTES = 3 * 60_000  # for the first run, on a machine that may be busy

# What a host may send with a page to forbid what it does not need: no eval of text.
POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'"

LAWS = [[0.5, 0.3, 0.2], [0.7, 0.2, 0.1], [0.9, 0.1, 0.0]]


@dataclass
class Chapter:
    """An open page, with what it has asked for and what it has complained of."""

    page: Page
    requests: list[str]
    before: list[str]
    """What was asked for until a button was used."""
    complaints: list[str]

    def cell(self, code: str) -> Locator:
        """Return the cell with some code in it."""
        return self.page.locator(".cell", has_text=code).filter(has=self.page.locator(".run"))

    def run(self, cell: Locator) -> str:
        """Press Run with a key, wait for the end, and return what the page then says."""
        button = cell.locator(".run-start")
        expect(button).to_have_accessible_name(re.compile("^Run, code cell"), timeout=MINUTES)
        button.press("Enter")
        expect(button).to_have_text("Run", timeout=MINUTES)
        return cell.get_by_role("status").inner_text()

    def write(self, cell: Locator, code: str) -> None:
        """Give a cell other code."""
        area = cell.get_by_role("textbox")
        if not area.count():
            cell.get_by_role("button", name="Edit").press("Enter")
        expect(area).to_be_focused()
        area.fill(code)


@pytest.fixture(scope="module")
def runnable(site: str, folder: Path) -> str:
    """Return the address of the book, if it has Run buttons."""
    if not (folder / "_run" / "pyodide.js").is_file():
        cannot_run("The book has no Run buttons: make runtime book")
    return site


@pytest.fixture(scope="module")
def chapter(browser: Browser, runnable: str) -> Iterator[Chapter]:
    """Open the chapter on coding, with a policy that its worker has to live with."""
    context = browser.new_context()

    def forbid(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, headers={**answer.headers, "content-security-policy": POLICY}
        )

    context.route("**/run-worker.js", forbid)
    requests: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", note)
    page.goto(f"{runnable}coding.html", wait_until="networkidle")
    yield Chapter(page, requests, list(requests), complaints)
    context.close()


def numbers(text: str) -> list[float]:
    return [float(word) for word in re.findall(r"inf|\d+\.\d*", text)]


def test_a_number_of_the_page_is_that_of_the_package(chapter: Chapter, site: str) -> None:
    assert not [url for url in chapter.before if re.search("_run/|worker|pyodide", url)]
    cell = chapter.cell("refimpl.perplexity(truth, models)")
    said = chapter.run(cell)
    assert "as in the book" in said
    assert "not as in the book" not in said
    truth = LAWS[1]
    expected = [*refimpl.cross_entropy(truth, LAWS, base=2), *refimpl.perplexity(truth, LAWS)]
    shown = numbers(cell.locator(".run-output").inner_text())
    np.testing.assert_allclose(shown, expected, rtol=1e-7)  # eight digits are printed
    # all from the site itself, the package too, and nothing that draws
    assert all(url.startswith((site, "data:")) for url in chapter.requests)
    loaded = " ".join(url.removeprefix(site) for url in chapter.requests)
    assert "_run/pyodide.asm.wasm" in loaded
    assert f"_run/refimpl-{refimpl.__version__}-" in loaded
    assert "matplotlib" not in loaded
    assert chapter.complaints == []


def test_another_number_after_an_edit(chapter: Chapter) -> None:
    cell = chapter.cell("refimpl.perplexity(truth, models)")
    chapter.write(cell, "law = [0.4, 0.3, 0.2, 0.1]\nrefimpl.entropy(law, base=2)")
    assert "book" not in chapter.run(cell)
    (shown,) = numbers(cell.locator(".run-output").inner_text())
    assert shown == pytest.approx(refimpl.entropy([0.4, 0.3, 0.2, 0.1], base=2), rel=1e-12)
    cell.get_by_role("button", name="As in the book").press("Enter")
    expect(cell.locator("pre").first).to_be_visible()
    assert "as in the book" in chapter.run(cell)


def test_a_cell_takes_what_an_edited_cell_before_it_says(chapter: Chapter) -> None:
    first = chapter.cell("losses = refimpl.binary_cross_entropy")
    chapter.write(first, "losses = np.array([2.0, 4.0])")
    last = chapter.cell("print(np.exp(losses.mean()))")
    assert "not as in the book" in chapter.run(last)
    assert numbers(last.locator(".run-output").inner_text()) == [pytest.approx(np.exp(3))]
    first.get_by_role("button", name="As in the book").press("Enter")
    assert "not as in the book" not in chapter.run(last)


def test_errors_are_shown(chapter: Chapter) -> None:
    cell = chapter.cell("refimpl.perplexity(truth, models)")
    chapter.write(cell, "print('so far')\nrefimpl.entropy([7, 2, 1])")
    said = chapter.run(cell)
    assert said == "Ended by an error: ValueError, shown below."
    colour = "element => getComputedStyle(element).color"
    status, error = cell.get_by_role("status"), cell.locator(".run-error")
    assert status.evaluate(colour) == error.evaluate(colour)
    assert cell.locator(".run-text").inner_text().strip() == "so far"
    with pytest.raises(ValueError, match="sums to") as raised:
        refimpl.entropy([7, 2, 1])
    shown = error.inner_text()
    assert str(raised.value) in shown
    assert 'File "<cell 10>", line 2' in shown
    cell.get_by_role("button", name="As in the book").press("Enter")
    chapter.write(cell, "1 +")
    assert chapter.run(cell) == "Ended by an error: SyntaxError, shown below."
    cell.get_by_role("button", name="As in the book").press("Enter")


def test_a_run_can_be_stopped_and_begun_again(chapter: Chapter) -> None:
    cell = chapter.cell("refimpl.perplexity(truth, models)")
    chapter.write(cell, "print('on')\nwhile True:\n    pass")
    cell.get_by_role("button", name=re.compile("^Run, code cell")).press("Enter")
    expect(cell.locator(".run-text")).to_have_text("on\n", timeout=MINUTES)
    cell.get_by_role("button", name=re.compile("^Stop, code cell")).press("Enter")
    expect(cell.get_by_role("status")).to_have_text("Stopped.")
    cell.get_by_role("button", name="As in the book").press("Enter")
    assert "not as in the book" not in chapter.run(cell)


def test_a_figure_is_drawn_below_that_of_the_book(chapter: Chapter) -> None:
    fold = chapter.page.locator("details", has_text='ylabel="code made for $q$"')
    fold.locator("summary").press("Enter")
    cell = chapter.cell('ylabel="code made for $q$"')
    chapter.run(cell)
    book, drawn = cell.locator(".cell_output img"), cell.locator(".run-output img")
    expect(drawn).to_be_visible()
    size = "image => image.decode().then(() => image.naturalWidth / image.naturalHeight)"
    assert drawn.evaluate(size) == pytest.approx(book.evaluate(size), rel=0.03)
    assert drawn.get_attribute("alt") == f"Drawn in this page: {book.get_attribute('alt')}"
    assert cell.locator(".run-output pre").count() == 0
    assert chapter.complaints == []


@pytest.mark.usefixtures("runnable")
def test_a_page_opened_as_a_file_says_what_to_do(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((folder / "coding.html").as_uri())
    page.get_by_role("button", name="Run, code cell 10").click()
    assert "python -m http.server" in page.locator('[data-cell="9"] [role=status]').inner_text()
    assert complaints == []
    page.close()
