"""Find the browser, and say how to get one: ``python -m tests.browser.chromium``."""

from __future__ import annotations

import os
import shutil
import sys

# Nothing but this machine can be reached, and the browser itself asks for nothing.
FLAGS = [
    "--no-sandbox",  # a container has no other user
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = (
    "The tests in tests/browser need Chromium, and there is none on the PATH. "
    "Get it with `apt-get install chromium` (`make browser` does it), or say where it is: "
    "CHROMIUM=/path/to/chromium make test"
)


def executable() -> str | None:
    """Return the path of Chromium: what CHROMIUM names, or what is on the PATH."""
    found = (shutil.which(name) for name in (os.environ.get("CHROMIUM"), *NAMES) if name)
    return next((path for path in found if path), None)


if __name__ == "__main__":
    sys.exit(None if executable() else ADVICE)
