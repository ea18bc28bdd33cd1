"""What decides about mutants: which functions have some, and which of them may survive."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

mutants = pytest.importorskip("tests.mutants", reason="mutmut is not in every environment")

TEXT = "kl.kl_divergence: return a → return b"


def names(code: str) -> set[str]:
    """Return the functions of which mutmut makes mutants."""
    tree, found, *_ = mutants.file_mutation.create_mutations("module.py", code)
    assert tree.code == code
    return {mutation.contained_by_top_level_function.name.value for mutation in found}


def test_public_functions_have_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "".join(
        f"{decorator}def f{i}():\n    return 1 + 2\n"
        for i, decorator in enumerate(["", "@_sums.quiet\n", "@overload\n", "@property\n"])
    )
    assert names(code) == {"f0"}
    monkeypatch.setattr(mutants.file_mutation, "MutationVisitor", mutants.Visitor)
    assert names(code) == {"f0", "f1"}


def test_a_survivor_has_to_be_listed() -> None:
    survivors = {TEXT: ["one", "two"]}
    (complaint,) = mutants.complaints(Counter([TEXT]), survivors, Counter())
    assert complaint.startswith("two survives")
    assert not mutants.complaints(Counter([TEXT, TEXT]), survivors, Counter())
    assert len(mutants.complaints(Counter(), survivors, Counter())) == 2


def test_what_is_listed_has_to_survive() -> None:
    (complaint,) = mutants.complaints(Counter([TEXT]), {}, Counter())
    assert complaint.endswith(TEXT)
    assert not mutants.complaints(Counter([TEXT]), {}, Counter([TEXT]))  # it did not run


def test_names() -> None:
    assert mutants.function_of("refimpl.kl.x_kl_divergence__mutmut_3") == "kl.kl_divergence"
    assert mutants.function_of("refimpl._sums.xǁLogǁof__mutmut_1") == "_sums.Log.of"


def test_every_reason_is_a_reason() -> None:
    entries = mutants.tomllib.loads(mutants.EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    assert all(len(entry["why"].split()) >= 5 and entry["mutants"] for entry in entries)


def test_some_tests_of_a_file_do_not_stand_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    measured: list[str] = []

    def measure(items: list[SimpleNamespace]) -> dict[str, tuple[float, list[str]]]:
        measured.extend(item.nodeid for item in items)
        return {item.nodeid: (1.0, ["f"]) for item in items}

    for name, value in {
        "TIMINGS": tmp_path / "timings.json",
        "fingerprint": lambda _: "the same",
        "in_a_fork": lambda function: function(),
        "measure": measure,
    }.items():
        monkeypatch.setattr(mutants, name, value)
    one, two = (SimpleNamespace(nodeid=f"file.py::{name}") for name in ("one", "two"))
    for items in ([one], [one, two], [two], [one]):
        assert mutants.timings(items) == {item.nodeid: (1.0, ["f"]) for item in items}
    assert measured == ["file.py::one", "file.py::one", "file.py::two"]
