"""Edge cases of wrong-accumulation."""
