"""A model trained on pairs of passages under its heads of pre-training, and kept by the run that trained it."""

from typing import Any

import pandas as pd
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery import training
from lottery.data.examples import Examples
from lottery.experiments.miniature_text import HELD_OUT_SEED
from lottery.models import opening, state
from lottery.store import Run
from lottery.training import pretraining


def fit(
    run: Run,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    text: tuple[Examples, Examples],
    *,
    steps: int,
    learning_rate: float,
    batch_size: int,
    seed: int,
    title: str,
    share: float = pretraining.SHARE,
) -> dict[str, Any]:
    """Train `model` in place and leave it and its losses in the run: `model_size` and the held-out losses.

    text        pairs to train on, and pairs held out for the losses of `pretraining.evaluate`
    steps       optimiser updates, under one linear schedule with warm-up
    seed        of the order of the text and the hidden words
    share       of the words, that are hidden; of held-out text it is always BERT's 15%
    title       what is said of it while it trains
    model_size  the number of the model's parameters
    """
    train, held_out = text
    losses = training.train(
        model,
        training.adamw(model, learning_rate=learning_rate),
        pretraining.masked_batches(train, tokenizer, batch_size=batch_size, seed=seed, share=share),
        steps=steps,
        loss=pretraining.loss,
        checkpoint=run.checkpoint(),
        title=title,
    )
    run.folder("model", lambda folder: opening.save(model, tokenizer, folder))
    run.once("losses.parquet", lambda: pd.DataFrame({"loss": losses}))
    size = state.size(model.parameters())
    return {"model_size": size} | pretraining.evaluate(model, held_out, tokenizer, seed=HELD_OUT_SEED)
