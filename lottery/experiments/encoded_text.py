"""Sentence pairs to pre-train on, kept by the run that encoded them."""

from transformers import PreTrainedTokenizerBase

from lottery.data import examples
from lottery.data.examples import Examples
from lottery.store import Run


def keep(run: Run, train: Examples, held_out: Examples) -> dict[str, int]:
    """Leave the pairs in the run; the numbers of `pairs` and `tokens` to train on, and of `held_out_pairs`."""
    for name, pairs in (("train", train), ("held_out", held_out)):
        run.once(f"{name}.safetensors", lambda pairs=pairs: examples.pack(pairs))
    return {"pairs": len(train), "tokens": int(train.lengths.sum()), "held_out_pairs": len(held_out)}


def read(run: Run, tokenizer: PreTrainedTokenizerBase) -> tuple[Examples, Examples]:
    """The pairs of a finished run to train on, and those held out."""
    pad = examples.padding(tokenizer)
    train, held_out = (examples.unpack(run.read(f"{name}.safetensors"), pad) for name in ("train", "held_out"))
    return train, held_out
