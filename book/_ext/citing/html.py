"""The HTML of a citation: the button with its panel, and what the head of a page says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from citing.forms import FORMS, Work
from citing.titles import plain_title


def button_html(work: Work) -> str:
    """Return the button that opens the five forms; it needs no script, only copying does.

    ``_static/cite.js`` puts a button for copying beside each form.
    """
    forms = "".join(_form_html(work, name) for name in FORMS)
    place = f'<span class="visually-hidden"> {escape(work.place)}</span>'
    panel = f'<div class="cite-panel">\n{forms}</div>'
    return f'<details class="cite"><summary>Cite{place}</summary>\n{panel}</details>\n'


def _form_html(work: Work, name: str) -> str:
    """Return one form; those of a panel share a name, so that opening one closes the other."""
    text = escape(FORMS[name](work), quote=False)
    is_open = " open" if name == next(iter(FORMS)) else ""
    return (
        f'<div class="cite-form"><details name="cite-{escape(work.id)}"{is_open}>'
        f"<summary>{name}</summary><pre>{text}</pre></details></div>\n"
    )


def meta_html(work: Work, *, image: str, summary: str = "", whole: bool = False) -> str:
    """Return the tags from which catalogues and other sites read what a page is.

    ``whole`` says that the page stands for the book, so that it is no part of one.
    """
    edition = work.edition
    title = plain_title(work.title)
    cited = {
        "description": summary,
        "citation_title": title,
        "citation_inbook_title": "" if whole else edition.title,
        "citation_publication_date": edition.date.replace("-", "/"),
        "citation_language": "en",
        "citation_doi": edition.doi,
        "citation_public_url": work.address,
    }
    graph = {
        "og:type": "website" if whole else "article",
        "og:site_name": edition.title,
        "og:title": title,
        "og:description": summary,
        "og:url": work.address,
        "og:image": image,
    }
    tags = [
        *_tags("name", cited.items()),
        *_tags("name", (("citation_author", _body(author)) for author in edition.authors)),
        *_tags("property", graph.items()),
    ]
    return "\n".join(tags) + "\n"


def description_html(text: str) -> str:
    """Return the tag that says what a page without a source of its own is."""
    return "\n".join(_tags("name", [("description", text)])) + "\n"


def _body(author: str) -> str:
    """Return the name of a body without commas: before one, readers take it for a family name."""
    return author.replace(",", "")


def _tags(key: str, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Return a tag for each pair whose content is known."""
    return [
        f'<meta {key}="{name}" content="{escape(content)}" />' for name, content in pairs if content
    ]


def shortened(text: str, limit: int = 200) -> str:
    """Return the whole sentences with which a text begins, as many as fit, or its first words."""
    text = re.sub(r"\s+", " ", text).strip()
    if len(text) <= limit:
        return text
    start = text[:limit]
    end = max((found.end() for found in re.finditer(r"[.?!](?= )", start)), default=0)
    return start[:end] if end else start[: start.rindex(" ")] + " …"


__all__ = ["button_html", "description_html", "meta_html", "shortened"]
