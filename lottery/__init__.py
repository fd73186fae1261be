"""Pruning, importance scoring and mask learning for pre-trained language models.

The folders, and the few files beside them, floor by floor; an import goes down or stays level, never up:

suite                                                          the commands, the cluster, the notebooks and the book
claims                                                         what the papers claim, one file a claim, and its verdict
experiments, task_heads                                        what is run, one file an experiment
training, component_importance, pattern_classifiers, findings  how models learn; what recorded runs say, with intervals
pruning, mask_learning, attention                              removing weights, heads and MLPs; masks that are learned
models, tasks, statistics                                      encoders and what they are asked; intervals and tests
masks, importance, data, miniature, store, baselines           masks, texts, the made-up language, the store of runs
choices, files, hub, processes, schedules                      what needs no tensor: choices, whole files, schedules
"""

from importlib import import_module

__version__ = "0.1.0"

# What a program asks for first, under short names: {name: (module, name there)}. Nothing is imported before it is used.
DOOR = {
    "load": ("lottery.models.opening", "as_saved"),
    "prune": ("lottery.pruning.at_once", "prune"),
    "MaskHeld": ("lottery.training.callbacks", "MaskHeld"),
    "MaskLearned": ("lottery.training.callbacks", "MaskLearned"),
    "from_torch_prune": ("lottery.pruning.foreign", "from_torch_prune"),
    "to_torch_prune": ("lottery.pruning.foreign", "to_torch_prune"),
}


def __getattr__(name: str) -> object:
    if name not in DOOR:
        raise AttributeError(f"module 'lottery' has no {name!r}: it has {', '.join(DOOR)}")
    module, there = DOOR[name]
    return getattr(import_module(module), there)


def __dir__() -> list[str]:
    return sorted([*globals(), *DOOR])
