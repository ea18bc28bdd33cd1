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
from refimpl.js import (
    js_distance,
    js_divergence,
)
from refimpl.kl import (
    donsker_varadhan,
    jeffreys_divergence,
    kl_bernoulli,
    kl_divergence,
    kl_gaussian,
    renyi_divergence,
)
from refimpl.losses import (
    binary_cross_entropy_gradient,
    binary_cross_entropy_loss,
    cross_entropy_gradient,
    cross_entropy_loss,
    distillation_gradient,
    distillation_loss,
    evidence_lower_bound,
    gaussian_vae_kl,
    kl_gradient,
    kl_loss,
    log_softmax,
    log_sum_exp,
    smooth_labels,
    softmax,
)
from refimpl.transport import (
    ConvergenceWarning,
    SinkhornResult,
    TransportResult,
    c_transform,
    is_lipschitz,
    sinkhorn,
    sinkhorn_divergence,
    sliced_wasserstein,
    wasserstein,
    wasserstein_1d,
    wasserstein_gaussian,
)

__all__ = [
    "GENERATORS",
    "ConvergenceWarning",
    "Generator",
    "SinkhornResult",
    "TransportResult",
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "binary_cross_entropy_loss",
    "binary_entropy",
    "bretagnolle_huber_bound",
    "c_transform",
    "chi_square",
    "code_lengths",
    "conditional_entropy",
    "cross_entropy",
    "cross_entropy_gaussian",
    "cross_entropy_gradient",
    "cross_entropy_loss",
    "distillation_gradient",
    "distillation_loss",
    "donsker_varadhan",
    "entropy",
    "evidence_lower_bound",
    "f_divergence",
    "gaussian_entropy",
    "gaussian_vae_kl",
    "hellinger_distance",
    "information_content",
    "is_lipschitz",
    "jeffreys_divergence",
    "joint_entropy",
    "js_distance",
    "js_divergence",
    "kl_bernoulli",
    "kl_divergence",
    "kl_gaussian",
    "kl_gradient",
    "kl_loss",
    "kraft_sum",
    "log_softmax",
    "log_sum_exp",
    "mutual_information",
    "perplexity",
    "pinsker_bound",
    "renyi_divergence",
    "sinkhorn",
    "sinkhorn_divergence",
    "sliced_wasserstein",
    "smooth_labels",
    "softmax",
    "total_variation",
    "variational_lower_bound",
    "wasserstein",
    "wasserstein_1d",
    "wasserstein_gaussian",
]

__version__ = version("refimpl")
