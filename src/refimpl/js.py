"""Jensen-Shannon divergence and distance."""

__all__: list[str] = []
