"""Pruning, importance scoring and mask learning for pre-trained language models.

The folders, and the few files beside them, floor by floor; an import goes down or stays level, never up:

suite                                                          the commands, the cluster, the notebooks and the book
claims                                                         what the papers claim, one file a claim, and its verdict
experiments, task_heads                                        what is run, one file an experiment
training, component_importance, pattern_classifiers, findings  how models learn; what recorded runs say, with intervals
pruning, mask_learning, attention                              removing weights, heads and MLPs; masks that are learned
models, tasks, statistics                                      encoders and what they are asked; intervals and tests
masks, importance, data, miniature, store, baselines           masks, texts, the made-up language, the store of runs
choices, files, hub, schedules                                 what needs no tensor: choices, whole files, schedules
"""

__version__ = "0.1.0"
