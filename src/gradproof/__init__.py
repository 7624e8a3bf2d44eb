"""Why is my parameter update failing? gradproof answers."""

__version__ = "0.1.0"
__all__ = ["__version__"]
