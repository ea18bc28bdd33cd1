"""What can be found by name, symbol or identifier: results, exercises, symbols, functions, claims.

Sphinx's own index knows the words of the text, but no formula and no identifier. The entries are
written as a script, because a page that is opened from a disk cannot load data otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cards import functions
from citing.titles import plain_title
from equations.blocks import Equation
from equations.macros import MACROS
from results.notation import FILE as NOTATION
from results.notation import PAGE as NOTATION_PAGE
from results.notation import read_rows
from results.records import page_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from claims.domain import ClaimDomain
    from equations.book import Entry
    from equations.domain import EquationDomain

FILE = "entries.js"
# Commands that shape a formula and name nothing.
_SHAPE = re.compile(
    r"\\(?:left|right|math\w+|operatorname\*?|text\w*|[td]?frac|sqrt|sum|prod|int|quad|qquad|begin"
    r"|end|aligned|cases|cdot|le|ge|ne|to|in|dots|ldots|log|exp|max|min|sup|inf|bigl?|bigr|Bigl?"
    r"|Bigr|middle|mid|ll|infty|partial|top|times|hat|bar|tilde|dd|abs|norm|sim|perp|otimes"
    r"|[lr]ceil|[lr]floor)(?![A-Za-z])"
)
_TOKEN = re.compile(r"\\?[A-Za-z]+(?:_(?:[A-Za-z0-9]|\{[A-Za-z0-9]+\}))?")
_FORMULA = re.compile(r"\$([^$]+)\$")
_WORD = re.compile(r"[^\W_][\w’'-]+")
_CITED = re.compile(r"\{cite:\w+\}`([^`]+)`")
# Where the words about a symbol end and its formula begins.
_FORMULA_FOLLOWS = re.compile(r"[,:]\s*\$[^$]{2}|;")
# What readers call a result, and the book does not, or only in a formula.
ALIASES = {
    "alg-logsumexp": "softplus logsumexp softmax overflow",
    "alg-sinkhorn": "Sinkhorn-Knopp matrix scaling algorithm",
    "def-wasserstein": "earth mover's distance EMD Wasserstein-1 W1 Monge optimal transport",
    "eq-bce": "BCE logistic log loss",
    "eq-ce-def": "log loss negative log-likelihood NLL",
    "eq-chi-square-def": "chi-squared chi^2",
    "eq-entropy-def": "Shannon",
    "eq-hellinger-def": "Bhattacharyya",
    "eq-info-def": "surprisal surprise self-information",
    "eq-js-def": "JSD information radius",
    "eq-kl-def": "D_KL KLD information gain discrimination",
    "eq-mmd": "kernel two-sample",
    "eq-mutual-information": "MI transinformation",
    "eq-tv-forms": "TVD statistical distance",
    "symbol-jensen-shannon-divergence": "D_JS JSD",
    "symbol-kullback-leibler-divergence": "D D_KL",
    "symbol-logistic-function": "sigmoid",
}


@dataclass(frozen=True)
class Found:
    """Something that a reader can look for; ``names`` count more than ``words``."""

    kind: str
    id: str
    title: str
    address: str
    number: str = ""
    names: str = ""
    words: str = ""


def expanded(latex: str) -> str:
    r"""Write out the macros of the book: ``\W{1}{p}{q}`` becomes ``W_1\left(…``."""
    for name, macro in MACROS.items():
        argument = r"\s*\{([^{}]*)\}" * macro.args
        shape = macro.latex

        def written(found: re.Match[str], shape: str = shape) -> str:
            return re.sub(r"#(\d)", lambda number: found[int(number[1])], shape)

        latex = re.sub(rf"\\{name}(?![A-Za-z]){argument}", written, latex)
    return latex


def tokens(latex: str) -> list[str]:
    """Return what a reader may type of a formula: ``KL``, ``W_1``, ``lambda``, each once."""
    text = _SHAPE.sub(" ", expanded(latex))
    found = (part.replace("{", "").replace("}", "").lstrip("\\") for part in _TOKEN.findall(text))
    return list(dict.fromkeys(part for part in found if len(part) > 1 or part.isupper()))


def _joined(parts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(parts))


def of_result(entry: Entry, address: str, proofs: str = "") -> Found:
    """Return what leads to a result or to an exercise; ``proofs`` are titles of derivations."""
    block = entry.block
    if not isinstance(block, Equation):
        return Found("exercise", block.id, plain_title(block.title), address, entry.number)
    said = {name: block.options.get(name, "") for name in ("for", "where", "note", "source")}
    left = block.statement.partition(":=")[0] if ":=" in block.statement else ""
    formulas = " ".join([block.statement, *_FORMULA.findall(" ".join(said.values()))])
    sources = [key.strip() for keys in _CITED.findall(said["source"]) for key in keys.split(",")]
    prose = _WORD.findall(_FORMULA.sub(" ", f"{said['note']} {proofs}"))
    words = [*tokens(formulas), *sources, *block.functions, *(w for w in prose if len(w) > 3)]
    return Found(
        block.kind,
        block.id,
        plain_title(block.title),
        address,
        entry.number,
        _joined([*tokens(left), *ALIASES.get(block.id, "").split()]),
        _joined(words),
    )


def of_symbol(anchor: str, shown: str, meaning: str, page: str) -> Found:
    """Return what leads to a row of the notation: the symbol, and what it is called."""
    name = _FORMULA_FOLLOWS.split(meaning)[0]
    title = f"{plain_title(shown)}: {plain_title(name)}"
    letters = [token for formula in _FORMULA.findall(shown) for token in tokens(formula)]
    names = _joined([*letters, *ALIASES.get(anchor, "").split()])
    return Found("symbol", anchor, title, f"{page}#{anchor}", names=names)


def entries(app: Sphinx) -> Iterator[Found]:
    """Yield everything, in the order of the book."""
    domain = cast("EquationDomain", app.env.get_domain("equations"))
    proofs: dict[str, str] = {}
    for derivation in domain.book.derivations:
        proofs[derivation.id] = f"{proofs.get(derivation.id, '')} {derivation.title or ''}"
    for name, entry in domain.book.entries.items():
        result = isinstance(entry.block, Equation)
        page = app.builder.get_target_uri(page_of(name) if result else entry.chapter)
        yield of_result(entry, page if result else f"{page}#{name}", proofs.get(name, ""))
    page = app.builder.get_target_uri(NOTATION_PAGE)
    for anchor, (shown, meaning, _, _) in read_rows(Path(app.srcdir, NOTATION)):
        yield of_symbol(anchor, shown, meaning, page)
    known = app.env.domains.python_domain.objects
    for name in functions(domain.package):
        if name in known:
            page = app.builder.get_target_uri(known[name].docname)
            short = name.rpartition(".")[2]
            words = short.replace("_", " ")
            yield Found("function", name, short, f"{page}#{known[name].node_id}", words=words)
    yield from _claims(app)


def _claims(app: Sphinx) -> Iterator[Found]:
    """Yield the claims in print, by their identifiers."""
    if "claims" not in app.env.domains:
        return
    domain = cast("ClaimDomain", app.env.domains["claims"])
    for claim in domain.rows.values():
        page = domain.page(claim)
        if page:
            address = f"{app.builder.get_target_uri(page)}#{claim.anchor}"
            yield Found("claim", claim.id, f"{plain_title(claim.place)}: {claim.verdict}", address)


def script(found: Iterable[Found]) -> str:
    """Return the entries as a script; each is a list of its fields, in their order."""
    rows = [
        [each.kind, each.id, each.title, each.address, each.number, each.names, each.words]
        for each in found
    ]
    return f"bookEntries({json.dumps(rows, ensure_ascii=False, separators=(',', ':'))});\n"


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the entries beside the pages."""
    if error is None and app.builder.name == "html":
        Path(app.outdir, FILE).write_text(script(entries(app)), encoding="utf-8")
