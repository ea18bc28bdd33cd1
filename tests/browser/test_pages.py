"""Every page of the site in every width and mode: quiet, complete, narrow enough, accessible."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.browser.serving import served
from tests.browser.sweep import WCAG, Visit, addresses, sweep

Visits = dict[str, Visit]


@pytest.fixture(scope="module")
def visits(executable: str, folder: Path, site: str) -> Visits:
    return sweep(executable, site, addresses(folder))


def faults(visits: Visits, kind: str) -> dict[str, list[str]]:
    return {name: found for name, visit in visits.items() if (found := getattr(visit, kind))}


def test_all_pages_were_visited(visits: Visits, folder: Path) -> None:
    assert len(visits) == len(addresses(folder))
    assert {"index.html", "kl.html", "search.html", "genindex.html"} < visits.keys()
    assert {"articles/", "api/refimpl.kl.html", "eq/eq-kl-def/"} < visits.keys()


def test_console_stays_empty(visits: Visits) -> None:
    assert faults(visits, "console") == {}


def test_no_request_leaves_the_site(visits: Visits) -> None:
    assert faults(visits, "outside") == {}


def test_nothing_that_a_page_asks_for_is_missing(visits: Visits) -> None:
    assert faults(visits, "missing") == {}


def test_pages_follow_the_mode_of_the_system(visits: Visits) -> None:
    assert faults(visits, "unlike") == {}


def test_no_page_scrolls_sideways(visits: Visits) -> None:
    assert faults(visits, "wide") == {}


def test_no_identifier_stands_twice_in_a_page(visits: Visits) -> None:
    assert faults(visits, "repeated") == {}


def test_pages_are_accessible(visits: Visits) -> None:
    assert faults(visits, "rules") == {}
