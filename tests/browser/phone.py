"""A first visit with a slow phone: how much it costs, and what moves."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Browser

SLOWDOWN = 4  # of the processor, as Lighthouse slows it down
LATENCY = 150  # milliseconds, and the rest of “slow 4G” of Lighthouse
THROUGHPUT = 1_638_400 / 8  # bytes a second

# Adds up what moves while nobody touches the page.
WATCH = """
window.seen = { shift: 0 };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.seen.shift += entry.value;
  }
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass(frozen=True)
class FirstVisit:
    """What was measured."""

    transferred: int
    shift: float


def first_visit(browser: Browser, address: str, *, jump: bool = False) -> FirstVisit:
    """Visit a page with an empty cache."""
    context = browser.new_context(viewport={"width": 360, "height": 640}, is_mobile=True)
    context.set_default_timeout(180_000)
    page = context.new_page()
    transferred = 0

    def arrived(event: dict[str, int]) -> None:
        nonlocal transferred
        transferred += event["encodedDataLength"]

    protocol = context.new_cdp_session(page)
    protocol.on("Network.loadingFinished", arrived)
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
    page.add_init_script(WATCH)
    page.goto(address)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)
    if jump:
        page.evaluate("location.hash = [...document.querySelectorAll('section[id]')].at(-1).id")
        page.wait_for_timeout(1000)
    shift = page.evaluate("seen.shift")
    context.close()
    return FirstVisit(transferred, shift)
