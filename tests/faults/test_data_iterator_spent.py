"""Edge cases of data-iterator-spent."""
