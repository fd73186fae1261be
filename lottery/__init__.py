"""Pruning, importance scoring and mask learning for pre-trained language models."""

__version__ = "0.1.0"
