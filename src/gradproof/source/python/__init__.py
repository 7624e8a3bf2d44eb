"""Python itself: statements, expressions, names, calls, classes and containers."""
