"""Let pytest collect the examples of the book and of the docstrings."""

pytest_plugins = ("equations.pytest_plugin",)
