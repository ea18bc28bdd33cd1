"""The faults that are planted in the book are faults, and each is counted for the right check."""

from pathlib import Path
from random import Random

import pytest

from tests.faults import KINDS, Fault, Sources, draw, page_lines
from tests.plant_faults import BAR, ROOT, Copy, Trial, by_build, by_whole, owns, report, rounds

PAGE = """\
---
file_format: mystnb
---
# Coins

```{equation} eq-coin
:title: A coin
:for: $t \\in (0, 1)$,
  with $s$

\\h{t} = \\h{1 - t}

>>> binary_entropy(0.25)
0.562335144619
```

:::{exercise} ex-coin
Text.

```python
>>> 1
1
```
:::
"""


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources(ROOT)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_fault_of_each_kind_changes_what_stands_there(sources: Sources, kind: object) -> None:
    assert callable(kind)
    fault = next(iter(kind(sources, Random(1))))  # noqa: S311  (the same each time)
    text = sources.text(fault.file)
    assert text[fault.start : fault.end] == fault.before != fault.after
    assert fault.planted(text) != text
    assert fault.line == text[: fault.start].count("\n") + 1


def test_a_seed_gives_the_same_hundred_faults_of_all_kinds(sources: Sources) -> None:
    drawn = draw(sources, 7, 100)
    assert drawn == draw(sources, 7, 100)
    assert drawn != draw(sources, 8, 100)
    assert len(drawn) == 100
    assert len({fault.kind for fault in drawn}) == len(KINDS)


def test_lines_of_a_page_are_told_apart() -> None:
    lines = list(page_lines("coins.md", PAGE))
    places = {line.text: (line.place, line.block, line.first) for line in lines}
    assert places["# Coins"] == ("prose", "", 0)
    assert places["  with $s$"] == ("for", "eq-coin", 6)
    assert places["\\h{t} = \\h{1 - t}"] == ("statement", "eq-coin", 6)
    assert places["0.562335144619"] == ("example", "eq-coin", 6)
    assert places["Text."] == ("prose", "ex-coin", 0)
    assert places[">>> 1"] == ("doctest", "", 20)
    assert all(PAGE[line.start : line.end] == line.text for line in lines)


def fault(kind: str = "sign", file: str = "book/kl.md", line: int = 5, unit: str = "eq-a") -> Fault:
    return Fault(kind, file, 3, 4, "+", "-", line, unit, line - 1, line + 4)


@pytest.mark.parametrize(
    ("name", "said", "whose"),
    [
        ("book/kl.md::eq-a[latex]", "", True),
        ("book/kl.md::eq-a.step-3", "", True),
        ("book/kl.md::eq-a-2.step-3", "", True),
        ("book/kl.md::eq-ab[latex]", "", False),
        ("book/js.md::eq-a[latex]", "", False),
        ("book/kl.md::example-3", 'File "/tmp/x/book/kl.md", line 9, in example-3', True),
        ("book/kl.md::example-3", 'File "/tmp/x/book/kl.md", line 10, in example-3', False),
        ("tests/test_book.py::test_x", "E  '/tmp/x/book/kl.md:4: a circle'", True),
        ("tests/test_kl.py::test_x", "E  '/tmp/x/book/kl.md:4: a circle'", False),
    ],
)
def test_a_failure_is_counted_for_the_fault_in_its_block(
    name: str,
    said: str,
    whose: bool,  # noqa: FBT001  (a table)
) -> None:
    assert owns(fault(), name, said) is whose


def test_faults_are_tried_together_unless_they_meet() -> None:
    faults = [
        *(fault(), fault(), fault(unit="eq-b"), fault(file="book/js.md")),
        *(fault(kind="id"), fault(kind="macro")),
    ]
    trials = [Trial(number, some) for number, some in enumerate(faults)]
    numbers = [[trial.number for trial in part] for part in rounds(trials, 2)]
    assert [sorted(part) for part in numbers] == [[0, 2], [3], [1], [4], [5]]


def test_a_planted_fault_is_taken_out_again(tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "kl.md"
    page.write_text("a = b + c", "utf-8")
    copy = Copy(tmp_path)
    copy.plant([fault(), Fault("sign", "book/kl.md", 6, 7, "+", "-", 1)])
    assert page.read_text("utf-8") == "a =-b - c"
    copy.restore()
    assert page.read_text("utf-8") == "a = b + c"


def test_what_the_build_and_all_tests_say_is_counted_for_the_fault_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Copy(tmp_path)
    trials = [Trial(1, fault()), Trial(2, fault(file="book/js.md")), Trial(3, fault(line=400))]
    page = tmp_path / "book"
    warned = f"{page}/kl.md:7: WARNING: no such label\n{page}/ipms.md:1: WARNING: another\n"
    monkeypatch.setattr(Copy, "warnings", lambda *_: warned)
    by_build(copy, trials)
    assert [bool(trial.caught) for trial in trials] == [True, False, False]
    assert trials[0].caught == "make book: book/kl.md:7: WARNING: no such label"
    assert "a warning of no fault" in capsys.readouterr().out
    failed = {"tests/test_book.py::test_a": f"{page}/js.md:5: a circle", "tests/test_x.py::b": ""}
    monkeypatch.setattr(Copy, "failing", lambda *_: failed)
    by_whole(copy, trials[1:])
    assert [trial.caught for trial in trials[1:]] == ["make test: tests/test_book.py::test_a", ""]
    assert "a failure of no fault: tests/test_x.py::b" in capsys.readouterr().out


def test_too_few_faults_caught_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    checks = ("book/kl.md::eq-a[latex]", "tests/test_pins.py: kl.md, eq-a: the numbers changed")
    trials = [Trial(number, fault(), f"make test: {checks[number % 2]}") for number in range(100)]
    for missed in range(4):
        if missed:
            trials[missed].caught = ""
        failed = report(trials, 1)
        said = capsys.readouterr().out
        assert failed == (100 - missed < BAR)
        assert f"{100 - missed} of 100 faults caught, of 100 at least {BAR} have to be" in said
        assert said.count("NOT CAUGHT") == missed
    assert " 49 caught by what a page computes" in said
    assert " 48 caught by tests/test_pins.py alone" in said
