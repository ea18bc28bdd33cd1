"""Reference implementations of information measures and divergences.

Each function computes one formula of the book "Divergences, Derived", whose equations are
evaluated from their own source and compared with these functions. The docstring of a
function names its equation.
"""

from importlib.metadata import version

from refimpl.coding import (
    binary_cross_entropy,
    code_lengths,
    cross_entropy,
    cross_entropy_gaussian,
    kraft_sum,
    perplexity,
)
from refimpl.fdivergences import (
    GENERATORS,
    Generator,
    bretagnolle_huber_bound,
    chi_square,
    f_divergence,
    hellinger_distance,
    pinsker_bound,
    total_variation,
    variational_lower_bound,
)
from refimpl.information import (
    binary_entropy,
    conditional_entropy,
    entropy,
    gaussian_entropy,
    information_content,
    joint_entropy,
    mutual_information,
)
from refimpl.ipms import (
    dudley_distance,
    energy_distance,
    integral_probability_metric,
    kolmogorov_distance,
    mmd,
    mmd_gaussian,
    mmd_squared,
)
from refimpl.js import js_distance, js_divergence
from refimpl.kl import (
    donsker_varadhan,
    jeffreys_divergence,
    kl_bernoulli,
    kl_divergence,
    kl_gaussian,
    renyi_divergence,
)
from refimpl.wgans import (
    clip_weights,
    critic_objective,
    gradient_penalty,
    lipschitz_bound,
    lipschitz_constant,
    spectral_norm,
)

__all__ = [
    "GENERATORS",
    "Generator",
    "binary_cross_entropy",
    "binary_entropy",
    "bretagnolle_huber_bound",
    "chi_square",
    "clip_weights",
    "code_lengths",
    "conditional_entropy",
    "critic_objective",
    "cross_entropy",
    "cross_entropy_gaussian",
    "donsker_varadhan",
    "dudley_distance",
    "energy_distance",
    "entropy",
    "f_divergence",
    "gaussian_entropy",
    "gradient_penalty",
    "hellinger_distance",
    "information_content",
    "integral_probability_metric",
    "jeffreys_divergence",
    "joint_entropy",
    "js_distance",
    "js_divergence",
    "kl_bernoulli",
    "kl_divergence",
    "kl_gaussian",
    "kolmogorov_distance",
    "kraft_sum",
    "lipschitz_bound",
    "lipschitz_constant",
    "mmd",
    "mmd_gaussian",
    "mmd_squared",
    "mutual_information",
    "perplexity",
    "pinsker_bound",
    "renyi_divergence",
    "spectral_norm",
    "total_variation",
    "variational_lower_bound",
]

__version__ = version("refimpl")
