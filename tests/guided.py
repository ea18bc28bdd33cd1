"""Let coverage choose the odd input: the tests of `make fuzz`, led by atheris (``make guided``).

It begins with the statements and the blocks of the book, keeps what reaches new lines in
``_build/guided``, and goes on from there the next time. Input that ends a test is kept there too,
to be run again with ``PYTHONPATH=book/_ext python -m tests.guided latex FILE``.
"""

import hashlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]  # not in the lock
from hypothesis import given
from hypothesis import strategies as st

with atheris.instrument_imports(include=["equations", "refimpl"], enable_loader_override=False):
    from tests import test_fuzz, test_fuzz_latex
    from tests.contract import CALLS, Call

KEPT = Path("_build/guided")


class Target(NamedTuple):
    """What is run on bytes, and the first of them."""

    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[str]] = tuple


def latex(text: bytes) -> None:
    """Read a statement."""
    test_fuzz_latex.try_latex(text.decode("utf-8", "replace"))


def page(text: bytes) -> None:
    """Read a page with blocks."""
    test_fuzz_latex.try_page(KEPT / "page.md", text)


@given(st.sampled_from(CALLS), st.data())
def functions(call: Call, data: st.DataObject) -> None:
    """Call a public function with odd arguments."""
    test_fuzz.try_call(call, data.draw(test_fuzz.inputs(call)))


TARGETS: dict[str, Target] = {
    "latex": Target(latex, test_fuzz_latex.statements),
    "page": Target(page, test_fuzz_latex.chapter_parts),
    "functions": Target(functions.hypothesis.fuzz_one_input),  # type: ignore[attr-defined]  # given
}


def escaped(piece: str) -> str:
    """Write a word as libFuzzer reads it."""
    return "".join(f"\\x{byte:02x}" for byte in piece.encode())


def main() -> None:
    """Run one target; what follows its name is for libFuzzer."""
    name, *options = sys.argv[1:]
    corpus = KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in map(str.encode, TARGETS[name].seeds()):
        (corpus / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
    words = KEPT / "words"
    words.write_text("".join(f'"{escaped(piece)}"\n' for piece in test_fuzz_latex.PIECES))
    if not any(Path(option).is_file() for option in options):
        options.append(str(corpus))
    options += [f"-artifact_prefix={KEPT}/{name}-", f"-dict={words}", "-timeout=60"]
    atheris.Setup([sys.argv[0], *options], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
