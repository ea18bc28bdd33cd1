"""Claims in print: what is said elsewhere, our verdict, and the evidence that runs.

Sphinx loads this package as an extension.
All modules but ``directives`` and ``domain`` work without Sphinx, so that pytest and the command
line read the same rows and run the same evidence.
"""
