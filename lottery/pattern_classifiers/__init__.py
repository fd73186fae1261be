"""Classifiers of attention patterns, one file each; the first line of each is what it is.

A file has `fit(maps, labels, seed) -> predict`: maps are arrays (n, n) of any sizes, labels numbers in
`attention_patterns.PATTERNS`, and predict takes maps and returns (maps, patterns), rows that sum to 1.
"""
