"""Each page says what may run and load in it, and that is what the book wrote."""

import base64
import hashlib
import re
from html import unescape
from pathlib import Path

import pytest

from content_policy import with_policy
from tests.sphinx_books import MARKDOWN, build

ROOT = Path(__file__).parent.parent
PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8" /><script>a = 1 < 2;</script>
<style>b { color: red }</style><script src="c.js"></script>
<script type="application/json">{"d": 1}</script></head><body></body></html>"""


def rules(html: str) -> dict[str, list[str]]:
    """Read the policy of a page as a browser does."""
    (content,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    parts = (rule.split() for rule in unescape(content).split(";"))
    return {name: values for name, *values in parts}


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_policy_allows_what_stands_in_the_page_and_nothing_else() -> None:
    found = rules(with_policy(PAGE))
    assert found["default-src"] == ["'none'"]
    assert found["script-src"] == ["'self'", digest("a = 1 < 2;")]
    assert found["style-src-elem"] == ["'self'", digest("b { color: red }")]
    assert all(
        value in {"'none'", "'self'", "data:"} or name.startswith("style-src")
        for name, values in found.items()
        for value in values
        if not value.startswith("'sha256-")
    )


def test_a_script_that_came_later_is_not_allowed() -> None:
    page = with_policy(PAGE).replace("</body>", "<script>steal()</script></body>")
    assert digest("steal()") not in rules(page)["script-src"]


def test_policy_stands_before_all_that_it_governs() -> None:
    page = with_policy(PAGE)
    assert page.index("Content-Security-Policy") < page.index("<script")


def test_page_without_a_place_for_it_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not say its encoding"):
        with_policy("<html><head></head></html>")


def test_built_pages_have_a_policy_with_their_scripts(tmp_path: Path) -> None:
    source = tmp_path / "book"
    (source / "sub").mkdir(parents=True)
    (source / "index.md").write_text("# One\n\n```{toctree}\nsub/two\n```\n", encoding="utf-8")
    (source / "sub" / "two.md").write_text("# Two\n\nÜber x.\n", encoding="utf-8")
    settings = MARKDOWN | {
        "extensions": ["myst_parser", "content_policy"],
        "html_js_files": [(None, {"body": "const word = 'é';"})],
    }
    assert not build(source, tmp_path / "html", tmp_path / "doctrees", settings)
    for name in ("index.html", "sub/two.html", "search.html", "genindex.html"):
        html = (tmp_path / "html" / name).read_text(encoding="utf-8")
        assert digest("const word = 'é';") in rules(html)["script-src"], name


def test_the_book_uses_the_extension() -> None:
    assert '    "content_policy",\n' in (ROOT / "conf.py").read_text(encoding="utf-8")
