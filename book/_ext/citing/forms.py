r"""The five forms in which a result or a chapter is cited, as pure functions of what is cited.

A field whose value is not known, such as the DOI before there is one, is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from citing.titles import latex_text, latex_title, plain_title

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True)
class Edition:
    """One version of the book: all that its results have in common.

    ``date`` is that of the release, ``2026-11-21``, or before it the year alone.
    The authors are named as a body, so that no part of a name comes first.
    """

    title: str
    authors: tuple[str, ...]
    version: str
    date: str
    doi: str = ""

    @property
    def year(self) -> str:
        """The year in which this version appeared."""
        return self.date[:4]

    @property
    def date_parts(self) -> list[int]:
        """Year, month and day, as far as they are known."""
        return [int(part) for part in self.date.split("-")]


@dataclass(frozen=True)
class Work:
    """What is cited: a result or a chapter, and where it stays.

    The title is in Markdown; ``place`` is kind and number, as in ``Definition 3.1``.
    """

    id: str
    title: str
    place: str
    address: str
    edition: Edition


def bibtex(work: Work) -> str:
    """Return a BibTeX entry.

    Of all types, every style prints ``howpublished`` of ``@misc``; hence it says what is where.
    """
    edition = work.edition
    place = f"{latex_title(edition.title)}, {work.place}, version {latex_text(edition.version)}"
    fields = {
        "author": " and ".join(f"{{{latex_text(author)}}}" for author in edition.authors),
        "title": f"{{{latex_title(work.title)}}}",
        "howpublished": place,
        "year": edition.year,
    }
    month = edition.date_parts[1:2]
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    lines += [f"  month = {MONTHS[number - 1][:3].lower()}," for number in month]
    lines += [f"  doi = {{{edition.doi}}},"] if edition.doi else []
    lines += [f"  url = {{{work.address}}},"]
    return "\n".join([f"@misc{{{work.id},", *lines, "}"])


def csl_json(work: Work) -> str:
    """Return a list of one CSL item, as reference managers import it."""
    edition = work.edition
    item = {
        "id": work.id,
        "type": "chapter",
        "title": plain_title(work.title),
        "author": [{"literal": author} for author in edition.authors],
        "container-title": edition.title,
        "section": work.place,
        "version": edition.version,
        "issued": {"date-parts": [edition.date_parts]},
        "language": "en",
        "URL": work.address,
    }
    if edition.doi:
        item["DOI"] = edition.doi
    lines = (f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in item.items())
    return "[{" + ",\n  ".join(lines) + "}]"


def ris(work: Work) -> str:
    """Return a RIS record.

    RIS takes what stands before a comma for a family name, so the name of a body loses its commas.
    """
    edition = work.edition
    year, month, day = [*edition.date.split("-"), "", ""][:3]
    fields = [
        ("TY", "CHAP"),
        ("ID", work.id),
        *(("AU", author.replace(",", "")) for author in edition.authors),
        ("TI", plain_title(work.title)),
        ("T2", edition.title),
        ("SE", work.place),
        ("ET", edition.version),
        ("PY", year),
        ("DA", f"{year}/{month}/{day}"),
        ("LA", "en"),
        ("DO", edition.doi),
        ("UR", work.address),
    ]
    lines = [f"{tag}  - {value}" for tag, value in fields if value]
    return "\n".join([*lines, "ER  - "])


def plain_text(work: Work) -> str:
    """Return one line for a list of references."""
    edition = work.edition
    year, *rest = edition.date_parts
    released = f" of {rest[1]} {MONTHS[rest[0] - 1]} {year}" if len(rest) > 1 else ""
    doi = f" https://doi.org/{edition.doi}." if edition.doi else ""
    return (
        f"{' and '.join(edition.authors)} ({edition.year}). {plain_title(work.title)}. "
        f"{work.place} in {edition.title}, version {edition.version}{released}.{doi} {work.address}"
    )


def latex_link(work: Work) -> str:
    r"""Return text with a link, for a document that loads ``hyperref``."""
    edition = work.edition
    said = (
        rf"\emph{{{latex_title(edition.title)}}}, {work.place}, "
        f"version {latex_text(edition.version)} ({edition.date})"
    )
    link = _href(work.address, said)
    if edition.doi:
        link += f", {_href(f'https://doi.org/{edition.doi}', f'doi:{latex_text(edition.doi)}')}"
    return link


def _href(address: str, text: str) -> str:
    r"""Return ``\href``; ``%`` and ``#`` of its address would begin a comment and a parameter."""
    escaped = address.replace("%", r"\%").replace("#", r"\#")
    return rf"\href{{{escaped}}}{{{text}}}"


FORMS: dict[str, Callable[[Work], str]] = {
    "Plain text": plain_text,
    "BibTeX": bibtex,
    "CSL-JSON": csl_json,
    "RIS": ris,
    "LaTeX link": latex_link,
}

__all__ = [
    "FORMS",
    "Edition",
    "Work",
    "bibtex",
    "csl_json",
    "latex_link",
    "plain_text",
    "ris",
]
