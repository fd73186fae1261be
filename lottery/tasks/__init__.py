"""Tasks: one file each, holding what the task is, how its published files are read, and how it is scored.

TITLE, KIND ("classification", "regression" or "span"), LABELS, PAIR, METRIC (the score the papers report), FOLDER (its
place in a downloaded glue_data folder), `read(folder)` and `metrics(predictions, labels)`.
"""
