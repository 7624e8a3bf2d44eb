"""Edge cases of optimizer-swapped-under-trace."""
