"""A pre-training that goes on; and made-up rows of models with other texts or languages, or pruned in another scope."""

import json

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


def models(seed: int, sparsity: float, tasks, *, scope="local", documents=0, nouns=0, examples=(0,)) -> list[dict]:
    """A pruned model and the models fine-tuned from it."""
    start = {"scope": scope, "sparsity": sparsity, "start.documents": documents, "start.nouns": nouns, "seed": seed}
    return [
        {"experiment": "GradualPruning", **start},
        *(
            {"experiment": "FineTuning", "task": task, "seed": seed, "train_examples": number}
            | {f"start.{name}": value for name, value in start.items()}
            for task in tasks
            for number in examples
        ),
    ]


def varied_runs() -> pd.DataFrame:
    """Usual models of three tasks; others of two tasks, with less text and few examples, more nouns, global scope."""
    rows = []
    for seed in SEEDS:
        for sparsity in SPARSITIES:
            rows += models(seed, sparsity, ("cola", "sst2", "qnli"))
            for documents in (700, 0):
                rows += models(seed, sparsity, ("cola", "sst2"), documents=documents, examples=(300, 0))
        for sparsity in SPARSITIES[:2]:
            rows += models(seed, sparsity, ("sst2", "qnli"), nouns=390)
        rows += models(seed, 0.6, ("sst2", "qnli"), scope="global")
        for sparsity in SPARSITIES[1:]:
            rows.append({"experiment": "FeatureDrift", "pruned.seed": seed, "pruned.sparsity": sparsity})
            for scope in ("local", "global"):
                shares = [0.4, 0.5, 1.0 if scope == "global" and seed == 2 else 0.6]
                rows.append({"experiment": "MatrixShares", "kept.sparsity": sparsity, "kept.scope": scope})
                rows[-1] |= {"kept.seed": seed, "sizes": [1000, 200, 100], "shares": shares}
                rows[-1] |= {"matrices": MATRICES}
    generator = np.random.default_rng(0)
    table = pd.DataFrame({json.dumps(row): row for row in rows}.values())  # some models are made twice
    for name in ("accuracy", "mlm_loss", "cosine"):
        table[name] = generator.uniform(0.6, 0.9, len(table))
    return table
