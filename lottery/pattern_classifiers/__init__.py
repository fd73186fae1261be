"""Classifiers of attention patterns, one file each; the first line of each is what it is.

A file has `fit(maps, labels, seed) -> learnt` and `predict(learnt, maps) -> (maps, patterns)`, rows that sum to 1. Maps
are arrays (n, n) of any sizes, labels numbers in `attention_patterns.PATTERNS`, and what is learnt {name: tensor}.
"""
