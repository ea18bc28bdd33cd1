"""The f-divergences, total variation, and the inequalities between them."""

__all__: list[str] = []
