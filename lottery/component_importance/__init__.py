"""Importance of heads and MLPs: one file a score, each with `score(model, examples, kept, generator)`.

A score is {"heads": (layers, heads), "mlps": (layers,)}, float, the higher the more important; a score of attention
has no "mlps". `kept` says which components there are; of the others the score may be NaN.
"""
