"""Real keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page


def tab_to(page: Page, target: Locator, *, most: int = 120) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{target} was not reached by pressing Tab {most} times")
