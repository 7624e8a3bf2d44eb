"""A report as one HTML page that needs nothing but itself."""

from .besides import render_beside, render_proof
from .contrasts import render_contrast
from .page import Page, path_fragment, render
from .twins import Beside, Curve, Side, Sizes, Twin

__all__ = [
    "Beside",
    "Curve",
    "Page",
    "Side",
    "Sizes",
    "Twin",
    "path_fragment",
    "render",
    "render_beside",
    "render_contrast",
    "render_proof",
]
