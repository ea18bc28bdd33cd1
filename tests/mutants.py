"""Mutation testing of the package: plant one small fault after the other, and see a test fail.

mutmut writes the mutants and keeps the results in ``mutants/``; ``mutmut show`` and ``mutmut
browse`` read them. What is here runs them: the tests are collected once, and for each mutant a
fork of that process runs those that call its function, the quickest first. To collect 11,000
tests anew for each of 9,000 mutants would take days.

A mutant that no test kills has to be in ``tests/mutants.toml``, with the reason why it is no
fault, and what is there has to survive.
"""

import argparse
import functools
import gc
import hashlib
import json
import math
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import libcst as cst
import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation import file_mutation
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.file_utils import copy_src_dir, walk_mutatable_files
from mutmut.utils.format_utils import mangled_name_from_mutant_name

Result = TypeVar("Result")

EQUIVALENT = Path("tests/mutants.toml")
TIMINGS = Path("mutants/timings.json")
HELPERS = ["tests/contract.py", "tests/oracles.py", "tests/peers_cases.json", "tests/strategies.py"]
SETTINGS = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
TESTS = [  # those that are named after a module know it best
    *sorted(
        {
            f"tests/test_{path.stem.lstrip('_')}.py"
            for path in Path("src/refimpl").glob("*.py")
            if path.as_posix() not in SETTINGS["do_not_mutate"]
        }
    ),
    "tests/test_messages.py",
    "tests/test_contract.py",
    "tests/test_laws.py",
    "tests/test_peers_cases.py",
]
LEFT_OUT = [  # a cluster starts processes, and the others count the frames of the caller
    "tests/test_chunked.py::test_laws_larger_than_the_memory_of_a_worker",
    "tests/test_transport.py::test_large_problem_has_a_certificate",
    "tests/test_transport.py::test_unfinished_iterations_warn",
]
REQUIRED = 0.95
PYTEST_SECONDS = 0.001  # what pytest itself needs for one test
BYTES = 8 * 2**30  # a mutant may ask for any amount of memory; with this it gets a MemoryError
MINUTES_AT_MOST = 15
SECONDS_UNSAVED = 5

# mutmut's exit codes; other ones say that the process died, as that of a segmentation fault does
SURVIVED, KILLED, NO_TESTS, TIMEOUT = 0, 1, 33, 36
STOPPED = {-signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL}  # from outside: it is not known


class Timing(NamedTuple):
    """How long a test takes, and which functions of the package it calls."""

    seconds: float
    functions: list[str]


class Child(NamedTuple):
    """A process that runs a mutant; it writes the number of the current test into a file."""

    mutant: str
    start: float
    tests: list[str]
    killer: int


class Visitor(file_mutation.MutationVisitor):
    """Mutate the public functions too, though they have a decorator."""

    def _skip_node_and_children(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef) and len(node.decorators) == 1:
            decorator = cst.Module([]).code_for_node(node.decorators[0].decorator)
            if decorator == "_sums.quiet":  # it may well run twice, around mutant and trampoline
                return False
        return super()._skip_node_and_children(node)


def generate() -> dict[str, SourceFileMutationData]:
    """Write the mutants; the results of functions that did not change are kept."""
    # It decides how all of Python starts processes, so a test that imports this file must not.
    from mutmut.__main__ import create_mutants  # noqa: PLC0415  (it changes how processes start)

    file_mutation.MutationVisitor = Visitor  # type: ignore[misc]  # on purpose
    copy_src_dir()
    create_mutants(1)
    modules = {}
    for path in sorted(walk_mutatable_files()):
        modules[path.stem] = SourceFileMutationData(path=path)
        modules[path.stem].load()
    return modules


def in_a_fork(function: Callable[[], Result]) -> Result:
    """Run a function in a copy of this process, which keeps what it changes to itself."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if not child:
        try:
            sender.send(function())
        finally:
            os._exit(0)
    sender.close()
    try:
        result: Result = receiver.recv()
    except EOFError:
        sys.exit("The tests have to pass before there are mutants.")
    finally:
        os.waitpid(child, 0)
    return result


def fingerprint(path: str) -> str:
    """Return a hash of what decides which functions a file of tests calls."""
    sources = [path, *HELPERS, *sorted(str(p) for p in Path("src").rglob("*.py"))]
    contents = [Path(p).read_bytes() for p in sources if Path(p).is_file()]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def measure(items: list[pytest.Item]) -> dict[str, Timing]:
    """Run tests without a mutant, and see what they call."""
    set_mutant_under_test("stats")
    measured = {}
    failures = []
    for item, following in zip(items, [*items[1:], None], strict=True):
        state()._stats.clear()  # noqa: SLF001 - mutmut's trampolines write it
        start = time.process_time()
        reports = runtestprotocol(item, nextitem=following, log=False)
        failures += [report for report in reports if report.failed]
        seconds = time.process_time() - start
        measured[item.nodeid] = Timing(seconds, sorted(state()._stats))  # noqa: SLF001 - likewise
    if failures:
        names = [f"{report.nodeid}\n{report.longreprtext}" for report in failures]
        print("These tests fail without a mutant:", *names, sep="\n", file=sys.stderr, flush=True)
        raise AssertionError
    return measured


def timings(items: list[pytest.Item]) -> dict[str, Timing]:
    """Measure the tests that are new or in files that have changed, and look the others up."""
    kept = json.loads(TIMINGS.read_text(encoding="utf-8")) if TIMINGS.exists() else {}
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    for path, tests in files.items():
        key, names = fingerprint(path), {item.nodeid for item in tests}
        known = kept.get(path, {"key": "", "tests": {}})
        if known["key"] != key or names - known["tests"].keys():
            print(f"Measuring {len(tests)} tests of {path}", flush=True)
            kept[path] = {"key": key, "tests": in_a_fork(functools.partial(measure, tests))}
            TIMINGS.write_text(json.dumps(kept), encoding="utf-8")
    measured = {name: timing for path in files for name, timing in kept[path]["tests"].items()}
    return {item.nodeid: Timing(*measured[item.nodeid]) for item in items}


def die_of_time(*_: object) -> None:
    """Leave the process of a mutant that takes too long."""
    os._exit(TIMEOUT)


def run_mutant(mutant: str, items: list[pytest.Item], seconds: list[float], killer: int) -> int:
    """Run tests until one fails, in a process of its own; write the number of that test."""
    set_mutant_under_test(mutant)
    gc.disable()  # it would touch, and so copy, all that the processes share
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    signal.signal(signal.SIGPROF, die_of_time)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(60 * MINUTES_AT_MOST)
    for i, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
        signal.setitimer(signal.ITIMER_PROF, 2 + 10 * seconds[i])
        os.pwrite(killer, i.to_bytes(8), 0)
        try:
            reports = runtestprotocol(item, nextitem=following, log=False)
        except BaseException:  # noqa: BLE001 - whatever it is, the mutant was noticed
            return KILLED
        if any(report.failed for report in reports):
            return KILLED
    return SURVIVED


def run_anew(mutant: str) -> int:
    """Run the tests of a module in an interpreter of their own.

    No test calls the function of this mutant. So it may be called when the package is imported,
    which a fork has behind it.
    """
    path = own_tests(mutant)
    tests = path if Path(path).exists() else "tests/test_kl.py"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests]
    environment = {"MUTANT_UNDER_TEST": mutant, "PYTHONPATH": "mutants/src"}
    done = subprocess.run(  # noqa: S603 - the command is the one above
        [*command, "-m", "not slow", *(f"--deselect={name}" for name in LEFT_OUT)],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        timeout=60 * MINUTES_AT_MOST,
        check=False,
    )
    return KILLED if done.returncode else NO_TESTS


class Campaign:
    """A plugin of pytest that runs the tests once for each mutant instead of once."""

    def __init__(
        self, modules: dict[str, SourceFileMutationData], options: argparse.Namespace
    ) -> None:
        self.modules = modules
        self.options = options
        self.tests_of: dict[str, list[tuple[float, str]]] = {}
        self.items: dict[str, pytest.Item] = {}
        self.kills: Counter[tuple[str, str]] = Counter()
        self.unsaved: set[str] = set()
        self.saved = 0.0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the examples in docstrings of mutants, which call what is not mutated."""
        items[:] = [item for item in items if "__mutmut" not in item.name]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport | None:
        """Say no more than that a test fails: to show where means to parse megabytes of mutants."""
        if not call.excinfo or call.excinfo.errisinstance(pytest.skip.Exception):
            return None
        assert call.when != "collect"
        what = call.excinfo.exconly()
        return pytest.TestReport(item.nodeid, item.location, {}, "failed", what, call.when)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the mutants, in forks of a process that has collected the tests."""
        self.items = {item.nodeid: item for item in session.items}
        for name, timing in timings(session.items).items():
            for function in timing.functions:
                self.tests_of.setdefault(function, []).append((timing.seconds, name))
        pending = self.pending()
        end = time.monotonic() + 60 * (self.options.minutes or math.inf)
        children: dict[int, Child] = {}
        gc.freeze()
        for i, mutant in enumerate(pending):
            if time.monotonic() > end:
                break
            if len(children) == self.options.jobs:
                self.wait(children)
            print(f"{i + 1} of {len(pending)}: {mutant}", file=sys.stderr, flush=True)
            tests = self.choose(mutant)
            names = [name for _, name in tests]
            killer = os.memfd_create("killer")
            pid = os.fork()
            if not pid and not tests:
                os._exit(run_anew(mutant))
            if not pid:
                items = [self.items[name] for name in names]
                os._exit(run_mutant(mutant, items, [seconds for seconds, _ in tests], killer))
            children[pid] = Child(mutant, time.monotonic(), names, killer)
        while children:
            self.wait(children)
        self.save()
        return True

    def pending(self) -> list[str]:
        """Return the mutants that no test is known to kill: the new ones, then the survivors."""
        wanted = self.options.modules or self.modules
        codes = {m: c for name in wanted for m, c in self.modules[name].exit_code_by_key.items()}
        mutants = [mutant for mutant, code in codes.items() if code in {None, SURVIVED, NO_TESTS}]
        if self.options.minutes:
            random.Random(self.options.seed).shuffle(mutants)  # noqa: S311 - no secret
        return sorted(mutants, key=lambda mutant: codes[mutant] is not None)

    def choose(self, mutant: str) -> list[tuple[float, str]]:
        """Return tests for a mutant, with the time they take: the most promising in a budget.

        The tests that killed mutants of this function come first, then the quickest ones.
        """
        function = mangled_name_from_mutant_name(mutant)
        own = own_tests(mutant)

        def key(test: tuple[float, str]) -> tuple[int, float]:
            seconds, name = test
            doubt = 20 if "::test_bad_input" in name else 1 if name.startswith(own) else 4
            return -self.kills[function, name], doubt * seconds

        left = self.options.budget
        chosen: list[tuple[float, str]] = []
        for seconds, name in sorted(self.tests_of.get(function, []), key=key):
            left -= seconds + PYTEST_SECONDS
            if chosen and left < 0:
                break
            chosen.append((seconds, name))
        return chosen

    def wait(self, children: dict[int, Child]) -> None:
        """Wait for one mutant, and keep its result."""
        pid, status = os.wait()
        child = children.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        if code in STOPPED:
            os.close(child.killer)
            return
        if code != SURVIVED and child.tests:
            killer = child.tests[int.from_bytes(os.pread(child.killer, 8, 0))]
            self.kills[mangled_name_from_mutant_name(child.mutant), killer] += 1
        os.close(child.killer)
        self.keep(child.mutant, code, time.monotonic() - child.start)

    def keep(self, mutant: str, code: int, seconds: float) -> None:
        """Write down what became of a mutant."""
        data = self.modules[module_of(mutant)]
        data.exit_code_by_key[mutant] = code
        data.durations_by_key[mutant] = seconds
        self.unsaved.add(module_of(mutant))
        if time.monotonic() > self.saved + SECONDS_UNSAVED:
            self.save()

    def save(self) -> None:
        """Write the results into files that are whole at any time."""
        for module in self.unsaved:
            data = self.modules[module]
            path = data.meta_path
            data.meta_path = path.with_suffix(".new")
            data.save()
            data.meta_path = data.meta_path.rename(path)
        self.unsaved.clear()
        self.saved = time.monotonic()


def module_of(mutant: str) -> str:
    """Return the module of ``refimpl.module.x_function__mutmut_1``."""
    return mutant.split(".")[1]


def own_tests(mutant: str) -> str:
    """Return the file of tests that is named after the module of a mutant."""
    return f"tests/test_{module_of(mutant).lstrip('_')}.py"


def describe(mutant: str, data: SourceFileMutationData) -> str:
    """Name a mutant by what it changes, which stays the same when other lines change."""
    lines = get_diff_for_mutant(mutant, path=data.path).splitlines()[2:]
    old, new = (
        " ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return f"{function_of(mutant)}: {old} → {new}"


def function_of(mutant: str) -> str:
    """Return ``module.function``, or ``module.Class.method``."""
    name = mangled_name_from_mutant_name(mutant).rpartition(".")[2]
    name = name.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    return f"{module_of(mutant)}.{name}"


def equivalent() -> Counter[str]:
    """Read which mutants are no fault; one without a reason does not count."""
    entries = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    return Counter(mutant for entry in entries if entry["why"] for mutant in entry["mutants"])


def outcome(
    modules: dict[str, SourceFileMutationData], listed: Counter[str]
) -> tuple[dict[str, list[str]], Counter[str]]:
    """Return the survivors, and those that did not run but may be among the listed ones."""
    functions = {text.partition(": ")[0] for text in listed}
    survivors: dict[str, list[str]] = {}
    unknown: Counter[str] = Counter()
    for data in modules.values():
        for mutant, code in data.exit_code_by_key.items():
            if code in {SURVIVED, NO_TESTS}:
                survivors.setdefault(describe(mutant, data), []).append(mutant)
            elif code is None and function_of(mutant) in functions:
                unknown[describe(mutant, data)] += 1
    return survivors, unknown


def complaints(
    listed: Counter[str], survivors: dict[str, list[str]], unknown: Counter[str]
) -> list[str]:
    """Compare the survivors with the list of those that are no fault."""
    found = Counter({text: len(mutants) for text, mutants in survivors.items()})
    return [
        *(
            f"{mutant} survives, and is not in {EQUIVALENT}:\n    {text}"
            for text, mutants in survivors.items()
            for mutant in mutants[listed[text] :]
        ),
        *(
            f"This is in {EQUIVALENT}, and is killed or no mutant:\n    {text}"
            for text in (listed - found - unknown).elements()
        ),
    ]


def table(modules: dict[str, SourceFileMutationData]) -> tuple[list[str], float]:
    """Return the numbers of each module, and the share of the mutants that were killed."""
    columns = ["mutants", "run", "killed", "timeouts", "survivors"]
    rows, total = [], Counter[str]()
    for module, data in modules.items():
        codes = Counter(data.exit_code_by_key.values())
        row = Counter(
            mutants=codes.total(),
            run=codes.total() - codes[None],
            timeouts=codes[TIMEOUT],
            survivors=codes[SURVIVED] + codes[NO_TESTS],
        )
        row["killed"] = row["run"] - row["timeouts"] - row["survivors"]
        total += row
        rows.append((module, row))
    lines = [f"{'module':14}" + "".join(f"{name:>11}" for name in [*columns, "score"])]
    for module, row in [*rows, ("all", total)]:
        score = (row["killed"] + row["timeouts"]) / max(row["run"], 1)
        numbers = "".join(f"{row[name]:11}" for name in columns)
        lines.append(f"{module:14}{numbers}{score:11.1%}")
    return lines, score


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make mutants", description=(__doc__ or "").split(":")[0])
    parser.add_argument("modules", nargs="*", help="such as kl or _sums; all if none is given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="so many run at once")
    parser.add_argument("--budget", type=float, default=10, help="seconds of tests for a mutant")
    parser.add_argument("--minutes", type=float, help="run a sample for so long")
    parser.add_argument("--tests", nargs="+", help="with these tests alone")
    parser.add_argument("--seed", default="", help="which sample")
    return parser.parse_args()


def main() -> int:
    """Run the mutants, print the numbers, and complain."""
    options = arguments()
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    os.environ["DASK_SCHEDULER"] = "synchronous"  # no threads in the forks
    modules = generate()
    sys.path.insert(0, str(Path("mutants/src").absolute()))
    campaign = Campaign(modules, options)
    command = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "not slow",
        *(f"--deselect={name}" for name in LEFT_OUT),
        *(options.tests or [*TESTS, *(str(data.path) for data in modules.values())]),
    ]
    if code := pytest.main(command, plugins=[campaign]):
        return int(code)
    lines, score = table(modules)
    print(*lines, sep="\n")
    listed = equivalent()
    found = complaints(listed, *outcome(modules, listed))
    print(*found, sep="\n")
    return bool(found) or score < REQUIRED


if __name__ == "__main__":
    sys.exit(main())
