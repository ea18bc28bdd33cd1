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
from refimpl.kl import (
    donsker_varadhan,
    jeffreys_divergence,
    kl_bernoulli,
    kl_divergence,
    kl_gaussian,
    renyi_divergence,
)

__all__ = [
    "binary_cross_entropy",
    "binary_entropy",
    "code_lengths",
    "conditional_entropy",
    "cross_entropy",
    "cross_entropy_gaussian",
    "discriminator_loss",
    "donsker_varadhan",
    "entropy",
    "gan_value",
    "gaussian_entropy",
    "generator_gradient",
    "generator_loss",
    "information_content",
    "jeffreys_divergence",
    "joint_entropy",
    "kl_bernoulli",
    "kl_divergence",
    "kl_gaussian",
    "kraft_sum",
    "mutual_information",
    "optimal_discriminator",
    "perplexity",
    "renyi_divergence",
]

__version__ = version("refimpl")
