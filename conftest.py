"""Let pytest collect the examples of the book and of the docstrings, and the claims."""

pytest_plugins = ("equations.pytest_plugin", "claims.pytest_plugin")
