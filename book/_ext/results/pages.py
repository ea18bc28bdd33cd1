"""A page for each result and for each retired identifier, readable on its own.

The pages are not documents of Sphinx: they would crowd the contents and the search, and repeat
what the chapters say. They are put together at the end of the build, from the very nodes that the
chapters show, so that nothing is written or read a second time.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.osutil import relative_uri

from equations.domain import number_text, plain
from results.inline import inline
from results.notation import GIVEN
from results.notation import PAGE as NOTATION
from results.records import Json, Material, page_of

if TYPE_CHECKING:
    from sphinx.builders import Builder

    from equations.book import Entry
    from results.ids import Retired

DATA = "index.json"


class Links:
    """Links from the pages of results, which all lie beside each other, to all other pages."""

    def __init__(self, builder: Builder, material: Material) -> None:
        """Remember where pages are."""
        self.address = builder.get_target_uri
        self.material = material
        self.here = self.address(page_of("here"))

    def to(self, address: str) -> str:
        """Return the way to an address in the book, such as ``kl.html#sec-kl``."""
        page, _, anchor = address.partition("#")
        if anchor in self.material.entries:
            page = self.address(page_of(anchor))
        return relative_uri(self.here, page) + (f"#{anchor}" if anchor else "")

    def place(self, entry: Entry) -> str:
        """Return the way to where a chapter shows a result or an exercise."""
        page = relative_uri(self.here, self.address(entry.chapter))
        return f"{page}#{entry.block.id}"

    def result(self, name: str, text: str = "") -> nodes.reference:
        """Return a link to the page of a result, or to the place of an exercise."""
        entry = self.material.book.entries[name]
        title = f"{entry.label} {entry.number}: {plain(entry.block.title)}"
        way = self.to(f"#{name}") if name in self.material.entries else self.place(entry)
        shown = nodes.inline("", text or number_text(entry), classes=["eqref"])
        return nodes.reference("", "", shown, internal=True, refuri=way, reftitle=title)

    def role(self, role: str, target: str) -> nodes.Node | None:
        """Return the link that a role stands for, if the book has its target."""
        if role == "eq" and target in self.material.book.entries:
            return self.result(target)
        return None

    def inline(self, text: str) -> list[nodes.Node]:
        """Return the nodes of a short text in Markdown."""
        return inline(text, self.role)

    def moved(self, part: nodes.Element, docname: str) -> nodes.Element:
        """Return a copy of a part of a chapter, whose links begin at the pages of results."""
        copy = part.deepcopy()
        page = self.address(docname)
        for link in copy.findall(nodes.reference):
            address = f"#{link['refid']}" if "refid" in link else link.get("refuri", "")
            link.attributes.pop("refid", None)
            if "://" not in address and not address.startswith("mailto:"):
                path = f"{page}{address}" if address.startswith("#") else _joined(page, address)
                link["refuri"] = self.to(path)
        return copy


def _joined(page: str, address: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), address))


@dataclass
class Fragments:
    """The parts of the chapters that the pages show again, taken as each chapter is resolved."""

    results: dict[str, nodes.Element] = field(default_factory=dict)
    derivations: dict[str, list[nodes.Element]] = field(default_factory=lambda: defaultdict(list))
    citations: dict[str, nodes.Element] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def take(self, doctree: nodes.document, docname: str, links: Links) -> None:
        """Take copies of the results, the derivations and the sources of a page."""
        self.seen.add(docname)
        derivations: dict[str, list[nodes.Element]] = defaultdict(list)
        for node in doctree.findall(nodes.container):
            if "result" in node["classes"]:
                self.results[node["ids"][0]] = links.moved(node, docname)
            elif "derivation" in node["classes"]:
                derivations[node["result"]].append(links.moved(node, docname))
        self.derivations |= derivations
        for citation in doctree.findall(nodes.citation):
            source = links.moved(citation, docname)
            for name in citation["ids"]:
                self.citations[links.to(f"{links.address(docname)}#{name}")] = source


# ------------------------------------------------------------------------------- a result


class Page:
    """The page of one result, as nodes."""

    def __init__(self, record: Json, fragments: Fragments, links: Links) -> None:
        """Take what the page is made of."""
        self.record, self.fragments, self.links = record, fragments, links
        self.name: str = record["id"]
        self.entry = links.material.entries[self.name]

    @property
    def title(self) -> str:
        """The title of the page, as plain text."""
        return f"{self.entry.label} {self.entry.number}: {plain(self.record['title'])}"

    def content(self) -> nodes.section:
        """Return the whole page."""
        title = self.links.inline(self.record["title"])
        page = nodes.section(ids=[self.name], classes=["result-page"])
        page += nodes.title("", "", *title)
        page += self.place()
        result = self.fragments.results[self.name].deepcopy()
        result["ids"] = []  # the page itself has it
        page += result
        parts = (
            ("Symbols", self.symbols()),
            ("Derivation", self.derivations()),
            ("Needs and uses", self.graph()),
            ("In print", self.claims()),
            ("Sources", self.sources()),
            ("Formal counterpart", self.formal()),
            ("Address and history", self.history()),
        )
        for heading, inside in parts:
            if inside:
                section = nodes.section(ids=[heading.lower().replace(" ", "-")])
                section += [nodes.title("", heading), *inside]
                page += section
        return page

    def place(self) -> nodes.paragraph:
        """Return the line that says from where this is."""
        chapter = self.record["chapter"]
        known = chapter["number"] is not None
        lead = f"Chapter {chapter['number']}, " if known else "From "
        node = nodes.paragraph("", lead, classes=["result-place"])
        link = nodes.reference("", "", internal=True, refuri=self.links.place(self.entry))
        link += self.links.inline(chapter["title"])
        node += [link, nodes.Text(", of “"), nodes.Text(self.links.material.title)]
        node += nodes.Text("”.")
        return node

    def symbols(self) -> list[nodes.Node]:
        """Return the symbols with their meanings, those of one phrase together."""
        node = nodes.definition_list(classes=["result-symbols"])
        for (role, meaning), group in groupby(
            self.record["symbols"], lambda symbol: (symbol["role"], symbol["meaning"])
        ):
            found = list(group)
            shown = nodes.term()
            for number, symbol in enumerate(found if role == GIVEN else found[:1]):
                shown += [nodes.Text(", ")] if number else []
                shown += self.symbol(symbol)
            text = nodes.paragraph("", "", *self.links.inline(meaning))
            text += self.unit(found[0]["unit"])
            introduced = found[0]["introduced"]
            if introduced in self.links.material.book.entries and introduced != self.name:
                text += [nodes.Text("; defined in "), self.links.result(introduced)]
            node += nodes.definition_list_item("", shown, nodes.definition("", text))
        return [node] if len(node) else []

    def symbol(self, symbol: Json) -> nodes.Node:
        """Return a symbol, with a link to its row on the page of notation if it has one."""
        shown = nodes.math(symbol["latex"], symbol["latex"])
        if not symbol["anchor"]:
            return shown
        page = relative_uri(self.links.here, self.links.address(NOTATION))
        way = f"{page}#{symbol['anchor']}"
        # Not every reader finds the name of a link in its formula.
        name = nodes.inline("", " in the table of symbols", classes=["visually-hidden"])
        return nodes.reference("", "", shown, name, internal=True, refuri=way)

    def unit(self, unit: str) -> list[nodes.Node]:
        """Return what is said of a unit."""
        if not unit:
            return []
        if unit == "none":
            return [nodes.Text("; without a unit")]
        return [nodes.Text("; unit: "), *self.links.inline(unit)]

    def derivations(self) -> list[nodes.Node]:
        """Return the derivations as the chapter shows them."""
        return [part.deepcopy() for part in self.fragments.derivations.get(self.name, ())]

    def graph(self) -> list[nodes.Node]:
        """Return what the result needs, and where it is needed."""
        needs, used = self.record["needs"], self.record["used_by"]
        lists = (
            ("The statement needs", needs["statement"]),
            ("The proof needs", needs["proof"]),
            ("Needed to state", used["statement"]),
            ("Needed to prove", used["proof"]),
        )
        rows = [(label, names) for label, names in lists if names]
        node = nodes.definition_list(classes=["result-graph"])
        for label, names in rows:
            inside = nodes.bullet_list()
            inside += [self.named(name) for name in names]
            node += nodes.definition_list_item(
                "", nodes.term("", label), nodes.definition("", inside)
            )
        return [self.standing(), node] if rows else []

    def standing(self) -> nodes.paragraph:
        """Return what is executed of all that the result builds on."""
        gaps = self.record["gaps"]
        node = nodes.paragraph(classes=["result-standing"])
        if not gaps:
            node += nodes.Text("It was executed with every step, and so was all that it builds on.")
            return node
        node += nodes.Text("Of it and all that it builds on, not executed with every step: ")
        for number, name in enumerate(gaps):
            node += [nodes.Text(", ")] if number else []
            node += self.links.result(name)
        node += nodes.Text(".")
        return node

    def named(self, name: str) -> nodes.list_item:
        """Return a link to a result with its title, as an item of a list."""
        title = self.links.material.entries[name].block.title
        text = nodes.paragraph("", "", self.links.result(name), nodes.Text(" "))
        text += self.links.inline(title)
        return nodes.list_item("", text)

    def claims(self) -> list[nodes.Node]:
        """Return what articles, books and packages say about it, by the page that judges it."""
        node = nodes.definition_list(classes=["result-claims"])
        for page, found in groupby(self.record["claims"], lambda claim: claim["page"]):
            inside = nodes.bullet_list("", *map(self.claim, found))
            title = nodes.term("", "", *self.links.inline(page or "Elsewhere"))
            node += nodes.definition_list_item("", title, nodes.definition("", inside))
        return [node] if len(node) else []

    def claim(self, claim: Json) -> nodes.list_item:
        """Return what is said in one place, and what is right."""
        name: nodes.Node = nodes.Text(claim["id"])
        if claim["address"]:
            way = self.links.to(claim["address"].removeprefix(self.links.material.site))
            name = nodes.reference("", claim["id"], internal=True, refuri=way)
        text = nodes.paragraph("", "", name, nodes.Text(", "), *self.links.inline(claim["place"]))
        text += [nodes.Text(f" ({claim['verdict']}): "), *self.links.inline(claim["claim"])]
        if claim["correction"] and claim["verdict"] != "correct":
            text += [nodes.Text(" "), nodes.emphasis("", "Right:"), nodes.Text(" ")]
            text += self.links.inline(claim["correction"])
        return nodes.list_item("", text)

    def sources(self) -> list[nodes.Node]:
        """Return the sources in full."""
        lines = [
            node
            for node in self.fragments.results[self.name].findall(nodes.paragraph)
            if "result-source" in node["classes"]
        ]
        found = [
            self.fragments.citations[link["refuri"]]
            for line in lines
            for link in line.findall(nodes.reference)
            if link.get("refuri") in self.fragments.citations
        ]
        return [
            nodes.paragraph("", "", *(part.deepcopy() for part in _text_of(source)))
            for source in dict.fromkeys(found)
        ]

    def formal(self) -> list[nodes.Node]:
        """Return links to Mathlib."""
        items = []
        for item in self.record["formal"]:
            name = nodes.literal("", item["name"])
            link = nodes.reference("", "", name, internal=False, refuri=item["address"])
            text = nodes.paragraph("", "", link, nodes.Text(f" in Mathlib ({item['file']}, as of "))
            text += nodes.Text(f"commit {item['commit'][:10]}): ")
            text += self.links.inline(item["note"])
            items.append(nodes.list_item("", text))
        return [nodes.bullet_list("", *items)] if items else []

    def history(self) -> list[nodes.Node]:
        """Return the permanent address, the data, and since when the identifier is there."""
        record = self.record
        address = nodes.reference("", record["address"], internal=False, refuri=record["address"])
        data = nodes.reference("", "data of this result", internal=True, refuri=DATA)
        lines = nodes.paragraph("", "The address ")
        lines += [address, nodes.Text(" and the identifier "), nodes.literal("", self.name)]
        lines += nodes.Text(" stay; the number can change. There is also the ")
        lines += [data, nodes.Text(" for programs.")]
        since = record["history"]["since"]
        released = (
            f"In the book since version {since['version']}, {since['date']}."
            if since
            else "Not yet in a released version."
        )
        changes = []
        for item in record["history"]["changes"]:
            text = nodes.paragraph("", f"{item['version']}: ", *self.links.inline(item["text"]))
            changes.append(nodes.list_item("", text))
        found: list[nodes.Node] = [lines, nodes.paragraph("", released)]
        return [*found, nodes.bullet_list("", *changes)] if changes else found


def _text_of(citation: nodes.Element) -> Sequence[nodes.Node]:
    """Return what a citation says, without its label."""
    inside = [part for part in citation.children if isinstance(part, nodes.paragraph)]
    return inside[0].children if inside else []


# ------------------------------------------------------------------------------- retired


def retired_page(retired: Retired, links: Links) -> nodes.section:
    """Return the page of an identifier that is no longer in the book."""
    register = links.material.register
    page = nodes.section(ids=[retired.id], classes=["result-page"])
    page += nodes.title("", f"{retired.id} was retired")
    page += nodes.paragraph("", "", *links.inline(f"{retired.why[0].upper()}{retired.why[1:]}."))
    replaced = nodes.paragraph("", "", *links.inline("What replaces it: "))
    for number, name in enumerate(retired.replaced_by):
        replaced += [nodes.Text(", ")] if number else []
        replaced += _replacement(name, links)
    page += replaced if retired.replaced_by else nodes.paragraph("", "Nothing replaces it.")
    since, until = register.since(retired.id), register.until(retired.id)
    first = f"It was in the book from version {since.version}" if since else ""
    last = f" to the one before version {until.version}." if until else " on."
    page += nodes.paragraph("", first + last if since else "It was in no released version.")
    page += nodes.paragraph("", "The identifier will not be given to anything else.")
    return page


def _replacement(name: str, links: Links) -> Iterator[nodes.Node]:
    entry = links.material.book.entries.get(name)
    if entry is not None:
        yield links.result(name)
        yield nodes.Text(" ")
        yield from links.inline(entry.block.title)
    else:
        way = relative_uri(links.here, links.address(page_of(name)))
        yield nodes.reference("", name, internal=True, refuri=way)
        yield nodes.Text(", which was retired as well")
