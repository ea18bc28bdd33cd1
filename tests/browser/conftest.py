"""The book as a browser finds it: built, served below a sub-path, cut off from all other sites.

Without a browser, or without a book that is up to date, the tests are skipped, and say what to
do; where CI is set they fail. BOOK_SITE names another folder with a built book.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from build_book import KEY, sources_key
from tests.browser import chromium
from tests.browser.serving import served

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "_build" / "html"


def cannot_run(reason: str) -> NoReturn:
    """Skip a test, or fail it where it has to run."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def out_of_date() -> str | None:
    """Return what is wrong with the book in _build/html."""
    if not (BUILT / "index.html").is_file():
        return "There is no book in _build/html to look at: make book"
    with chdir(ROOT):
        current = KEY.is_file() and KEY.read_text("utf-8") == sources_key()
    if not current:
        return "The book in _build/html is older than its sources: make book"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, so that `-m "not browser"` leaves them out."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def executable() -> str:
    """Return the path of Chromium."""
    return chromium.executable() or cannot_run(chromium.ADVICE)


@pytest.fixture(scope="session")
def folder(executable: str) -> Path:
    """Return the folder of the built book."""
    del executable  # whoever has no browser need not build the book
    if named := os.environ.get("BOOK_SITE"):
        return Path(named).resolve()
    if reason := out_of_date():
        cannot_run(reason)
    return BUILT


@pytest.fixture(scope="session")
def site(folder: Path) -> Iterator[str]:
    """Serve the book, and return its address."""
    with served(folder) as address:
        yield address


# One for each module, not for the session: Playwright runs an event loop as long as it is open,
# and tests elsewhere start their own.
@pytest.fixture(scope="module")
def browser(executable: str) -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Open a window without history."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield context
    context.close()
