"""A first visit with a slow phone: how long until the formulas are laid out, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Browser

SLOWDOWN = 4  # of the processor, as Lighthouse slows it down
LATENCY = 150  # milliseconds, and the rest of “slow 4G” of Lighthouse
THROUGHPUT = 1_638_400 / 8  # bytes a second

# Notes each moment at which the formulas of the page were seen where they will stay. A formula is
# laid out when it has its box and the type it is set in has come. MathJax and KaTeX are asked
# alike: each formula is an element that Sphinx writes, and it is done when what is inside of it
# is no longer TeX.
WATCH = """
window.seen = { shift: 0, shifts: [] };
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
    formulas: int
    nodes: int


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
    seen = page.evaluate(
        "() => [seen.shift, document.querySelectorAll('.math').length, "
        "document.querySelectorAll('*').length]"
    )
    context.close()
    return FirstVisit(transferred, *seen)
