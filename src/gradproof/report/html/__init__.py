"""A report as one HTML page that needs nothing but itself."""

from .page import Page, path_fragment, render

__all__ = ["Page", "path_fragment", "render"]
