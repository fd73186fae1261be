"""Importance of single weights: one file a score, each with `score(weights, generator)`."""
