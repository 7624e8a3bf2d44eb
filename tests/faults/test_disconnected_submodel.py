"""Edge cases of disconnected-submodel."""
