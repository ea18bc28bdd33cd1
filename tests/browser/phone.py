"""A first visit with a slow phone: how much it costs, and what moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

SLOWDOWN = 4  # of the processor, as Lighthouse slows it down
LATENCY = 150  # milliseconds, and the rest of “slow 4G” of Lighthouse
THROUGHPUT = 1_638_400 / 8  # bytes a second
WIDTH, HEIGHT = 360, 640
PATIENCE = 600_000  # milliseconds: a page that is set in the browser, on a machine that is busy

# Adds up what moves while nobody touches the page.
WATCH = """
window.seen = { shift: 0 };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.seen.shift += entry.value;
  }
}).observe({ type: "layout-shift", buffered: true });
"""
JUMP = "location.hash = [...document.querySelectorAll('section[id]')].at(-1).id"


@dataclass
class Phone:
    """A phone without history, and what came to it over the network."""

    page: Page
    transferred: int = 0

    def arrived(self, event: dict[str, int]) -> None:
        """Count what came, as it travelled."""
        self.transferred += event["encodedDataLength"]

    def shift(self, *, jump: bool) -> float:
        """Return how much has moved, on request after a jump to the last section."""
        if jump:
            self.page.evaluate(JUMP)
            self.page.wait_for_timeout(1000)
        return float(self.page.evaluate("seen.shift"))


@dataclass(frozen=True)
class FirstVisit:
    """What was measured."""

    transferred: int
    shift: float


@contextmanager
def slow_phone(browser: Browser) -> Iterator[Phone]:
    """Open a page as a slow phone with an empty cache does."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, is_mobile=True)
    context.set_default_timeout(PATIENCE)
    phone = Phone(context.new_page())
    protocol = context.new_cdp_session(phone.page)
    protocol.on("Network.loadingFinished", phone.arrived)
    protocol.send("Network.enable")
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    protocol.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY,
            "downloadThroughput": THROUGHPUT,
            "uploadThroughput": THROUGHPUT,
        },
    )
    phone.page.add_init_script(WATCH)
    yield phone
    context.close()


def first_visit(browser: Browser, address: str, *, jump: bool = False) -> FirstVisit:
    """Visit a page with an empty cache."""
    with slow_phone(browser) as phone:
        phone.page.goto(address)
        phone.page.evaluate("document.fonts.ready")
        phone.page.wait_for_timeout(300)
        shift = phone.shift(jump=jump)
        return FirstVisit(phone.transferred, shift)
