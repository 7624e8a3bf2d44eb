"""Why is my parameter update failing? gradproof answers."""
