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
from refimpl.gans import (
    discriminator_loss,
    gan_value,
    generator_gradient,
    generator_loss,
    optimal_discriminator,
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
from refimpl.js import js_distance, js_divergence
from refimpl.kl import (
    donsker_varadhan,
    jeffreys_divergence,
    kl_bernoulli,
    kl_divergence,
    kl_gaussian,
    renyi_divergence,
)

__all__ = [
    "GENERATORS",
    "Generator",
    "binary_cross_entropy",
    "binary_entropy",
    "bretagnolle_huber_bound",
    "chi_square",
    "code_lengths",
    "conditional_entropy",
    "cross_entropy",
    "cross_entropy_gaussian",
    "discriminator_loss",
    "donsker_varadhan",
    "entropy",
    "f_divergence",
    "gan_value",
    "gaussian_entropy",
    "generator_gradient",
    "generator_loss",
    "hellinger_distance",
    "information_content",
    "jeffreys_divergence",
    "joint_entropy",
    "js_distance",
    "js_divergence",
    "kl_bernoulli",
    "kl_divergence",
    "kl_gaussian",
    "kraft_sum",
    "mutual_information",
    "optimal_discriminator",
    "perplexity",
    "pinsker_bound",
    "renyi_divergence",
    "total_variation",
    "variational_lower_bound",
]

__version__ = version("refimpl")
