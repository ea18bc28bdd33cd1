"""What somebody manages to write into a page neither runs nor asks another site for anything."""

import pytest
from playwright.sync_api import BrowserContext, Route

ELSEWHERE = "http://127.0.0.2:9"  # nothing answers; the policy has to end it before
PLANTED = f"""
<script>window.ran = "a script"</script>
<img src="nowhere.png" alt="" onerror="window.ran = 'a handler'">
<img src="{ELSEWHERE}/beacon.svg" alt="">
<script src="{ELSEWHERE}/script.js"></script>
<link rel="stylesheet" href="{ELSEWHERE}/style.css">
<iframe src="{ELSEWHERE}/frame.html" title="Planted"></iframe>
</body>"""
BROKEN = {
    *("script-src-elem inline", "script-src-attr inline", f"img-src {ELSEWHERE}/beacon.svg"),
    *(f"script-src-elem {ELSEWHERE}/script.js", f"style-src-elem {ELSEWHERE}/style.css"),
    f"frame-src {ELSEWHERE}",  # Chromium says no more of a frame
}
LISTEN = """
window.broken = []
document.addEventListener("securitypolicyviolation", (event) =>
    window.broken.push(`${event.effectiveDirective} ${event.blockedURI}`))"""


@pytest.mark.parametrize("name", ["index.html", "transport.html", "search.html"])
@pytest.mark.parametrize("is_planted", [False, True])
def test_policy_ends_what_is_planted(
    context: BrowserContext,
    site: str,
    name: str,
    is_planted: bool,  # noqa: FBT001  (from the table above)
) -> None:
    def plant(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace("</body>", PLANTED) if is_planted else answer.text()
        route.fulfill(response=answer, body=body)

    context.route(f"**/{name}", plant)
    context.add_init_script(LISTEN)
    page = context.new_page()
    page.goto(f"{site}{name}", wait_until="networkidle")
    assert {*page.evaluate("window.broken")} == (BROKEN if is_planted else set())
    assert page.evaluate("window.ran") is None
