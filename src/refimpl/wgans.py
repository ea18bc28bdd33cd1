"""Wasserstein GANs: critics, Lipschitz constants, clipping and penalties."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl import _checks, _measures, _sums
from refimpl._checks import Array

__all__ = [
    "clip_weights",
    "critic_objective",
    "gradient_penalty",
    "lipschitz_bound",
    "lipschitz_constant",
    "spectral_norm",
]

Critic = Callable[[Array], Any]


@_sums.quiet
def critic_objective(
    x: ArrayLike,
    y: ArrayLike,
    *,
    critic: Critic | None = None,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
) -> float:
    """
    Objective of a critic: its mean on the data less its mean on the generated points.

    A Wasserstein GAN maximises it over critics and minimises the maximum over generators.
    Over the critics with Lipschitz constant 1 the maximum is the Wasserstein distance of
    order 1. Equation :eq:`def-wgan`.

    Parameters
    ----------
    x : array_like
        Points of the data: numbers of shape (n,), or vectors of shape (n, d). Without a
        critic, the values of the critic at these points, of shape (n,).
    y : array_like
        Generated points, or the values of the critic there, likewise.
    critic : callable, optional
        Function that takes points as above and returns one number for each of them.
    x_weights : array_like, optional
        Probabilities of the points of the data. By default they are equal.
    y_weights : array_like, optional
        Probabilities of the generated points, likewise.

    Returns
    -------
    float
        Difference of the means. Its negative is the loss that the critic minimises.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If a point or a value of the critic is not finite, the shapes do not match, or the
        weights are not a law.

    Examples
    --------
    >>> critic_objective([0.0], [0.3], critic=lambda x: -x)
    0.3
    >>> critic_objective([0.0, -1.0, -3.0], [0.0, -1.0, -3.0],
    ...                  x_weights=[0.5, 0.3, 0.2], y_weights=[0.2, 0.3, 0.5])
    0.9
    """
    data, model = _checks.weighted_points(x, y, x_weights, y_weights)
    if critic is None:
        _checks.vector("x", data.points)
    else:
        data, model = (
            a._replace(points=_checks.image("critic", critic, a.points, a.weights.shape))
            for a in (data, model)
        )
    return _measures.mean_difference(data, model)


@_sums.quiet
def lipschitz_constant(
    values: ArrayLike | Critic,
    *,
    x: ArrayLike | None = None,
    distance: ArrayLike | None = None,
) -> float:
    """
    Lipschitz constant of a function on finitely many points.

    It is the steepest slope between two of the points. For a function on a larger set it is
    a lower bound of the constant there. Equation :eq:`eq-lipschitz-constant`.

    Parameters
    ----------
    values : array_like or callable
        Values of the function at the points, or the function, which takes the points `x` and
        returns one number for each of them.
    x : array_like, optional
        Points: numbers of shape (n,), or vectors of shape (n, d) with Euclidean distance.
    distance : array_like, optional
        Distances of different points, of shape (n, n): symmetric, 0 on the diagonal and
        positive elsewhere. Either `x` or `distance` is given.

    Returns
    -------
    float
        Constant in [0, ∞]. It is infinite if a point occurs twice, with different values,
        and 0 for a single point.

    Raises
    ------
    TypeError
        If not exactly one of `x` and `distance` is given, or an argument is of the wrong
        kind.
    ValueError
        If an entry is not finite, the shapes do not match, or `distance` is not as above.

    Examples
    --------
    >>> lipschitz_constant([0.0, -1.0, -1.0], x=[0.0, 1.0, 3.0])
    1.0
    >>> lipschitz_constant(lambda x: x**2, x=[0.0, 1.0, 3.0])
    4.0
    """
    if x is not None and distance is None:
        points = _checks.points("x", x)
        if callable(values):
            values = _checks.image("values", values, points, points.shape[:1])
        heights = _checks.vector("values", values)
        _checks.same_length(values=heights, x=points)
        return _measures.steepest_between(heights, points)
    if distance is not None and x is None:
        if callable(values):
            raise TypeError("values is a function; give the points x, or give its values")
        heights = _checks.vector("values", values)
        return _measures.steepest(heights, _checks.metric("distance", distance, len(heights)))
    raise TypeError("give either the points x or their distance, and not both")


@_sums.quiet
def lipschitz_bound(weights: Sequence[ArrayLike], *, norm: str = "spectral") -> float:
    """
    Upper bound of the Lipschitz constant of a network: the product of the norms of its layers.

    The activations between the layers have to be 1-Lipschitz, as the rectifier, the leaky
    rectifier, the hyperbolic tangent and the logistic function are. Biases do not matter.
    Equation :eq:`alg-weight-clipping`.

    Parameters
    ----------
    weights : sequence of array_like
        Matrices of the layers, from the first on, each with a row for each output. The
        number of columns is the number of rows before.
    norm : {"spectral", "frobenius"}, default "spectral"
        Norm of a matrix: the largest singular value, or the root of the sum of squares,
        which is never smaller.

    Returns
    -------
    float
        Bound in [0, ∞). It is infinite only when it is too large for a float.

    Raises
    ------
    TypeError
        If `weights` is not a sequence, or an argument is of the wrong kind.
    ValueError
        If an entry is not finite, a layer is not a matrix, the layers do not fit together,
        or the norm is unknown.

    Examples
    --------
    >>> lipschitz_bound([np.full((128, 128), 0.01), np.full((1, 128), 0.01)])
    0.144815468787
    >>> lipschitz_bound([np.eye(3)], norm="frobenius")
    1.73205080757
    """
    _checks.choice("norm", norm, ("spectral", "frobenius"))
    layers = _checks.layers("weights", weights)
    size = _measures.largest_singular_value if norm == "spectral" else _measures.root_sum_of_squares
    return _measures.product([size(layer) for layer in layers])


@_sums.quiet
def clip_weights(weights: Sequence[ArrayLike], *, limit: float = 0.01) -> list[Array]:
    """
    Weights moved to the nearest point of the box [-limit, limit].

    The first Wasserstein GAN does so after each step of the critic, to bound its Lipschitz
    constant. Equation :eq:`alg-weight-clipping`.

    Parameters
    ----------
    weights : sequence of array_like
        Arrays of weights of any shape, such as the matrices and biases of the layers.
    limit : float, default 0.01
        Largest absolute value that stays as it is, finite and > 0.

    Returns
    -------
    list of ndarray
        New arrays of the same shapes, in double precision.

    Raises
    ------
    TypeError
        If `weights` is not a sequence, or an argument is of the wrong kind.
    ValueError
        If an entry is not finite, or the limit is not a finite number > 0.

    Examples
    --------
    >>> clip_weights([[[0.5, -0.004], [0.02, -3.0]], [0.001, 0.2]])
    [array([[ 0.01 , -0.004],
           [ 0.01 , -0.01 ]]), array([0.001, 0.01 ])]
    """
    bound = _checks.positive_number("limit", limit)
    return [np.clip(a, -bound, bound) for a in _checks.arrays("weights", weights)]


@_sums.quiet
def gradient_penalty(
    x: ArrayLike,
    y: ArrayLike,
    *,
    gradient: Critic,
    fractions: ArrayLike,
    one_sided: bool = False,
) -> float:
    """
    Gradient penalty: the mean squared difference from 1 of the norm of a critic's gradient.

    The gradient is taken at the points `fractions` · x + (1 - `fractions`) · y between pairs
    of data and generated points. Nothing is drawn here: the fractions, uniform on [0, 1],
    and the pairs, independent, are up to the caller. Equation :eq:`def-wgan-gp`.

    Parameters
    ----------
    x : array_like
        Points of the data: numbers of shape (n,), or vectors of shape (n, d).
    y : array_like
        Generated points, of the same shape.
    gradient : callable
        Function that takes points as above and returns the gradients of the critic there,
        in an array of the same shape.
    fractions : array_like
        Numbers in [0, 1], one for each pair, or one for all.
    one_sided : bool, default False
        Whether only norms above 1 count.

    Returns
    -------
    float
        Mean in [0, ∞), without the factor λ in front of the penalty.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, such as a string or a boolean.
    ValueError
        If an entry or a gradient is not finite, a fraction is not in [0, 1], or the shapes
        do not match.

    Examples
    --------
    >>> gradient_penalty([0.0], [1.0], gradient=lambda x: np.full(x.shape, -0.8), fractions=0.5)
    0.04
    """
    a, b = _checks.points("x", x), _checks.points("y", y)
    if a.shape != b.shape:
        raise ValueError(f"x has shape {a.shape} and y {b.shape}; give pairs of points")
    share = _checks.probabilities("fractions", fractions)
    if share.shape not in {(), a.shape[:1]}:
        raise ValueError(f"fractions has shape {share.shape}; give one number for each pair")
    one_sided = _checks.flag("one_sided", one_sided)
    share = share.reshape(-1, *[1] * (a.ndim - 1))
    slopes = _checks.image("gradient", gradient, share * a + (1 - share) * b, a.shape)
    excess = _measures.row_norms(slopes) - 1
    return float(np.square(np.maximum(excess, 0) if one_sided else excess).mean())


@_sums.quiet
def spectral_norm(
    weight: ArrayLike, *, iterations: int | None = None, start: ArrayLike | None = None
) -> float:
    """
    Spectral norm of a matrix: its largest singular value.

    It is the Lipschitz constant of the linear map. Spectral normalisation divides each layer
    of a network by it, estimated by power iteration. Equation :eq:`alg-spectral-norm`.

    Parameters
    ----------
    weight : array_like
        Matrix.
    iterations : int, optional
        Steps of the power iteration, > 0. By default the norm is computed exactly.
    start : array_like, optional
        Vector on which the power iteration starts, one number for each column, not all 0. By
        default it is the vector of ones.

    Returns
    -------
    float
        Norm in [0, ∞). Estimates never exceed it and grow with the iterations. They tend to
        it unless the start is orthogonal to all vectors that the matrix stretches most.

    Raises
    ------
    TypeError
        If an argument is of the wrong kind, or `start` is given without `iterations`.
    ValueError
        If an entry is not finite, `weight` is not a matrix, `start` does not fit or is 0, or
        `iterations` is not positive.

    Examples
    --------
    >>> spectral_norm([[1.0, 2.0], [3.0, 4.0]])
    5.46498570422
    >>> spectral_norm([[1.0, 2.0], [3.0, 4.0]], iterations=2, start=[1.0, 0.0])
    5.46498521027
    """
    matrix = _checks.matrix("weight", weight)
    if iterations is None:
        if start is not None:
            raise TypeError("start is for the power iteration; give iterations too")
        return _measures.largest_singular_value(matrix)
    steps = _checks.count("iterations", iterations)
    vector = np.ones(matrix.shape[1]) if start is None else _checks.finite("start", start)
    if vector.shape != matrix.shape[1:] or not vector.any():
        raise ValueError(f"start is {vector}; give {matrix.shape[1]} numbers, not all 0")
    return _measures.power_iteration(matrix, vector, steps)
