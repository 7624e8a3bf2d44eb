"""Steps, gradients and optimizers tried beside the run: for checks, proofs and comparisons."""
