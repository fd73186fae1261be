"""A pre-training that goes on; and made-up rows of pruned models, some of them in another scope."""

import numpy as np
import pandas as pd

from lottery.experiments.gradual_pruning import GradualPruning
from lottery.experiments.miniature import Miniature

SEEDS, SPARSITIES = (1, 2, 3), (0.0, 0.3, 0.6)
MATRICES = [
    f"{name}.weight" for name in ("embeddings.word_embeddings", "encoder.layer.0.attention.self.key", "pooler.dense")
]


def control(**change) -> GradualPruning:
    """A short one of a miniature, from which nothing is removed, but for what is changed."""
    told = {
        "start": Miniature(seed=5, steps=1),
        "importance": "magnitude",
        "scope": "local",
        "embeddings": True,
        "sparsity": 0.0,
        "steps": 8,
        "ramp": 5,
        "every": 2,
        "recipe": "printed",
        "learning_rate": 1e-3,
        "batch_size": 4,
        "seed": 2,
    }
    return GradualPruning(**(told | change))


def models(seed: int, sparsity: float, tasks, *, scope="local", tunings=(0,)) -> list[dict]:
    """A pruned model and the models fine-tuned from it, each with the seed of the model and so much more."""
    start = {"scope": scope, "sparsity": sparsity, "seed": seed}
    return [
        {"experiment": "GradualPruning", **start},
        *(
            {"experiment": "FineTuning", "start": "GradualPruning", "task": task, "seed": seed + more}
            | {f"start.{name}": value for name, value in start.items()}
            for task in tasks
            for more in tunings
        ),
    ]


def varied_runs(seeds=SEEDS, tunings=(0, 10)) -> pd.DataFrame:
    """Models of three tasks, each fine-tuned twice; at one sparsity models of two tasks with global thresholds, too."""
    rows = []
    for seed in seeds:
        for sparsity in SPARSITIES:
            rows += models(seed, sparsity, ("cola", "sst2", "qnli"), tunings=tunings)
        rows += models(seed, 0.6, ("sst2", "qnli"), scope="global", tunings=tunings)
        for sparsity in SPARSITIES[1:]:
            rows.append({"experiment": "FeatureDrift", "pruned.seed": seed, "pruned.sparsity": sparsity})
            for scope in ("local", "global"):
                shares = [0.4, 0.5, 1.0 if scope == "global" and seed == 2 else 0.6]
                rows.append({"experiment": "MatrixShares", "kept.sparsity": sparsity, "kept.scope": scope})
                rows[-1] |= {"kept.seed": seed, "sizes": [1000, 200, 100], "shares": shares}
                rows[-1] |= {"matrices": MATRICES}
    generator = np.random.default_rng(0)
    table = pd.DataFrame(rows)
    for name in ("accuracy", "mlm_loss", "cosine", "majority_accuracy"):
        table[name] = generator.uniform(0.6, 0.9, len(table))
    return table
