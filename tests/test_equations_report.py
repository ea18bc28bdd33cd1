"""Evidence is kept while nothing it depends on has changed, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from equations.blocks import read_page
from equations.report import Evidence, units
from equations.verdicts import Verdict

PAGE = """\
```{equation} eq-kept
:title: Entropy plus divergence
:kind: identity
:for: laws $p$, $q$ on a finite set
:source: elementary

\\CE{p}{q} = \\H{p} + \\KL{p}{q}

>>> 1
1
```

```{derivation} eq-kept
\\CE{p}{q}
  = \\H{p} + \\KL{p}{q}  % add

\\KL{p}{q}
  = \\CE{p}{q} - \\H{p}  % subtract
  = -\\sum_x p(x) \\log q(x) - \\H{p}  % write out
```
"""


def key(folder: Path, text: str) -> str:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    (unit,) = units(read_page(page))
    return unit.key


def test_the_key_does_not_depend_on_the_place(tmp_path: Path) -> None:
    assert key(tmp_path, "# Title\n\n" + PAGE) == key(tmp_path, PAGE)


def test_the_key_depends_on_all_that_is_said(tmp_path: Path) -> None:
    before = key(tmp_path, PAGE)
    changes = [
        ("laws $p$, $q$", "laws $q$, $p$"),
        ("= \\H{p} + \\KL{p}{q}\n\n>>>", "= \\KL{p}{q} + \\H{p}\n\n>>>"),
        # The same lines, with the border between the chains elsewhere.
        (
            "  % add\n\n\\KL{p}{q}\n  = \\CE{p}{q} - \\H{p}  % subtract\n",
            "  % add\n  = \\CE{p}{q} - \\H{p}  % subtract\n\n\\KL{p}{q}\n",
        ),
    ]
    for old, new in changes:
        assert old in PAGE
        assert key(tmp_path, PAGE.replace(old, new, 1)) != before


def run(folder: Path, store: Path) -> list[Verdict]:
    evidence = Evidence(store)
    found = [v for _, verdicts in evidence.of([read_page(folder / "page.md")]) for v in verdicts]
    evidence.save()
    return found


def test_good_evidence_is_kept_and_a_damaged_file_is_not_trusted(tmp_path: Path) -> None:
    store = tmp_path / "kept.json"
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    first = run(tmp_path, store)
    assert [verdict.ok for verdict in first] == [True] * 4
    second = run(tmp_path, store)
    assert [verdict.seconds for verdict in second] == [verdict.seconds for verdict in first]
    whole = store.read_text(encoding="utf-8")
    for damaged in ("", whole[:-40], whole.replace('"killed": ', '"killed": 1'), "[]", "\xff"):
        store.write_text(damaged, encoding="latin-1")
        assert [verdict.killed for verdict in run(tmp_path, store)] == [v.killed for v in first]
        assert store.read_text(encoding="utf-8") != whole  # it took another time


def test_evidence_that_cannot_be_kept_is_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "file").touch()
    for _ in range(2):
        found = run(tmp_path, tmp_path / "file" / "kept.json")
        assert [verdict.ok for verdict in found] == [True] * 4
        assert "kept.json: no evidence can be kept here: " in capsys.readouterr().err


def test_what_is_wrong_is_not_kept(tmp_path: Path) -> None:
    store = tmp_path / "kept.json"
    (tmp_path / "page.md").write_text(PAGE.replace("\\H{p} +", "\\H{q} +"), encoding="utf-8")
    assert not all(verdict.ok for verdict in run(tmp_path, store))
    assert "eq-kept" not in store.read_text(encoding="utf-8")
