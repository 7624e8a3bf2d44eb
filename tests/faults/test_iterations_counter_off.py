"""Edge cases of iterations-counter-off."""
