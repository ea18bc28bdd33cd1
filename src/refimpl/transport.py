"""Optimal transport: Wasserstein distances, entropic transport, certificates."""

__all__: list[str] = []
