"""Cross-entropy and relative entropy as training losses, from logits."""

__all__: list[str] = []
