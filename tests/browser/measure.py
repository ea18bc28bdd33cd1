"""Compare the longest chapter with a stock build of it on a slow phone: ``make measure``.

Both pages are visited in turns, with an empty cache each time, and medians are compared. What
is measured is written into a page of the book; the script fails if a bar is missed.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from importlib import metadata
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from tests.browser import chromium, stock
from tests.browser.conftest import out_of_date
from tests.browser.phone import first_visit, slow_phone
from tests.browser.serving import served
from tests.browser.sweep import LAID_OUT

SITE = stock.ROOT / "_build" / "html"
PAGE = stock.ROOT / "book" / "_static" / "pages-measured.md"
ROUNDS = 3
TEXT_ONLY = ("index.html", "articles/index.html", "errata.html", "questions.html")
LARGEST_RATIO = 0.25  # of the time to mathematics, to that of the stock page
LARGEST_SHIFT = 0.01
LARGEST_VISIT = 400_000  # bytes, to a page without figures

# Notes when the first formula is there, and when all are: typeset, in their own type, painted.
# If asked to, it lays out what the book leaves for later before it says that all are there.
# MathJax goes on for minutes, with words for screen readers; this is not waited for.
CLOCK = f"""
{{
  const layOut = {LAID_OUT};
  const frame = () => new Promise(requestAnimationFrame);
  const until = async (holds) => {{
    while (!holds()) await frame();
  }};
  const painted = async () => {{
    await frame();
    await frame();
    return performance.now();
  }};
  const typeIsThere = () => {{
    const faces = [...document.fonts].filter((face) => /KaTeX|MJX/.test(face.family));
    return faces.some((face) => face.status === "loaded") &&
      faces.every((face) => face.status !== "loading");
  }};
  const firstIsThere = () => {{
    const formula = document.querySelector("main .math :is(.katex-html, mjx-container)");
    return formula?.getBoundingClientRect().width > 0 && typeIsThere();
  }};
  const formulas = document.getElementsByClassName("math");
  const typeset = ["katex-html", "MathJax"].map((name) => document.getElementsByClassName(name));
  const allAreTypeset = () => document.readyState !== "loading" &&
    typeset.some((found) => found.length >= formulas.length);
  const watch = async () => {{
    await until(firstIsThere);
    window.seen.first = await painted();
    await until(allAreTypeset);
    if (window.layOutAll) layOut();
    document.body.getBoundingClientRect();
    await until(typeIsThere);
    window.seen.whole = await painted();
  }};
  window.seen.done = watch();
}}
"""
FORMULAS = "document.getElementsByClassName('math').length"
UNSET = """document.querySelectorAll(
  ".math:not(:has(.katex-html, .MathJax)), mjx-merror, [data-mml-node=merror], .katex-error"
).length"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True)
class Visit:
    """What one visit cost; times in seconds since the visit began."""

    paint: float
    first: float
    whole: float
    shift: float
    transferred: int
    formulas: int


def visit(browser: Browser, address: str, *, lay_out: bool = False) -> Visit:
    """Visit a page with formulas.

    With ``lay_out`` everything on the page is laid out before its formulas count as there;
    otherwise the reader jumps to the end of it afterwards, and what moves meanwhile counts.
    """
    with slow_phone(browser) as phone:
        page = phone.page
        page.add_init_script(f"window.layOutAll = {str(lay_out).lower()};{CLOCK}")
        page.goto(address)
        page.evaluate("seen.done")
        page.wait_for_timeout(1000)
        transferred = phone.transferred
        if unset := page.evaluate(UNSET):
            raise RuntimeError(f"{unset} formulas of {address} could not be typeset")
        first, whole, paint = (
            float(page.evaluate(time)) / 1000 for time in ("seen.first", "seen.whole", PAINT)
        )
        shift = phone.shift(jump=not lay_out)
        return Visit(paint, first, whole, shift, transferred, page.evaluate(FORMULAS))


def middle(visits: Iterable[Visit]) -> Visit:
    """Return the medians of several visits."""
    seen = list(visits)
    return Visit(*(median(getattr(one, field.name) for one in seen) for field in fields(Visit)))


def longest(folder: Path) -> str:
    """Return the name of the page of a site with most formulas."""
    pages = {file.stem: file.read_text("utf-8") for file in folder.glob("*.html")}
    return max(pages, key=lambda name: pages[name].count('class="katex-html"'))


@dataclass(frozen=True)
class Bar:
    """What was promised, and what was measured."""

    promise: str
    limit: float
    measured: float

    @property
    def met(self) -> bool:
        """Tell whether the promise is kept."""
        return self.measured <= self.limit


def bars(book: Visit, stock_page: Visit, texts: Mapping[str, int]) -> list[Bar]:
    """Compare what was measured with what was promised."""
    heaviest = max(texts, key=lambda name: texts[name])
    part = "of the time of the stock page"
    return [
        Bar(f"first formula, {part}", LARGEST_RATIO, book.first / stock_page.first),
        Bar(f"all formulas, {part}", LARGEST_RATIO, book.whole / stock_page.whole),
        Bar("shift of the layout", LARGEST_SHIFT, book.shift),
        Bar(f"kB for a page of text ({heaviest})", LARGEST_VISIT / 1000, texts[heaviest] / 1000),
    ]


def report(book: Visit, stock_page: Visit, promises: Sequence[Bar]) -> list[str]:
    """Return the tables of the page."""
    rows = [
        ("first contentful paint", "{:.2f} s", "paint", 1),
        ("first formula", "{:.2f} s", "first", 1),
        ("all formulas", "{:.2f} s", "whole", 1),
        ("shift of the layout", "{:.4f}", "shift", 1),
        ("transferred", "{:.0f} kB", "transferred", 1e-3),
        ("formulas", "{:.0f}", "formulas", 1),
    ]
    lines = ["| seen | this book | stock |", "|---|---:|---:|"]
    for label, form, name, unit in rows:
        shown = [form.format(unit * getattr(one, name)) for one in (book, stock_page)]
        lines.append(f"| {label} | {shown[0]} | {shown[1]} |")
    lines += ["", "| promise | at most | measured | verdict |", "|---|---:|---:|---|"]
    lines += [
        f"| {bar.promise} | {bar.limit:g} | {bar.measured:.3g} | "
        f"{'met' if bar.met else '**not met**'} |"
        for bar in promises
    ]
    return lines


def machine(chapter: str, mathjax: str, chromium_version: str) -> str:
    """Return what was measured, with what, without any name of the machine."""
    date = dt.datetime.now(tz=dt.UTC).date()
    info = Path("/proc/cpuinfo")
    names = (
        re.findall(r"^model name\s*: (.*)$", info.read_text("utf-8"), re.MULTILINE)
        if (info.exists())
        else []
    )
    model = names[0] if names else platform.machine()
    theme = metadata.version("sphinx-book-theme")
    return (
        f"Measured on {date:%d %B %Y} with the chapter {{doc}}`{chapter}`, Chromium "
        f"{chromium_version} on {os.cpu_count()} cores of {model}; stock: Sphinx "
        f"{metadata.version('sphinx')}, sphinx-book-theme {theme}, MathJax {mathjax}. "
        f"Medians of {ROUNDS} visits of each, in turns."
    )


def measure(browser: Browser, book: str, stock_page: str) -> tuple[Visit, Visit]:
    """Visit the two pages in turns, and return the medians of each.

    The book is visited twice: once as it is, and once for the time that all of its layout takes.
    """
    plain, whole, stocks = [], [], []
    for _ in range(ROUNDS):
        stocks.append(visit(browser, stock_page))
        plain.append(visit(browser, book))
        whole.append(visit(browser, book, lay_out=True))
        print(stocks[-1], plain[-1], whole[-1], sep="\n", flush=True)
    return replace(middle(plain), whole=middle(whole).whole), middle(stocks)


def main() -> str | None:
    """Measure, write the page, and say what was promised and is not kept."""
    executable = chromium.executable()
    if executable is None:
        return chromium.ADVICE
    if reason := out_of_date():
        return reason
    chapter = longest(SITE)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        site = stock.build(chapter, Path(made))
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.FLAGS)
        with served(SITE) as here, served(site) as there:
            book, other = measure(browser, f"{here}{chapter}.html", f"{there}{chapter}.html")
            texts = {name: first_visit(browser, here + name).transferred for name in TEXT_ONLY}
        about = machine(chapter, stock.mathjax_version(Path(made)), browser.version)
        browser.close()
    promises = bars(book, other, texts)
    lines = [about, "", *report(book, other, promises)]
    PAGE.write_text("\n".join(lines) + "\n", "utf-8")
    print(*lines, sep="\n")
    missed = [bar.promise for bar in promises if not bar.met]
    return f"Not met: {'; '.join(missed)}" if missed else None


if __name__ == "__main__":
    sys.exit(main())
