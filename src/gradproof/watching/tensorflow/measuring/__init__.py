"""The numbers of every variable at every step, measured where they arise."""
