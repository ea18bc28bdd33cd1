"""The game of generative adversarial networks, its optimum and its losses."""

__all__: list[str] = []
