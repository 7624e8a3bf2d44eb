"""Edge cases of masked-weights-still-move."""
