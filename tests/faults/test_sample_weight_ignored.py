"""Edge cases of sample-weight-ignored."""
