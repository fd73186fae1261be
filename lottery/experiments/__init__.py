"""Experiments: one file each, the parameters that name a run and the function that performs it."""
