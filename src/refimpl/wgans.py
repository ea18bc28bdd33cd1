"""Wasserstein GANs: critics, Lipschitz constants, clipping and penalties."""

__all__: list[str] = []
