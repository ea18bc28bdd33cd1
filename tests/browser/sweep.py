"""Visit all pages of a site once, and note what is wrong with each of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Literal

from axe_playwright_python.async_playwright import (  # type: ignore[import-untyped]  # no types
    Axe,
)
from playwright.async_api import Page, Request, Response, async_playwright

from tests.browser.chromium import FLAGS

Scheme = Literal["light", "dark"]

CHECKS = Path(__file__).with_name("page_checks.js").read_text("utf-8")
HEIGHT = 900
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# What a browser lays out only when it comes near has until then the place of an older layout.
LAID_OUT = """() => {
  for (const part of document.querySelectorAll(".bd-article > section > section"))
    part.style.contentVisibility = "visible";
}"""
# Colours and places that change by and by, as in the themes: axe would measure one in between.
# What turns for ever, or waits, is not waited for.
SETTLED = """async () => {
  const changes = document.getAnimations().map((change) => change.finished);
  await Promise.race([
    Promise.allSettled(changes),
    new Promise((done) => setTimeout(done, 1000)),
  ]);
}"""
PATIENCE = 180_000  # milliseconds: the longest pages, on a machine that is busy
# The order changes one thing at a time. axe sees the last state, and then the first.
STATES: list[tuple[int, Scheme]] = [
    (1280, "light"),
    (1280, "dark"),
    (768, "dark"),
    (768, "light"),
    (360, "light"),
    (360, "dark"),
]
# What a rule says of a page may depend on its colours and its width; with most rules it does not.
STATE_RULES = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Visit:
    """What was seen of a page; a fault is noted with the state of the page where it matters."""

    console: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    wide: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


def addresses(folder: Path) -> list[str]:
    """Return the addresses of the pages of a site, relative to it; longest pages first."""
    files = [
        path for path in folder.rglob("*.html") if "_static" not in path.relative_to(folder).parts
    ]
    files.sort(key=lambda path: -path.stat().st_size)
    names = [path.relative_to(folder).as_posix() for path in files]
    return [name.removesuffix("index.html") if "/" in name else name for name in names]


class Visitor:
    """A page of the browser that visits one address after the other."""

    def __init__(self, page: Page, site: str, rules: Sequence[str]) -> None:
        self.page = page
        self.site = site
        self.rules = rules
        self.visit = Visit()
        page.on("console", lambda message: self.hears(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.hears(f"error: {error}"))
        page.on("request", self.asks)
        page.on("response", self.gets)

    def hears(self, message: str) -> None:
        """Note what the page says on the console."""
        self.visit.console.append(message)

    def asks(self, request: Request) -> None:
        """Note what the page wants from elsewhere."""
        if not request.url.startswith((self.site, "data:", "blob:")):
            self.visit.outside.append(request.url)

    def gets(self, response: Response) -> None:
        """Note what the page wants and the site has not."""
        if response.status >= HTTPStatus.BAD_REQUEST:
            self.visit.missing.append(f"{response.status} {response.url}")

    async def become(self, width: int, scheme: Scheme) -> str:
        """Give the page a width and a mode, and return their name."""
        await self.page.set_viewport_size({"width": width, "height": HEIGHT})
        await self.page.emulate_media(color_scheme=scheme)
        await self.page.evaluate(FRAMES)  # a script of the page answers the change of mode
        return f"{width} px, {scheme}"

    async def look(self, name: str) -> Visit:
        """Visit a page in all states, and look at it with axe in the first and the last of them."""
        visit = self.visit = Visit()
        await self.become(*STATES[0])
        await self.page.goto(self.site + name)
        await self.page.evaluate(
            f"document.fonts.ready.then(() => {{ window.checks = {CHECKS}; }})"
        )
        visit.repeated += await self.page.evaluate("checks.repeated()")
        visit.rules += await self.page.evaluate("checks.odd_formulas()")
        for width, scheme in STATES:
            state = await self.become(width, scheme)
            visit.wide += [
                f"{state}: {fault}" for fault in await self.page.evaluate("checks.wide()")
            ]
            if await self.page.evaluate("checks.mode()") != scheme:
                visit.unlike.append(state)
        await self.page.evaluate("checks.shorten_formulas()")
        await self.page.evaluate(LAID_OUT)
        await self.page.evaluate(Axe().axe_script)
        for (width, scheme), rules in ((STATES[-1], STATE_RULES), (STATES[0], self.rules)):
            state = await self.become(width, scheme)
            await self.page.evaluate(SETTLED)
            found = await self.page.evaluate("rules => checks.broken_rules(rules)", rules)
            visit.rules += [f"{state}: {fault}" for fault in found]
        return visit


async def work(visitor: Visitor, names: Iterable[str], seen: dict[str, Visit]) -> None:
    """Visit pages as long as there are any."""
    for name in names:
        seen[name] = await visitor.look(name)


async def visit_all(
    executable: str, site: str, names: Sequence[str], rules: Sequence[str]
) -> dict[str, Visit]:
    """Visit pages, as many at a time as there are processors."""
    seen: dict[str, Visit] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        queue = iter(names)
        async with asyncio.TaskGroup() as group:
            for _ in range(os.cpu_count() or 1):
                page = await browser.new_page()
                page.set_default_timeout(PATIENCE)
                group.create_task(work(Visitor(page, site, rules), queue, seen))
        await browser.close()
    return seen


def sweep(
    executable: str, site: str, names: Sequence[str], rules: Sequence[str] = RULES
) -> dict[str, Visit]:
    """Visit pages of a site; return what was seen of each."""
    return asyncio.run(visit_all(executable, site, names, rules))
