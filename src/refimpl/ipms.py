"""Integral probability metrics: kernels, energy, bounded Lipschitz functions."""

__all__: list[str] = []
