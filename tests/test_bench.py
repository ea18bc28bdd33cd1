"""The benchmark runs, its contenders agree, and its page has what the book includes."""

import math

import pytest

from tests import bench


@pytest.mark.parametrize("contest", bench.CONTESTS, ids=lambda contest: contest.title)
def test_contenders_agree(
    contest: bench.Contest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench, "SECONDS_PER_ROW", 0.0)
    monkeypatch.setattr(bench, "TURNS", 1)
    size = min(100, contest.sizes[0])
    row = bench.run("test", contest.make(size), contest.rel)
    assert capsys.readouterr().out == ""  # no note of a difference
    lines = list(bench.table({size: row}))
    assert len(lines) == 3
    assert len({line.count("|") for line in lines}) == 1


def test_verdicts_and_peers_that_are_faster() -> None:
    seconds = {"np.log": 1e-6, "refimpl": 4e-6, "fast": 2e-6, "slow": 8e-6}
    rows = {1: bench.Row("n = 1", seconds, {})}
    contest = bench.Contest("Title", "", bench.entropy, (1,), targets={1: 4}, microseconds={1: 3.0})
    met, missed = bench.verdicts(contest, rows)
    assert met.endswith("| 4.00 | met |")
    assert missed.endswith("| at most 3.00 µs | 4.00 | **not met** |")
    (line,) = bench.faster(contest, rows)
    assert line.startswith("- Title: `fast` is faster, 2.00 times at n = 1;")


def test_a_wrong_peer_is_not_faster() -> None:
    seconds = dict.fromkeys(("np.log", "infinite", "far off", "right", "several"), 1e-6)
    values = {"refimpl": 1.0, "infinite": math.inf, "far off": 1.1, "right": 1 + 1e-9}
    rows = {1: bench.Row("n = 1", {**seconds, "refimpl": 4e-6}, {**values, "several": math.nan})}
    contest = bench.Contest("Title", "", bench.entropy, (1,))
    lines = list(bench.faster(contest, rows))
    assert [line.split("`")[1] for line in lines] == ["right", "several"]
    assert list(bench.wrong(contest, rows)) == [
        "- Title: `infinite` returns inf at n = 1, where `refimpl` returns 1.",
        "- Title: `far off` returns 1.1 at n = 1, where `refimpl` returns 1.",
    ]


def test_page_is_there() -> None:
    text = bench.PAGE.read_text("utf-8")
    assert text.startswith("Measured on ")
    assert all(f"### {contest.title}\n" in text for contest in bench.CONTESTS)
