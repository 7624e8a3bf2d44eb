"""The audit: whether a variable moved as its optimizer's rule says."""
