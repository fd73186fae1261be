"""How many more sentences a second sorted batches learn and answer than sentences padded to a fixed length.

    python tests/benchmarks/batches.py --json batches.json

MiniLM is fine-tuned on the same 1,024 sentences of CoLA's training set in batches of 32: every sentence padded to 128
tokens, padded to the longest of a batch of any lengths, and in our batches of alike length. Then it answers them. It
takes some four minutes on two cores.
"""

from pathlib import Path

import torch
from _report import REFERENCE, Figure, Skipped, main, side_by_side
from torch.nn.functional import pad

from lottery import training
from lottery.data import examples
from lottery.models import opening
from lottery.tasks import cola

BATCH_SIZE = 32
EVALUATION_BATCH_SIZE = 256  # as `training.predict` has it


def padded(batch, length, padding):
    """The batch filled up to `length` tokens."""
    return {
        name: pad(tensor, (0, length - tensor.shape[1]), value=padding.get(name, 0)) if tensor.ndim == 2 else tensor
        for name, tensor in batch.items()
    }


def measure(*, model="minilm", folder=REFERENCE / "glue" / "CoLA", sentences=1024, length=128, rounds=2):
    if not Path(folder, "train.tsv").is_file():
        raise Skipped("no glue/CoLA/train.tsv in the reference data: say where that is in LOTTERY_REFERENCE")
    tokenizer = opening.tokenizer(model)
    given = examples.encode(cola.read(Path(folder))["train"].head(sentences), tokenizer, length)
    torch.manual_seed(0)
    classifier = opening.for_classes(model, ("no", "yes"))
    optimizer = training.adamw(classifier, learning_rate=2e-5)
    steps = training.steps_in(given, epochs=1, batch_size=BATCH_SIZE)
    order = torch.randperm(len(given), generator=examples.seeded(0)).tolist()

    def any_batch(step):
        return given.batch(order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE])

    def train(batch_at):
        return training.train(classifier, optimizer, batch_at, steps=steps)

    def answer_padded():
        with training.evaluating(classifier):
            for start in range(0, len(given), EVALUATION_BATCH_SIZE):
                batch = given.batch(order[start : start + EVALUATION_BATCH_SIZE])
                batch.pop("labels")
                classifier(**padded(batch, length, given.pad))

    learning = {
        "sorted": lambda: training.fine_tune(classifier, optimizer, given, steps=steps, batch_size=BATCH_SIZE, seed=0),
        "padded to the batch": lambda: train(any_batch),
        f"padded to {length}": lambda: train(lambda step: padded(any_batch(step), length, given.pad)),
    }
    answering = {
        "sorted": lambda: training.predict(classifier, given, batch_size=EVALUATION_BATCH_SIZE),
        f"padded to {length}": answer_padded,
    }
    figures = []
    for deed, ways, bar in (("fine-tuning", learning, 7), ("answering", answering, None)):
        seconds, _ = side_by_side(ways, rounds=rounds)
        speed = {f"{name}, a second": len(given) / taken for name, taken in seconds.items()}
        ratio = seconds[f"padded to {length}"] / seconds["sorted"]
        what = f"{deed}: sorted batches against padding to {length}"
        figures.append(Figure(what, ratio, "times the sentences a second", at_least=bar, seen=speed))
    return figures


if __name__ == "__main__":
    main(__doc__, measure)
