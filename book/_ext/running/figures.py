"""The backend of matplotlib for cells in the page: figures are kept until the cell has ended."""

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_svg import FigureCanvasSVG


class FigureManager(FigureManagerBase):
    """A manager whose figures wait; ``cells.run`` draws them."""

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """Do nothing, and do not warn of it."""


class FigureCanvas(FigureCanvasSVG):
    """A drawing as SVG."""

    manager_class = FigureManager


__all__ = ["FigureCanvas", "FigureManager"]
