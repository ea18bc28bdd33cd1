"""What decides about mutants: which functions have some, and which of them may survive."""

from collections import Counter

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
