"""Every page of the site in every width and mode: quiet, complete, narrow enough, accessible."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.serving import served
from tests.browser.sweep import Visit, addresses, sweep

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


# Contrast fails in one mode, a box without focus scrolls on a phone alone, a formula has a colour.
# A paragraph that changes its colour slowly has contrast before and after.
FAULTY = """<!doctype html>
<html lang="en"><head><title>Faulty</title><meta charset="utf-8"><link rel="icon" href="data:,">
<style>
  .pale { color: #767676 }
  .slow { transition: color 0.6s }
  .box { overflow-x: auto }
  @media (prefers-color-scheme: dark) { html { background: #fff } body { color: #eee } }
  @media (prefers-color-scheme: dark) { .pale { background: #000; color: #444 } }
</style>
<main><h1 id="one">Faulty</h1><p id="one" class="pale">pale in the dark</p>
<img src="http://elsewhere.example/logo.png" alt="logo"><img src="missing.png">
<pre class="box" tabindex="-1">
      print("a line of code that a tablet shows, and of which a phone shows a part")</pre>
<div class="math-scroll box" tabindex="-1"><span class="katex-display"><span class="katex"><span
  class="katex-html" aria-hidden="true"><span style="display: inline-block; width: 700px">z</span>
  </span></span></span></div>
<div style="width: 800px">wider than a phone, and than a tablet</div>
<p class="slow">from light to dark, by and by</p>
<p><span class="katex"><span class="katex-html" aria-hidden="true"><span
  style="color: red">x</span><button>y</button></span></span></p></main>
<script>console.debug("said"); setTimeout(() => { throw new Error("thrown") }, 0)</script>
"""


@pytest.fixture(scope="module")
def faulty(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Visit:
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text(FAULTY, "utf-8")
    with served(folder) as site:
        return sweep(executable, site, addresses(folder))["index.html"]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("console", "debug: said"),
        ("console", "error: thrown"),
        ("outside", "http://elsewhere.example/logo.png"),
        ("missing", "404 http"),
        ("repeated", "one"),
        ("wide", "768 px, light: div"),
        ("wide", "360 px, dark: 8"),
        ("rules", "360 px, dark: color-contrast"),
        ("rules", "360 px, dark: scrollable-region-focusable: 2"),
        ("rules", "1280 px, light: image-alt"),
        ("rules", "span has another colour"),
        ("rules", "button"),
    ],
)
def test_faults_are_found(faulty: Visit, kind: str, found: str) -> None:
    assert [text for text in getattr(faulty, kind) if text.startswith(found)]


def test_what_is_right_is_not_blamed(faulty: Visit) -> None:
    assert not [text for text in faulty.wide if text.startswith("1280")]
    assert not [text for text in faulty.rules if text.startswith("1280 px, light: color-contrast")]
    assert not [text for text in faulty.rules if text.startswith("1280 px, light: scrollable")]


def test_a_page_without_a_dark_mode_is_found(executable: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        "<title>White</title><p>always black on white</p>", "utf-8"
    )
    with served(tmp_path) as site:
        visit = sweep(executable, site, ["index.html"])["index.html"]
    assert visit.unlike == ["1280 px, dark", "768 px, dark", "360 px, dark"]


def test_pages_are_found_by_their_addresses(tmp_path: Path) -> None:
    for name in ("index.html", "a.html", "b/index.html", "_static/template.html"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, "utf-8")
    assert sorted(addresses(tmp_path)) == ["a.html", "b/", "index.html"]
