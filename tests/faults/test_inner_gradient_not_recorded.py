"""Edge cases of inner-gradient-not-recorded."""
