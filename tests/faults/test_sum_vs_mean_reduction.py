"""Edge cases of sum-vs-mean-reduction."""
