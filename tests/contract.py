"""The table of the contract for input: a right call of every public function.

Each argument of a call is a value and its kind, as in ``law([0.7, 0.2, 0.1])``. The kind says
what bad input is made from the value. `test_contract.py` tries all of it, and fails if a
function of `refimpl`, or an argument of one, is not in the table. `axis`, `base` and
`keepdims` are always tried and need no entry.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from inspect import Parameter, signature
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

import refimpl

Function = Callable[..., Any]
Errors = type[Exception] | tuple[type[Exception], ...]


class Bad(NamedTuple):
    """A way to make a right value bad, the error that it must raise, and the entry blamed."""

    make: Callable[[Any], Any]
    error: Errors = ValueError
    entry: str = ""  # the value that the message has to show, with the index 0 of the entry


@dataclass(frozen=True)
class Kind:
    """A kind of argument: the bad input to try, by name, and whether arrays are right."""

    bad: Mapping[str, Bad]
    is_array: bool = True

    def __call__(self, value: object) -> "Argument":
        """Return a right value of this kind."""
        return Argument(self, value)


class Argument(NamedTuple):
    """A right value and its kind."""

    kind: Kind
    value: Any


@dataclass(frozen=True)
class Call:
    """A right call of a function."""

    function: Function
    arguments: Mapping[str, Argument]

    @property
    def values(self) -> dict[str, Any]:
        """The right values."""
        return {name: argument.value for name, argument in self.arguments.items()}

    @property
    def name(self) -> str:
        """The name of the function and of the arguments of this call."""
        return f"{self.function.__name__}({', '.join(self.arguments)})"

    def run(self, **changes: object) -> Any:  # noqa: ANN401 - the functions differ
        """Call the function with some arguments changed."""
        values = self.values | changes
        positional, rest = [], None
        for name, parameter in signature(self.function).parameters.items():
            if parameter.kind is Parameter.VAR_POSITIONAL:
                rest = name
            elif parameter.kind is not Parameter.KEYWORD_ONLY and name in values:
                positional.append(values.pop(name))
        if rest in values:  # one more argument, as in f(p, q, *others)
            positional.append(values.pop(rest))
        return self.function(*positional, **values)

    def bad_inputs(self) -> Iterator[tuple[str, str, object, Bad]]:
        """Return each argument, what is wrong, the bad value, and what must come of it."""
        parameters = signature(self.function).parameters
        options = {name: kind(None) for name, kind in OPTIONS.items() if name in parameters}
        for name, argument in {**options, **self.arguments}.items():
            for what, bad in argument.kind.bad.items():
                yield name, what, bad.make(argument.value), bad


def call(function: Function, /, **arguments: Argument) -> Call:
    """Return a row of the table."""
    return Call(function, arguments)


# Bad input for arrays, made from the right one.


def changed(values: ArrayLike, entry: float | None) -> NDArray[Any]:
    """Return an array like the right one, but for its first entry."""
    array = np.array(values, dtype=np.result_type(np.asarray(values), np.asarray(entry)))
    array.flat[0] = entry
    return array


def blamed(entry: float) -> Bad:
    """Return the bad input whose first entry is wrong."""
    return Bad(lambda v: changed(v, entry), entry=str(np.float64(entry)))


WRONG_TYPES: dict[str, Callable[[Any], Any]] = {
    "string": lambda _: "0.5",
    "strings": lambda v: np.asarray(v).astype(str),
    "bytes": lambda _: b"0.5",
    "complex": lambda v: np.asarray(v) + 0j,
    "booleans": lambda v: np.asarray(v) > 0,
    "boolean": lambda _: True,
    "objects": lambda v: np.asarray(v).astype(object),
    "fractions": lambda v: [Fraction(1, 2) for _ in np.atleast_1d(v)],
    "decimals": lambda v: [Decimal("0.5") for _ in np.atleast_1d(v)],
    "missing entry": lambda v: changed(v, None).tolist(),
    "dictionary": lambda v: dict(enumerate(np.atleast_1d(v))),
    "set": lambda _: {0.5},
    "generator": lambda v: iter(np.atleast_1d(v)),
    "masked array": np.ma.masked_array,
    "masked array in a list": lambda v: [np.ma.masked_array(v)],
    "masked entry": lambda v: [np.ma.masked, *np.atleast_1d(v)],
    "boolean in a list": lambda v: [True, *np.atleast_1d(v)],
    "boolean in a nested list": lambda v: [[np.True_, *np.atleast_1d(v)]],
    "dates": lambda v: np.full(np.shape(v), np.datetime64("2020-01-01")),
    "durations": lambda v: np.full(np.shape(v), np.timedelta64(1, "s")),
    "date": lambda _: dt.date(2020, 1, 1),
    "structure": lambda v: np.zeros(np.shape(v), dtype=[("x", float)]),
}
NUMBERS: dict[str, Bad] = {
    **{what: Bad(make, TypeError) for what, make in WRONG_TYPES.items()},
    "nan": blamed(nan),
    "empty": Bad(lambda _: []),
    "no rows": Bad(lambda v: np.zeros((0, *np.shape(v)))),
    "ragged": Bad(lambda _: [[0.5, 0.5], [1.0]]),
}
FINITE: dict[str, Bad] = {
    **NUMBERS,
    "infinity": blamed(inf),
    "minus infinity": blamed(-inf),
}
NON_NEGATIVE: dict[str, Bad] = {
    **FINITE,
    "negative": blamed(-0.1),
    "nearly zero but negative": blamed(-5e-324),
}
LAWS: dict[str, Bad] = {
    **NON_NEGATIVE,
    "larger than one": Bad(lambda v: changed(v, 1.1)),
    "negative but with sum 1": Bad(
        lambda v: np.reshape([-1.0, 2.0, *[0.0] * (np.size(v) - 2)], np.shape(v)), entry="-1.0"
    ),
    "counts": Bad(lambda v: (10 * np.asarray(v)).astype(int)),
    "percentages": Bad(lambda v: 100 * np.asarray(v)),
    "sum of 0": Bad(lambda v: 0 * np.asarray(v)),
    "sum near 1": Bad(lambda v: (1 + 1e-6) * np.asarray(v)),
    "logarithms": Bad(np.log),
    "sum that overflows": Bad(lambda v: np.full(np.shape(v), 1.5e308)),
    "scalar": Bad(lambda _: 1.0),
}
MATRICES: dict[str, Bad] = {
    "scalar": Bad(lambda _: 1.0),
    "vector": Bad(lambda _: [1.0, 2.0]),
}
COVARIANCES: dict[str, Bad] = {
    **FINITE,
    **MATRICES,
    "not square": Bad(lambda _: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
    "not symmetric": Bad(lambda _: [[1.0, 0.5], [0.0, 1.0]]),
    "singular": Bad(lambda _: [[1.0, 1.0], [1.0, 1.0]]),
    "indefinite": Bad(lambda _: [[1.0, 2.0], [2.0, 1.0]]),
    "negative": Bad(lambda _: [[-1.0, 0.0], [0.0, -1.0]], entry="-1.0"),
    "zero": Bad(lambda _: np.zeros((2, 2)), entry="0.0"),
    "one of several": Bad(lambda _: [np.eye(2), np.zeros((2, 2))]),
}
INTEGERS: dict[str, Bad] = {
    **{what: bad._replace(error=(TypeError, ValueError), entry="") for what, bad in FINITE.items()},
    "fraction": Bad(lambda v: np.asarray(v) + 0.5, (TypeError, ValueError)),
    "negative": Bad(lambda v: changed(v, -1), entry="-1"),
}

# Bad input for single values.


def always(value: object) -> Callable[[Any], Any]:
    """Return a function that returns the same value, whatever it is given."""
    return lambda _: value


def values(bad: Sequence[float | str]) -> dict[str, Bad]:
    """Return bad values of the right type."""
    return {repr(x): Bad(always(x)) for x in bad}


def wrong_types(bad: Sequence[object]) -> dict[str, Bad]:
    """Return bad values of the wrong type."""
    return {f"wrong type {i}": Bad(always(x), TypeError) for i, x in enumerate(bad)}


# The kinds of argument: arrays.

law = Kind(LAWS)  # probabilities with sum 1
further_law = Kind({what: bad._replace(entry="") for what, bad in LAWS.items()})  # others[0][0]
joint = Kind({**LAWS, "vector": Bad(lambda _: [0.5, 0.5])})  # probabilities of pairs
probabilities = Kind({**NON_NEGATIVE, "larger than one": blamed(1.1)})  # each for itself
non_negative = Kind(NON_NEGATIVE)  # such as weights of any sum
divergence = Kind({what: bad for what, bad in NON_NEGATIVE.items() if what != "infinity"})
real = Kind(FINITE)  # finite numbers
logits = Kind(NUMBERS)  # finite or infinite numbers
softmax_logits = Kind(
    {
        **NUMBERS,
        "two infinities": Bad(lambda v: [inf, inf, *v[2:]], entry="inf"),
        "minus infinities": Bad(lambda v: np.full(np.shape(v), -inf), entry="-inf"),
        "scalar": Bad(lambda _: 1.0),
    }
)  # finite or infinite numbers that have a softmax
below_infinity = Kind({**NUMBERS, "infinity": blamed(inf)})  # finite numbers or -inf
positive = Kind({**FINITE, "negative": blamed(-1.0), "zero": blamed(0.0)})
covariance = Kind(COVARIANCES)
matrix = Kind({**FINITE, **MATRICES})  # finite numbers in the last two axes
cost = Kind({**NON_NEGATIVE, **MATRICES})  # the same, and non-negative
semidefinite = Kind(
    {what: bad for what, bad in COVARIANCES.items() if what not in {"singular", "zero"}}
    | {
        "one of several": Bad(lambda _: [np.eye(2), -np.eye(2)]),
        "negative": Bad(lambda _: -np.eye(2)),
    }
)
vector = Kind({**FINITE, "scalar": Bad(lambda _: 1.0), "rows": Bad(lambda v: [v, v])})
points = Kind({**FINITE, "scalar": Bad(lambda _: 1.0), "too deep": Bad(lambda v: [[[v]]])})
table = Kind({**FINITE, **MATRICES, "several": Bad(lambda v: [v, v])})  # one matrix
pairs = Kind(  # numbers for pairs, the same in both orders
    {what: bad for what, bad in table.bad.items() if what not in {"string", "scalar"}}
    | {"not symmetric": Bad(lambda v: np.triu(v) + np.eye(2)[::-1])}
)
metric = Kind(  # distances of different points
    {
        **table.bad,
        "negative": Bad(lambda v: -np.asarray(v)),
        "not symmetric": Bad(np.triu),
        "points at distance 0": Bad(lambda v: 0 * np.asarray(v)),
        "diagonal": blamed(1.0),
    }
)
arrays = Kind({what: bad._replace(entry="") for what, bad in FINITE.items() if what != "ragged"})
layers = Kind({**arrays.bad, "ragged": FINITE["ragged"], "one matrix": Bad(lambda v: v[0])})
integers = Kind(INTEGERS)  # such as classes
lengths = Kind({**INTEGERS, "scalar": Bad(lambda _: 1), "table": Bad(lambda v: [v, v])})

# The kinds of argument: single values.

NO_NUMBER = wrong_types([True, False, "2", 2j, [2], np.array([2.0]), object()])
NO_AXIS = wrong_types([0.0, "0", None, True, (0,), [0], 0j, np.True_])
NO_FLAG = wrong_types([0, 1, 1.0, "yes", None, [True]])
NO_WORD = wrong_types([1, True, 1.0, ["word"]])
NO_COUNT = wrong_types([True, "2", 2.5, 2j, None, [2]])
NO_FUNCTION = wrong_types(["exp", 1, 1.0, [1.0], True])

axis = Kind({**NO_AXIS, **values([10**20, -7, 7])}, is_array=False)
base = Kind({**NO_NUMBER, **values([0, 1, 1.0, -2, 0.5, nan, inf, -inf])}, is_array=False)
flag = Kind(NO_FLAG, is_array=False)
word = Kind({**NO_WORD, **values(["another word", ""])}, is_array=False)
alpha = Kind({**NO_NUMBER, **values([-1, -1e-300, -inf, nan])}, is_array=False)  # in [0, ∞]
order = Kind({**NO_NUMBER, **values([0.5, 0, -1, -inf, nan])}, is_array=False)  # in [1, ∞]
number = Kind({**NO_NUMBER, **values([nan, inf, -inf])}, is_array=False)
non_negative_number = Kind({**number.bad, **values([-1.0])}, is_array=False)
positive_number = Kind({**number.bad, **values([-1.0, 0.0, 0])}, is_array=False)
fraction = Kind({**number.bad, **values([-0.1, 1.1])}, is_array=False)  # in [0, 1]
count = Kind({**NO_COUNT, **values([0, -1])}, is_array=False)  # an integer ≥ 1
seed = Kind({**NO_COUNT, **values([-1])}, is_array=False)  # an integer ≥ 0
function = Kind(NO_FUNCTION, is_array=False)

OPTIONS = {"axis": axis, "base": base, "keepdims": flag}

# The table, by module.

LAW, OTHER = [0.7, 0.2, 0.1], [0.5, 0.3, 0.2]
TABLE = [[0.5, 0.1], [0.2, 0.2]]
COV = [[1.0, 0.5], [0.5, 1.0]]
MEANS = {"mean_p": real([0.0, 1.0]), "mean_q": real([1.0, 0.0])}
STDS = {"std_p": positive([1.0, 2.0]), "std_q": positive([2.0, 1.0])}

INFORMATION = [
    call(refimpl.information_content, p=probabilities([0.5, 0.2])),
    call(refimpl.entropy, p=law(LAW)),
    call(refimpl.binary_entropy, t=probabilities([0.5, 0.2])),
    call(refimpl.entropy_continuity_bound, tv=probabilities([0.5, 0.2]), n=count(3)),
    call(refimpl.joint_entropy, joint=joint(TABLE)),
    call(refimpl.conditional_entropy, joint=joint(TABLE)),
    call(refimpl.mutual_information, joint=joint(TABLE)),
    call(refimpl.gaussian_entropy, std=positive([1.0, 2.0])),
    call(refimpl.gaussian_entropy, cov=covariance(COV)),
]

CODING = [
    call(refimpl.cross_entropy, p=law(LAW), q=law(OTHER)),
    call(
        refimpl.binary_cross_entropy,
        y=probabilities([0.5, 0.2]),
        q=probabilities([0.1, 0.3]),
    ),
    call(refimpl.cross_entropy_gaussian, **MEANS, **STDS | {"std_p": non_negative([1.0, 2.0])}),
    call(refimpl.perplexity, p=law(LAW)),
    call(refimpl.perplexity, p=law(LAW), q=law(OTHER)),
    call(refimpl.code_lengths, p=law(LAW), code=word("shannon")),
    call(refimpl.code_lengths, p=law(LAW), code=word("huffman")),
    call(refimpl.kraft_sum, lengths=lengths([1, 2, 2])),
]

KL = [
    call(refimpl.kl_divergence, p=law(LAW), q=law(OTHER)),
    call(refimpl.kl_bernoulli, p=probabilities([0.5, 0.2]), q=probabilities([0.1, 0.3])),
    call(refimpl.kl_gaussian, **MEANS, **STDS),
    call(refimpl.kl_gaussian, **MEANS, cov_p=covariance(COV), cov_q=covariance(np.eye(2))),
    call(refimpl.jeffreys_divergence, p=law(LAW), q=law(OTHER)),
    call(refimpl.renyi_divergence, p=law(LAW), q=law(OTHER), alpha=alpha(2.0)),
    call(
        refimpl.donsker_varadhan,
        p=law(LAW),
        q=law(OTHER),
        critic=real([1.0, 0.0, 2.0]),
        bound=word("dv"),
    ),
]

LOGITS = softmax_logits([0.5, -1.0, 3.0])
TEACHER = {"labels": law(LAW), "target_logits": softmax_logits([1.0, 0.0, 2.0]), "logits": LOGITS}
YES_NO = {"targets": probabilities([0.5, 0.2]), "logits": logits([1.0, -2.0])}
TEMPERATURE = {"temperature": positive_number(2.0)}

LOSSES = [
    call(refimpl.log_sum_exp, logits=logits([0.5, -1.0, 3.0])),
    call(refimpl.log_softmax, logits=LOGITS, **TEMPERATURE),
    call(refimpl.softmax, logits=LOGITS, **TEMPERATURE),
    call(refimpl.cross_entropy_loss, targets=law(LAW), logits=LOGITS, **TEMPERATURE),
    call(refimpl.cross_entropy_gradient, targets=law(LAW), logits=LOGITS, **TEMPERATURE),
    call(refimpl.binary_cross_entropy_loss, **YES_NO),
    call(refimpl.binary_cross_entropy_gradient, **YES_NO),
    call(
        refimpl.kl_loss,
        target_logits=TEACHER["target_logits"],
        logits=LOGITS,
        direction=word("forward"),
        **TEMPERATURE,
    ),
    call(
        refimpl.kl_gradient,
        target_logits=TEACHER["target_logits"],
        logits=LOGITS,
        direction=word("reverse"),
        **TEMPERATURE,
    ),
    call(refimpl.smooth_labels, labels=law(LAW), smoothing=fraction(0.1)),
    call(
        refimpl.distillation_loss,
        **TEACHER,
        **TEMPERATURE,
        weight=fraction(0.5),
        soft=word("kl"),
    ),
    call(refimpl.distillation_gradient, **TEACHER, **TEMPERATURE, weight=fraction(0.5)),
    call(
        refimpl.clipped_kl_divergence,
        p=law(LAW),
        q=law(OTHER),
        epsilon=fraction(1e-3),
        how=word("add"),
    ),
    call(refimpl.gaussian_vae_kl, mean=real([0.0, 1.0]), std=positive([1.0, 2.0])),
    call(refimpl.gaussian_vae_kl, mean=real([0.0, 1.0]), log_variance=real([1.0, 2.0])),
    call(
        refimpl.evidence_lower_bound,
        q=law(LAW),
        prior=law(OTHER),
        log_likelihood=below_infinity([-0.5, -1.0, 0.5]),
    ),
]

JS = [
    call(function, p=law(LAW), q=law(OTHER), **more)
    for function in (refimpl.js_divergence, refimpl.js_distance)
    for more in ({}, {"weights": law([0.3, 0.7])}, {"others": further_law([0.2, 0.2, 0.6])})
] + [
    call(refimpl.js_bounds, tv=probabilities([0.1, 1.0])),
    call(refimpl.bayes_error, p=law(LAW), q=law(OTHER), weight=fraction(0.3)),
    call(refimpl.bayes_error_bounds, js=non_negative([0.1, 0.2]), weight=fraction(0.3)),
]

FDIVERGENCES = [
    call(refimpl.total_variation, p=law(LAW), q=law(OTHER)),
    call(refimpl.hellinger_distance, p=law(LAW), q=law(OTHER)),
    call(refimpl.chi_square, p=law(LAW), q=law(OTHER)),
    call(refimpl.f_divergence, generator=word("chi_square"), p=law(LAW), q=law(OTHER)),
    call(
        refimpl.variational_lower_bound,
        generator=word("chi_square"),
        critic=real([1.0, 0.0, 2.0]),
        p=law(LAW),
        q=law(OTHER),
    ),
    call(
        refimpl.reverse_pinsker_bound, tv=probabilities([0.1, 1.0]), least=probabilities([0.2, 0.1])
    ),
    call(refimpl.chi_square_bound, chi_square=divergence([0.1, 2.0])),
    call(refimpl.hellinger_bound, hellinger=non_negative([0.1, 1.4])),
    call(refimpl.le_cam_bounds, hellinger=non_negative([0.1, 1.4])),
    call(refimpl.pinsker_bound, kl=divergence([0.1, 2.0])),
    call(refimpl.bretagnolle_huber_bound, kl=divergence([0.1, 2.0])),
]

DISCRIMINATORS: list[dict[str, Any]] = [
    {"discriminator": probabilities([0.7, 0.4, 0.0])},
    {"logits": logits([1.0, 0.0, -2.0])},
]
GANS = [
    call(
        refimpl.optimal_discriminator,
        p_real=non_negative([0.5, 2.0]),
        p_fake=non_negative([0.2, 0.0]),
        as_logits=flag(value=True),
    ),
    *(call(refimpl.gan_value, p_real=law(LAW), p_fake=law(OTHER), **d) for d in DISCRIMINATORS),
    *(
        call(refimpl.discriminator_loss, p_real=law(LAW), p_fake=law(OTHER), **d)
        for d in DISCRIMINATORS
    ),
    *(
        call(refimpl.generator_loss, p_fake=law(LAW), **d, saturating=flag(value=True))
        for d in DISCRIMINATORS
    ),
    *(call(refimpl.generator_gradient, **d, saturating=flag(value=True)) for d in DISCRIMINATORS),
]

POINTS = real([[0.0, 0.0], [1.0, 0.0], [3.0, 4.0]])
DISTANCES = cost([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
LAW_AND_OTHER = {"p": law(LAW), "q": law(OTHER)}
WEIGHTS = {"x_weights": law(LAW), "y_weights": law(OTHER)}
ENDING = {"tolerance": positive_number(1e-6), "max_iterations": count(99)}

TRANSPORT = [
    call(refimpl.wasserstein_1d, x=real([0.0, 1.0, 3.0]), y=real([2.0, 4.0]), order=order(2)),
    call(refimpl.wasserstein_1d, x=real([0.0, 1.0, 3.0]), y=real([2.0, 4.0, 5.0]), **WEIGHTS),
    call(refimpl.wasserstein, **LAW_AND_OTHER, x=POINTS, y=POINTS, order=order(2)),
    call(refimpl.wasserstein, **LAW_AND_OTHER, cost=DISTANCES, max_iterations=count(9)),
    call(
        refimpl.sinkhorn,
        **LAW_AND_OTHER,
        **ENDING,
        x=POINTS,
        y=POINTS,
        order=order(2),
        epsilon=positive_number(1.0),
    ),
    call(refimpl.sinkhorn, **LAW_AND_OTHER, cost=DISTANCES, epsilon=positive_number(1.0)),
    call(
        refimpl.sinkhorn_divergence,
        **LAW_AND_OTHER,
        **ENDING,
        x=POINTS,
        y=POINTS,
        order=order(2),
        epsilon=positive_number(1.0),
    ),
    call(
        refimpl.sinkhorn_divergence,
        **LAW_AND_OTHER,
        cost=DISTANCES,
        epsilon=positive_number(1.0),
    ),
    call(
        refimpl.wasserstein_gaussian,
        **MEANS,
        std_p=non_negative([1.0, 2.0]),
        std_q=non_negative([2.0, 1.0]),
    ),
    call(
        refimpl.wasserstein_1_gaussian,
        **MEANS,
        std_p=non_negative([1.0, 2.0]),
        std_q=non_negative([2.0, 1.0]),
    ),
    call(refimpl.entropic_gap_bound, **LAW_AND_OTHER, epsilon=positive_number(0.1)),
    call(refimpl.wasserstein_gaussian, **MEANS, cov_p=semidefinite(COV), cov_q=semidefinite(COV)),
    call(
        refimpl.sliced_wasserstein,
        x=POINTS,
        y=POINTS,
        directions=real([[1.0, 0.0], [0.0, 1.0]]),
        **WEIGHTS,
    ),
    call(
        refimpl.sliced_wasserstein,
        x=POINTS,
        y=POINTS,
        count=count(3),
        seed=seed(1),
        order=order(1),
    ),
    call(
        refimpl.c_transform,
        potential=real([1.0, 0.0, 2.0]),
        cost=matrix([[0.0, 1.0, 5.0], [1.0, 0.0, 4.0], [5.0, 4.0, 0.0]]),
    ),
    call(
        refimpl.is_lipschitz,
        values=real([1.0, 0.0, 2.0]),
        x=POINTS,
        constant=non_negative_number(1.0),
    ),
    call(refimpl.is_lipschitz, values=real([1.0, 0.0, 2.0]), distance=DISTANCES),
]

X, Y = [0.0, 1.0], [1.0, 3.0]
SAMPLES = {"x": points(X), "y": points(Y), "x_weights": law([0.7, 0.3])}
SAMPLES |= {"y_weights": law([0.2, 0.8])}
DISTANCE = [[0.0, 2.0], [2.0, 0.0]]

WGANS = [
    call(refimpl.critic_objective, **SAMPLES, critic=function(lambda x: -x)),
    call(refimpl.critic_objective, x=vector(X), y=vector(Y)),
    call(refimpl.lipschitz_constant, values=vector(X), x=points(Y)),
    call(refimpl.lipschitz_constant, values=vector(X), distance=metric(DISTANCE)),
    call(refimpl.lipschitz_bound, weights=layers([COV, COV]), norm=word("spectral")),
    call(refimpl.clip_weights, weights=arrays([COV, COV]), limit=positive_number(0.1)),
    call(
        refimpl.gradient_penalty,
        x=points(X),
        y=points(Y),
        gradient=function(np.cos),
        fractions=probabilities([0.1, 0.5]),
        one_sided=flag(value=False),
    ),
    call(refimpl.spectral_norm, weight=table(COV)),
    call(refimpl.spectral_norm, weight=table(COV), iterations=count(3), start=vector([1.0, 2.0])),
]

KERNEL = {"kernel": word("gaussian"), "bandwidth": positive_number(2.0)}

IPMS = [
    call(refimpl.integral_probability_metric, p=law(LAW), q=law(OTHER), critics=table([LAW])),
    call(refimpl.kolmogorov_distance, **SAMPLES | {"x": vector(X), "y": vector(Y)}),
    call(refimpl.mmd, **SAMPLES, **KERNEL),
    call(refimpl.mmd, x=law([0.7, 0.3]), y=law([0.2, 0.8]), kernel=pairs(COV)),
    call(refimpl.mmd_squared, **SAMPLES, **KERNEL),
    call(refimpl.mmd_squared, x=points(X), y=points(Y), unbiased=flag(value=True)),
    call(
        refimpl.mmd_gaussian,
        **MEANS,
        std_p=non_negative([1.0, 2.0]),
        std_q=non_negative([2.0, 1.0]),
        bandwidth=positive_number(2.0),
    ),
    call(refimpl.energy_distance, **SAMPLES),
    call(refimpl.energy_distance, x=law([0.7, 0.3]), y=law([0.2, 0.8]), cost=pairs(DISTANCE)),
    call(refimpl.dudley_distance, p=law(LAW), q=law(OTHER), x=points(LAW), norm=word("sum")),
    call(refimpl.dudley_distance, p=law([0.7, 0.3]), q=law([0.2, 0.8]), distance=metric(DISTANCE)),
]

CALLS = [
    *(*INFORMATION, *CODING, *KL),
    *(*LOSSES, *JS, *FDIVERGENCES, *GANS, *TRANSPORT, *WGANS, *IPMS),
]
