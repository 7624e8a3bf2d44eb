"""Edge cases of float16-range."""
