"""The search by name: what readers type leads to the result that they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from equations.book import Entry, read_book

BOOK = Path(__file__).parents[2] / "book"


@pytest.fixture(scope="module")
def entries() -> dict[str, Entry]:
    return read_book(BOOK).entries


@pytest.fixture(scope="module")
def dialog(browser: Browser, site: str) -> Iterator[Locator]:
    """Open the search, once for all questions."""
    page = browser.new_page()
    page.goto(f"{site}errata.html")
    page.keyboard.press("Control+k")
    yield page.get_by_role("dialog", name="Search")
    page.close()


def found(dialog: Locator, typed: str) -> list[str]:
    """Return the addresses that a question finds, best first, or none."""
    dialog.get_by_role("searchbox").fill(typed)
    count = re.compile("No entries" if typed == "a word of no book" else r"^\d+ entr(y|ies) by")
    expect(dialog.locator(".found-count")).to_have_text(count)
    links = dialog.locator(".found a").all()
    return [link.get_attribute("href") or "" for link in links]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Pinsker’s inequality", "ineq-pinsker"),
        ("Pinsker's inequality", "ineq-pinsker"),
        ("Gibbs’ inequality", "ineq-gibbs"),
        ("Jensen’s inequality", "ineq-gibbs"),
        ("Kullback–Leibler", "eq-kl-def"),
        ("Kullback-Leibler divergence", "eq-kl-def"),
        ("kullback leibler", "eq-kl-def"),
        ("KullbackLeibler", "eq-kl-def"),
        ("D_KL", "eq-kl-def"),
        ("information gain", "eq-kl-def"),
        ("earth mover's distance", "def-wasserstein"),
        ("earth mover’s distance", "def-wasserstein"),
        ("earth movers distance", "def-wasserstein"),
        ("EMD", "def-wasserstein"),
        ("W1", "def-wasserstein"),
        ("W_1", "def-wasserstein"),
        ("W₁", "def-wasserstein"),
        ("Wasserstein-1", "def-wasserstein"),
        ("cross entropy", "eq-ce-def"),
        ("cross-entropy", "eq-ce-def"),
        ("crossentropy", "eq-ce-def"),
        ("negative log-likelihood", "eq-ce-def"),
        ("softplus", "alg-logsumexp"),
        ("χ²", "eq-chi-square-def"),
        ("chi-squared", "eq-chi-square-def"),
        ("Renyi", "eq-renyi-def"),
        ("surprisal", "eq-info-def"),
        ("EQ-KL-DEF", "eq-kl-def"),
    ],
)
def test_a_name_comes_first(dialog: Locator, typed: str, name: str) -> None:
    assert found(dialog, typed)[0].endswith(f"eq/{name}/index.html")


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("{}", "eq-kl-def"),
        ("({})", "eq-kl-def"),
        ("Definition {}", "eq-kl-def"),
        ("Theorem {}", "thm-kr-duality"),
        ("eq. ({})", "ineq-pinsker"),
        ("Exercise {}", "ex-kl-bits"),
        ("ex. ({})", "ex-kl-bits"),
    ],
)
def test_a_number_is_found_as_it_is_cited(
    dialog: Locator, entries: dict[str, Entry], form: str, name: str
) -> None:
    address = found(dialog, form.format(entries[name].number))[0]
    assert re.search(rf"[/#]{name}(/|$)", address)


@pytest.mark.parametrize(
    ("typed", "anchor"),
    [
        ("KL(p || q)", "kullback-leibler-divergence"),
        ("D_KL(P||Q)", "kullback-leibler-divergence"),
        ("D(p‖q)", "kullback-leibler-divergence"),
        (r"D_{\mathrm{KL}}(p \| q)", "kullback-leibler-divergence"),
        ("JSD(p || q)", "jensen-shannon-divergence"),
        ("sigmoid", "logistic-function"),
    ],
)
def test_a_symbol_is_found_as_it_is_written(dialog: Locator, typed: str, anchor: str) -> None:
    assert found(dialog, typed)[0].endswith(f"notation.html#symbol-{anchor}")
    first = dialog.locator(".found-title").first
    expect(first).to_have_text(re.compile(r"^(KL\(p ∥ q\)|JS\(p,q\)|σ\(a\)): "))


def test_what_is_not_there_is_not_found(dialog: Locator) -> None:
    assert found(dialog, "a word of no book") == []
