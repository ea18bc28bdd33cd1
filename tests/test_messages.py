"""The text of errors, whole: which argument, which entry, its value, and what would be right."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import refimpl

Row = tuple[Callable[[], object], str]

api: Any = refimpl  # without its types, which forbid half of this

TYPE_ERRORS: list[Row] = [
    (
        lambda: api.entropy([0.5, 0.5], base="2"),
        "base = '2' is not a real number; give a float or an int",
    ),
    (
        lambda: api.energy_distance([0.0], [1.0], cost=[[0.0]], x_weights=[1.0]),
        "x and y are laws here, and take no weights; give x and y alone",
    ),
    (
        lambda: api.sliced_wasserstein([[0.0]], [[1.0]], count=1.5, seed=1),
        "count = 1.5 is not an integer; give an integer ≥ 1",
    ),
    (
        lambda: api.code_lengths([0.5, 0.5], code=1),
        "code = 1 is not a string; give one of ('shannon', 'huffman')",
    ),
    (
        lambda: api.entropy([0.5, 0.5], keepdims=1),
        "keepdims = 1 is not a boolean; give True or False",
    ),
    (
        lambda: api.entropy([0.5, 0.5], axis=0.0),
        "axis = 0.0 is not an integer; give the axis of the outcomes",
    ),
    (
        lambda: api.gan_value([0.5, 0.5], [0.5, 0.5]),
        "give exactly one of discriminator and logits; 0 are given",
    ),
    (
        lambda: api.gan_value([0.5, 0.5], [0.5, 0.5], discriminator=[0.5, 0.5], logits=[0.0, 0.0]),
        "give exactly one of discriminator and logits; 2 are given",
    ),
    (
        lambda: api.Generator(function=1, at_zero=0, slope_at_infinity=0),
        "function = 1 is not a function; give a function of an array",
    ),
    (
        lambda: api.f_divergence(
            api.Generator(function=lambda t: t[:1], at_zero=0, slope_at_infinity=0),
            [0.5, 0.5],
            [0.25, 0.75],
        ),
        "generator.function returns shape (1,) and dtype float64 for an array of shape (2,); give a function that maps an array of numbers entry by entry",
    ),
    (
        lambda: api.f_divergence(1, [0.5, 0.5], [0.25, 0.75]),
        "generator = 1 is no generator; give a Generator or one of ['kl', 'reverse_kl', 'jeffreys', 'js', 'midpoint_kl', 'gan', 'tv', 'chi_square', 'hellinger']",
    ),
    (
        lambda: api.entropy(np.ma.masked_array([0.5, 0.5], [False, True])),
        "p is a masked array; decide what the masked entries are and give a plain array, such as p.filled(0.0)",
    ),
    (
        lambda: api.entropy(["a", "b"]),
        "p is ['a', 'b'], which NumPy reads as dtype <U1; give an array of real numbers",
    ),
    (lambda: api.entropy([[True, 0.0]]), "p[0, 0] = True is a boolean; give numbers"),
    (
        lambda: api.entropy([[0.5, np.ma.masked_array([0.5], [True])]]),
        "p[0, 1] is masked; give numbers",
    ),
    (lambda: api.clip_weights(1.0, limit=1), "weights is 1.0; give a list of arrays"),
    (lambda: api.kraft_sum([1.0]), "lengths has dtype float64; give integers"),
    (
        lambda: api.gradient_penalty([0.0], [1.0], gradient=1, fractions=[0.5]),
        "gradient = 1 is not a function; give a callable",
    ),
    (api.gaussian_entropy, "give either std or cov, and not both"),
    (
        lambda: api.kl_gaussian(0.0, 0.0),
        "give both std_p and std_q, or both cov_p and cov_q, and no other",
    ),
    (
        lambda: api.wasserstein_gaussian(0.0, 0.0),
        "give both std_p and std_q, or both cov_p and cov_q, and no other",
    ),
    (lambda: api.gaussian_vae_kl([0.0]), "give either std or log_variance"),
    (
        lambda: api.mmd_squared([0.0, 1.0], [0.0, 1.0], unbiased=True, x_weights=[0.5, 0.5]),
        "the unbiased estimate takes no weights; give the samples themselves",
    ),
    (
        lambda: api.mmd_squared(
            [0.5, 0.5], [0.5, 0.5], unbiased=True, kernel=[[1.0, 0.0], [0.0, 1.0]]
        ),
        "kernel is a matrix; give a function for the unbiased estimate",
    ),
    (
        lambda: api.mmd(
            [0.5, 0.5], [0.5, 0.5], kernel=[[1.0, 0.0], [0.0, 1.0]], x_weights=[0.5, 0.5]
        ),
        "x and y are laws here, and take no weights; give x and y alone",
    ),
    (
        lambda: api.mmd([0.0], [1.0], kernel=1),
        "kernel = 1 is no kernel; give a name, a function or a matrix",
    ),
    (
        lambda: api.dudley_distance([1.0], [1.0]),
        "give either the points x or their distance, and not both",
    ),
    (lambda: api.wasserstein([1.0], [1.0]), "give either cost, or x and perhaps y"),
    (
        lambda: api.sliced_wasserstein([[0.0]], [[1.0]]),
        "give either directions, or both count and seed",
    ),
    (
        lambda: api.lipschitz_constant([0.0]),
        "give either the points x or their distance, and not both",
    ),
    (
        lambda: api.lipschitz_constant(lambda x: x, distance=[[0.0]]),
        "values is a function; give the points x, or give its values",
    ),
    (lambda: api.is_lipschitz([0.0]), "give either x or distance"),
    (
        lambda: api.spectral_norm([[1.0]], start=[1.0]),
        "start is for the power iteration; give iterations too",
    ),
    (
        lambda: api.mmd(
            [0.5, 0.5], [0.5, 0.5], kernel=[[1.0, 0.0], [0.0, 1.0]], y_weights=[0.5, 0.5]
        ),
        "x and y are laws here, and take no weights; give x and y alone",
    ),
    (lambda: api.entropy([[[0.5, True]]]), "p[0, 0, 1] = True is a boolean; give numbers"),
    (
        lambda: api.energy_distance(
            [0.5, 0.5], [0.5, 0.5], cost=[[0.0, 1.0], [1.0, 0.0]], y_weights=[0.5, 0.5]
        ),
        "x and y are laws here, and take no weights; give x and y alone",
    ),
    (
        lambda: api.entropy(["é" * 56]),
        "p is ['éééééééééééééééééééééééééééééééééééééééééééééééééééééééé'], which NumPy reads as dtype <U56; give an array of real numbers",
    ),
    (
        lambda: api.entropy(["é" * 57]),
        "p is ['ééééééééééééééééééééééééééééééééééééééééééééééééééééééé..., which NumPy reads as dtype <U57; give an array of real numbers",
    ),
]

VALUE_ERRORS: list[Row] = [
    (
        lambda: api.entropy([0.5, 0.5], base=1),
        "base = 1 is no base of information; give a finite number > 1 (2 for bits), or None for nats",
    ),
    (
        lambda: api.entropy([0.5, 0.5], axis=10**5000),
        "axis = an object of type int is out of range; give -1 to 0",
    ),
    (
        lambda: api.entropy([0.5, 0.5], base=10**400),
        "base is too large; give a number below 1.8e308",
    ),
    (
        lambda: api.entropy([0.5, 0.5], base=math.nan),
        "base = nan is not a real number; give a float or an int",
    ),
    (
        lambda: api.renyi_divergence([0.5, 0.5], [0.5, 0.5], -1),
        "alpha = -1 is negative; give a number in [0, inf]",
    ),
    (
        lambda: api.wasserstein_1d([0.0], [1.0], order=0.5),
        "order = 0.5 is below 1; give a number in [1, inf]",
    ),
    (
        lambda: api.wasserstein([1.0], [1.0], x=[0.0], order=math.inf),
        "order = inf is not finite; give a number in [1, inf)",
    ),
    (
        lambda: api.clip_weights([[1.0]], limit=math.inf),
        "limit = inf is not in (0, inf); give a finite number > 0",
    ),
    (
        lambda: api.is_lipschitz([0.0], x=[0.0], constant=-1),
        "constant = -1 is negative; give a number in [0, inf]",
    ),
    (
        lambda: api.is_lipschitz([0.0], x=[0.0], constant=math.inf),
        "constant = inf is not finite; give a number ≥ 0",
    ),
    (
        lambda: api.sliced_wasserstein([[0.0]], [[1.0]], count=0, seed=1),
        "count = 0 is too small; give an integer ≥ 1",
    ),
    (
        lambda: api.softmax([0.0, 1.0], temperature=0),
        "temperature = 0 is not in (0, inf); give a finite number > 0",
    ),
    (
        lambda: api.smooth_labels([0.0, 1.0], 2),
        "smoothing = 2 is not in [0, 1]; give a number from 0 to 1",
    ),
    (
        lambda: api.code_lengths([0.5, 0.5], code="morse"),
        "code = 'morse' is unknown; give one of ('shannon', 'huffman')",
    ),
    (
        lambda: api.f_divergence(
            api.Generator(function=lambda t: t / 0, at_zero=0, slope_at_infinity=0),
            [0.5, 0.5],
            [0.25, 0.75],
        ),
        "generator.function(2.0) is inf; give a function with finite values at numbers > 0",
    ),
    (
        lambda: api.Generator(function=lambda t: t, at_zero=-math.inf, slope_at_infinity=0),
        "at_zero = -inf; give a number or inf, as f is convex",
    ),
    (
        lambda: api.variational_lower_bound("hellinger", [2.0, 0.0], [0.5, 0.5], [0.5, 0.5]),
        "critic[0] = 2.0 is where generator.conjugate is inf; give values at which it is finite",
    ),
    (
        lambda: api.variational_lower_bound(
            api.Generator(function=lambda t: t, at_zero=0, slope_at_infinity=1), [0.0], [1.0], [1.0]
        ),
        "generator.conjugate is None; give a Generator with its conjugate",
    ),
    (
        lambda: api.f_divergence("x", [0.5, 0.5], [0.25, 0.75]),
        "generator = 'x' is unknown; give one of ('kl', 'reverse_kl', 'jeffreys', 'js', 'midpoint_kl', 'gan', 'tv', 'chi_square', 'hellinger')",
    ),
    (lambda: api.entropy([]), "p is empty, with shape (0,); give at least one number"),
    (
        lambda: api.donsker_varadhan([1.0], [1.0], [math.inf]),
        "critic[0] = inf is not a finite number; give finite numbers",
    ),
    (lambda: api.information_content([-0.5]), "p[0] = -0.5 is negative; probabilities are ≥ 0"),
    (lambda: api.information_content([1.5]), "p[0] = 1.5 is larger than 1; probabilities are ≤ 1"),
    (lambda: api.pinsker_bound([-1.0]), "kl[0] = -1.0 is not in [0, inf]; give numbers ≥ 0"),
    (
        lambda: api.kl_gaussian(0.0, 0.0, std_p=0.0, std_q=1.0),
        "std_p = 0.0 is not positive; give numbers > 0",
    ),
    (
        lambda: api.evidence_lower_bound([1.0], [1.0], [math.inf]),
        "log_likelihood[0] = inf is infinite; give numbers < inf, or -inf",
    ),
    (
        lambda: api.evidence_lower_bound([1.0], [1.0], [math.nan]),
        "log_likelihood[0] = nan is not a number; give numbers, inf or -inf",
    ),
    (lambda: api.spectral_norm([1.0]), "weight has shape (1,); give a matrix, with two axes"),
    (lambda: api.clip_weights([], limit=1), "weights is empty; give at least one array"),
    (
        lambda: api.lipschitz_bound([[[1.0, 2.0]], [[1.0, 2.0]]]),
        "weights[1] has shape (1, 2) and weights[0] (1, 2); give a column for each row of the layer before",
    ),
    (lambda: api.kraft_sum([[1]]), "lengths has shape (1, 1); give one list of integers"),
    (lambda: api.kraft_sum([-1]), "lengths[0] = -1 is negative; give integers ≥ 0"),
    (
        lambda: api.kl_bernoulli([0.5, 0.5], [0.5, 0.5, 0.5]),
        "the shapes do not broadcast: p has (2,), q has (3,); give matching shapes",
    ),
    (
        lambda: api.js_divergence([1.0], [1.0], weights=[1.0]),
        "weights has 1 entries; give 2, one for each law",
    ),
    (
        lambda: api.log_softmax([math.nan, 0.0]),
        "logits[0] = nan is not a number; give numbers, inf or -inf",
    ),
    (
        lambda: api.log_softmax([math.inf, math.inf]),
        "logits[0] = inf is not the only infinite logit; their ratio is unknown: give at most one inf",
    ),
    (
        lambda: api.log_softmax([-math.inf, -math.inf]),
        "logits[0] = -inf and all other logits are infinite; give at least one larger one",
    ),
    (
        lambda: api.kl_gradient([-math.inf, 0.0], [0.0, 0.0], direction="reverse"),
        "the loss of logits = inf has no gradient; give matching supports",
    ),
    (lambda: api.code_lengths([[1.0]]), "p has shape (1, 1); give one law, with one axis"),
    (
        lambda: api.code_lengths([1.0, 0.0]),
        "p[1] = 0.0 has no word in this code; leave the outcome out",
    ),
    (
        lambda: api.mutual_information([1.0]),
        "joint has shape (1,); give a table, with x along the last axis but one and y along the last axis",
    ),
    (lambda: api.entropy(1.0), "p is one number; give an array along the outcomes"),
    (
        lambda: api.kl_divergence(1.0, 1.0),
        "p and q is one number; give an array along the outcomes",
    ),
    (lambda: api.entropy([1.0], axis=1), "axis = 1 is out of range; give -1 to 0"),
    (
        lambda: api.kl_divergence([0.5, 0.5], [[0.5, 0.5], [0.5, 0.5]], axis=0),
        "p has shape (2,) and no axis -2; give the axis of the outcomes",
    ),
    (
        lambda: api.kl_divergence([1.0], [0.5, 0.5]),
        "the outcomes do not match: p has 1, q has 2 along axis -1; give the same outcomes",
    ),
    (lambda: api.entropy([math.nan, 1.0]), "p[0] = nan is not a number; give probabilities ≥ 0"),
    (lambda: api.entropy([-0.5, 1.5]), "p[0] = -0.5 is negative; probabilities are ≥ 0"),
    (lambda: api.entropy([math.inf, 0.0]), "p[0] = inf is infinite; probabilities are ≤ 1"),
    (
        lambda: api.entropy([3, 7]),
        "p sums to 10.0, not 1; if these are counts or weights, divide by their sum: p / p.sum()",
    ),
    (
        lambda: api.entropy([[0.5, 0.5], [0.5, 1.0]]),
        "p[1, :] sums to 1.5, not 1; if these are counts or weights, divide by their sum: p / p.sum(axis=-1, keepdims=True)",
    ),
    (
        lambda: api.mutual_information([[[0.5, 0.5]], [[0.5, 0.25]]]),
        "joint[1, :, :] sums to 0.75, not 1; if these are counts or weights, divide by their sum: joint / joint.sum(axis=(-2, -1), keepdims=True)",
    ),
    (
        lambda: api.wasserstein_1d([0.0], [1.0], axis=1),
        "axis = 1 is out of range for x, which has shape (1,); give the axis of the points",
    ),
    (
        lambda: api.wasserstein_1d([0.0], [1.0], x_weights=[0.5, 0.5]),
        "x_weights has shape (2,) for 1 points; give a weight for each point",
    ),
    (
        lambda: api.wasserstein([[1.0]], [1.0], x=[0.0]),
        "p has shape (1, 1); give one law, with one axis",
    ),
    (
        lambda: api.wasserstein([1.0], [1.0], cost=[[0.0, 1.0]]),
        "cost has shape (1, 2), and p and q have 1 and 1 outcomes; give a matrix of shape (1, 1)",
    ),
    (
        lambda: api.wasserstein([1.0], [1.0], cost=[[-1.0]]),
        "cost[0, 0] = -1.0 is negative; give numbers ≥ 0",
    ),
    (
        lambda: api.energy_distance([1.0], [1.0], cost=[[0.0, 1.0]]),
        "cost has shape (1, 2); give shape (1, 1)",
    ),
    (
        lambda: api.energy_distance([0.5, 0.5], [0.5, 0.5], cost=[[0.0, 1.0], [2.0, 0.0]]),
        "cost[0, 1] = 1.0 differs from the mirrored entry; the matrix must be symmetric",
    ),
    (
        lambda: api.wasserstein([1.0], [1.0], x=[0.0, 1.0]),
        "x has 2 points; give 1, one for each outcome",
    ),
    (
        lambda: api.wasserstein([1.0], [1.0], x=[[0.0, 1.0]], y=[0.0]),
        "the dimensions do not match: x has 2 and y has 1; give vectors of one length",
    ),
    (
        lambda: api.sliced_wasserstein([[0.0]], [[1.0]], directions=[1.0]),
        "directions has shape (1,); give rows of length 1",
    ),
    (
        lambda: api.sliced_wasserstein([[0.0]], [[1.0]], directions=[[2.0]]),
        "directions[0] has the length 2.0; give unit vectors",
    ),
    (
        lambda: api.c_transform([0.0], [[1.0], [2.0]]),
        "cost has shape (2, 1) and potential has 1 values; give a matrix with a row for each value",
    ),
    (
        lambda: api.kolmogorov_distance([[[0.0]]], [0.0]),
        "x has shape (1, 1, 1); give numbers of shape (n,), or vectors of shape (n, d)",
    ),
    (
        lambda: api.mmd([[[0.0]]], [0.0]),
        "x has shape (1, 1, 1); give numbers of shape (n,), or vectors of shape (n, d)",
    ),
    (
        lambda: api.mmd([0.0, 1.0], [[0.0]]),
        "x has shape (2,) and y (1, 1); give points with the same coordinates",
    ),
    (
        lambda: api.mmd([0.0, 1.0], [0.0], x_weights=[1.0]),
        "x_weights has shape (1,) and x (2,); give one probability for each point",
    ),
    (
        lambda: api.kolmogorov_distance([[0.0]], [0.0]),
        "x has shape (1, 1) and y (1,); give points with the same coordinates",
    ),
    (
        lambda: api.lipschitz_constant([0.0, 1.0], x=[0.0]),
        "the lengths do not match: values has 2, x has 1; give one for each",
    ),
    (
        lambda: api.gradient_penalty([0.0], [1.0], gradient=lambda x: [*x, *x], fractions=[0.5]),
        "gradient returns an array of shape (2,) for points of shape (1,); it must return one of shape (1,)",
    ),
    (
        lambda: api.mmd([0.0], [1.0], kernel=lambda *_: [1.0]),
        "kernel returns an array of shape (1,) for 2 and 2 points; it must return a row for each of the first",
    ),
    (
        lambda: api.mmd([1.0], [1.0], kernel=[[1.0, 2.0]]),
        "kernel has shape (1, 2); give shape (1, 1)",
    ),
    (
        lambda: api.mmd([0.5, 0.5], [0.5, 0.5], kernel=[[1.0, 2.0], [0.0, 1.0]]),
        "kernel[0, 1] = 2.0 differs from the mirrored entry; the matrix must be symmetric",
    ),
    (
        lambda: api.lipschitz_constant([0.0, 1.0], distance=[[1.0, 1.0], [1.0, 0.0]]),
        "distance[0, 0] = 1.0 is on the diagonal; distances there are 0",
    ),
    (
        lambda: api.lipschitz_constant([0.0, 1.0], distance=[[0.0, 0.0], [0.0, 0.0]]),
        "distance[0, 1] = 0.0 is not positive; distances of different points are > 0",
    ),
    (lambda: api.gaussian_entropy(cov=[1.0]), "cov has shape (1,); give square matrices"),
    (
        lambda: api.wasserstein_gaussian(
            [0.0, 0.0], [0.0, 0.0], cov_p=[[1.0, 0.5], [0.25, 1.0]], cov_q=np.eye(2)
        ),
        "cov_p[0, 1] = 0.5 differs from the mirrored entry; a covariance matrix must be symmetric and have no negative eigenvalue",
    ),
    (
        lambda: api.wasserstein_gaussian(
            [0.0, 0.0], [0.0, 0.0], cov_p=[[1.0, 2.0], [2.0, 1.0]], cov_q=np.eye(2)
        ),
        "cov_p has the eigenvalue -1.0; a covariance matrix must be symmetric and have no negative eigenvalue",
    ),
    (
        lambda: api.kl_gaussian([0.0], [0.0, 0.0], cov_p=np.eye(2), cov_q=np.eye(2)),
        "mean_p has shape (1,) and cov_p (2, 2); give vectors of length d and matrices of shape (d, d)",
    ),
    (
        lambda: api.gaussian_entropy(cov=[[0.0]]),
        "cov[0, 0] = 0.0 is on the diagonal and not positive; a covariance matrix must be symmetric and positive definite",
    ),
    (
        lambda: api.gaussian_entropy(cov=[[1.0, 0.5], [0.25, 1.0]]),
        "cov[0, 1] = 0.5 differs from the mirrored entry; a covariance matrix must be symmetric and positive definite",
    ),
    (
        lambda: api.gaussian_entropy(cov=[[1.0, 1.0], [1.0, 1.0]]),
        "cov is singular or worse; a covariance matrix must be symmetric and positive definite",
    ),
    (
        lambda: api.integral_probability_metric([1.0], [1.0], critics=[[1.0, 2.0]]),
        "critics has shape (1, 2); give 1 values in each row",
    ),
    (
        lambda: api.mmd([0.5, 0.5], [0.0, 1.0], kernel=[[1.0, 2.0], [2.0, 1.0]]),
        "kernel gives the square -0.5; it must be positive definite",
    ),
    (
        lambda: api.mmd_squared([0.0], [0.0, 1.0], unbiased=True),
        "x has 1 and y 2 points; give two or more of each",
    ),
    (
        lambda: api.mmd([[0.5, 0.5]], [0.5, 0.5], kernel=[[1.0, 0.0], [0.0, 1.0]]),
        "the lengths do not match: x has 1, y has 2; give one for each",
    ),
    (
        lambda: api.mmd([0.0], [1.0], kernel="tent"),
        "kernel = 'tent' is unknown; give one of ('gaussian', 'laplace')",
    ),
    (
        lambda: api.mmd([0.0], [1.0], bandwidth=0),
        "bandwidth = 0 is not in (0, inf); give a finite number > 0",
    ),
    (
        lambda: api.dudley_distance([[1.0]], [1.0], x=[0.0]),
        "p has shape (1, 1) and q (1,); give one law each",
    ),
    (
        lambda: api.wasserstein([1.0], [1.0], x=[1e308], y=[-1e308]),
        "x: some places are so far apart that their distance is no float",
    ),
    (
        lambda: api.sinkhorn([0.5, 0.5], [0.25, 0.75], x=[0.0, 1e150], order=2, epsilon=1e-320),
        "epsilon = 1e-320 is out of the range of the costs; give another unit",
    ),
    (
        lambda: api.sinkhorn([1.0], [0.25, 0.75], cost=[[1e-300, 1e-290]], epsilon=1e300),
        "epsilon = 1e+300 is out of the range of the costs; give another unit",
    ),
    (
        lambda: api.sinkhorn([0.5, 0.5], [0.25, 0.75], x=[0.0, 1e-320], epsilon=1e300),
        "epsilon = 1e+300 is out of the range of the costs; give another unit",
    ),
    (
        lambda: api.gradient_penalty([[0.0]], [0.0], gradient=lambda x: x, fractions=[0.5]),
        "x has shape (1, 1) and y (1,); give pairs of points",
    ),
    (
        lambda: api.gradient_penalty([[0.0]], [[0.0]], gradient=lambda x: x, fractions=[[0.5]]),
        "fractions has shape (1, 1); give one number for each pair",
    ),
    (
        lambda: api.spectral_norm([[1.0]], iterations=1, start=[0.0]),
        "start is [0.]; give 1 numbers, not all 0",
    ),
    (
        lambda: api.energy_distance([0.0], [1.0], cost=[[0.0]]),
        "x sums to 0.0, not 1; if these are counts or weights, divide by their sum: x / x.sum()",
    ),
    (
        lambda: api.sinkhorn_divergence([1.0], [1.0], cost=[[0.0, 1.0]], epsilon=1),
        "cost has shape (1, 2); give a square matrix",
    ),
    (
        lambda: api.sinkhorn_divergence(
            [0.5, 0.5], [0.5, 0.5], cost=[[0.0, 1.0], [2.0, 0.0]], epsilon=1
        ),
        "cost[0, 1] = 1.0 differs from the mirrored entry; give symmetric costs",
    ),
    (
        lambda: api.is_lipschitz([0.0, 1.0], distance=[[0.0]]),
        "distance has shape (1, 1); give a matrix of shape (2, 2)",
    ),
    (
        lambda: api.wasserstein([0.5, 0.5], [0.25, 0.75], x=[0.0, 1e-300], y=[0.0, 1.0], order=2),
        "order = 2 is too large: powers of the shortest distances are no floats; give a smaller order, or places that differ less in scale",
    ),
    (
        lambda: api.gan_value([0.5, 0.5], [0.5, 0.5], discriminator=[0.5, 1.5]),
        "discriminator[1] = 1.5 is larger than 1; probabilities are ≤ 1",
    ),
    (
        lambda: api.gan_value([0.5, 0.5], [0.5, 0.5], logits=[0.5, math.nan]),
        "logits[1] = nan is not a number; give numbers, inf or -inf",
    ),
    (
        lambda: api.binary_cross_entropy_loss(1.5, 0.0),
        "targets = 1.5 is larger than 1; probabilities are ≤ 1",
    ),
    (
        lambda: api.lipschitz_constant(lambda *_: [0.0, math.inf], x=[0.0, 1.0]),
        "values[1] = inf is not a finite number; give finite numbers",
    ),
    (
        lambda: api.wasserstein_1d([[0.0], [1.0]], [[0.0], [1.0], [2.0]]),
        "the shapes do not broadcast: x has (2,), y has (3,); give matching shapes",
    ),
    (
        lambda: api.wasserstein_1d([[0.0], [1.0]], [0.0], x_weights=[[1.0], [1.0], [1.0]]),
        "the shapes do not broadcast: x_weights has (3,), the points has (2,); give matching shapes",
    ),
    (
        lambda: api.kl_gaussian(0.0, [0.0, 0.0], std_p=[1.0, 1.0, 1.0], std_q=1.0),
        "the shapes do not broadcast: mean_p has (), mean_q has (2,), std_p has (3,), std_q has (); give matching shapes",
    ),
    (
        lambda: api.kl_gaussian(0.0, 0.0, std_p=1.0, std_q=1.0, base=0.5),
        "base = 0.5 is no base of information; give a finite number > 1 (2 for bits), or None for nats",
    ),
    (
        lambda: api.cross_entropy_gaussian(0.0, [0.0, 0.0], std_p=[1.0, 1.0, 1.0], std_q=1.0),
        "the shapes do not broadcast: mean_p has (), mean_q has (2,), std_p has (3,), std_q has (); give matching shapes",
    ),
    (
        lambda: api.generator_loss([0.5, 0.5], discriminator=[0.5]),
        "the outcomes do not match: p_fake has 2, discriminator has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.generator_loss([0.5, 0.5], logits=[0.5]),
        "the outcomes do not match: p_fake has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.gan_value([0.5, 0.5], [0.5, 0.5], logits=[0.5]),
        "the outcomes do not match: p_real has 2, p_fake has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.discriminator_loss([0.5, 0.5], [0.5, 0.5], logits=[0.5]),
        "the outcomes do not match: p_real has 2, p_fake has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.cross_entropy_loss([0.5, 0.5], [0.5]),
        "the outcomes do not match: targets has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.cross_entropy_gradient([0.5, 0.5], [0.5]),
        "the outcomes do not match: targets has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.binary_cross_entropy_loss([0.5, 0.5, 0.5], [0.5, 0.0]),
        "the shapes do not broadcast: targets has (3,), logits has (2,); give matching shapes",
    ),
    (
        lambda: api.binary_cross_entropy_gradient([0.5, 0.5, 0.5], [0.5, 0.0]),
        "the shapes do not broadcast: targets has (3,), logits has (2,); give matching shapes",
    ),
    (
        lambda: api.kl_loss([0.5, 0.5], [0.5]),
        "the outcomes do not match: target_logits has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.kl_gradient([0.5, 0.5], [0.5]),
        "the outcomes do not match: target_logits has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.distillation_loss([0.5, 0.5], [0.5, 0.5], [0.5]),
        "the outcomes do not match: labels has 2, target_logits has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.distillation_gradient([0.5, 0.5], [0.5, 0.5], [0.5]),
        "the outcomes do not match: labels has 2, target_logits has 2, logits has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.gaussian_vae_kl([0.5, 0.5], std=[0.5]),
        "the outcomes do not match: mean has 2, std has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.gaussian_vae_kl([0.5, 0.5], log_variance=[0.5]),
        "the outcomes do not match: mean has 2, log_variance has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.evidence_lower_bound([0.5, 0.5], [0.5, 0.5], [0.5]),
        "the outcomes do not match: q has 2, prior has 2, log_likelihood has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.donsker_varadhan([0.5, 0.5], [0.5, 0.5], [0.5]),
        "the outcomes do not match: p has 2, q has 2, critic has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.variational_lower_bound("kl", [0.5], [0.5, 0.5], [0.5, 0.5]),
        "the outcomes do not match: p has 2, q has 2, critic has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.js_divergence([0.5, 0.5], [0.5, 0.5], [1.0]),
        "the outcomes do not match: p has 2, q has 2, others[0] has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.optimal_discriminator([0.5, 0.5, 0.5], [0.5, 0.5]),
        "the shapes do not broadcast: p_real has (3,), p_fake has (2,); give matching shapes",
    ),
    (
        lambda: api.integral_probability_metric([0.5, 0.5], [1.0], critics=[[0.5, 0.0]]),
        "the outcomes do not match: p has 2, q has 1 along axis -1; give the same outcomes",
    ),
    (
        lambda: api.kolmogorov_distance([[0.0, 1.0]], [[0.0, 1.0]]),
        "x has shape (1, 2); give numbers, with one axis",
    ),
    (
        lambda: api.mmd([[0.5, 0.5], [0.5, 0.5]], [0.5, 0.5], kernel=[[1.0, 0.0], [0.0, 1.0]]),
        "x and y hold several laws; give one law each",
    ),
    (
        lambda: api.mmd([0.5, 0.5], [[0.5, 0.5], [0.5, 0.5]], kernel=[[1.0, 0.0], [0.0, 1.0]]),
        "x and y hold several laws; give one law each",
    ),
    (
        lambda: api.mmd_gaussian(0.0, [0.0, 0.0], std_p=[1.0, 1.0, 1.0], std_q=1.0),
        "the shapes do not broadcast: mean_p has (), mean_q has (2,), std_p has (3,), std_q has (); give matching shapes",
    ),
    (
        lambda: api.mmd_gaussian(
            [0.0, 0.0], 0.0, std_p=[1.0, 1.0, 1.0], std_q=[1.0, 1.0, 1.0, 1.0]
        ),
        "the shapes do not broadcast: mean_p has (2,), mean_q has (), std_p has (3,), std_q has (4,); give matching shapes",
    ),
    (
        lambda: api.dudley_distance([1.0], [[1.0]], x=[0.0]),
        "p has shape (1,) and q (1, 1); give one law each",
    ),
]


@pytest.mark.parametrize(("call", "message"), TYPE_ERRORS, ids=range(len(TYPE_ERRORS)))
def test_type_errors(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        call()


@pytest.mark.parametrize(("call", "message"), VALUE_ERRORS, ids=range(len(VALUE_ERRORS)))
def test_value_errors(call: Callable[[], object], message: str) -> None:
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()
