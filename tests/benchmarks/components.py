"""What the exact importance of every head and MLP for every example costs, and what a search by it costs.

    python tests/benchmarks/components.py --json components.json

MiniLM under a new classifier, on sentences of CoLA's dev set. Importance: our one backward pass with a gate for every
example, beside a forward and a backward pass that stops at the activations, beside a loop over single sentences that
asks for the same gradients, and beside such a loop as released: padded to 128, with gradients of every weight. The
search: ours beside the released procedure written out. It takes some five minutes on one core.
"""

from pathlib import Path

import torch
from _report import REFERENCE, Figure, Skipped, main, side_by_side
from torch.nn.functional import pad

from lottery import training
from lottery.component_importance import running, sample
from lottery.data import examples
from lottery.models import opening
from lottery.pruning import component_search, components, sensitivity
from lottery.tasks import cola


def padded(batch, length):
    """The batch filled up to `length` tokens."""
    return {
        name: pad(tensor, (0, length - tensor.shape[1])) if tensor.ndim == 2 else tensor
        for name, tensor in batch.items()
    }


def one_by_one(model, given, kept, length=None):
    """The mean of |dL/dxi| by a loop over single sentences; with a length as released: padded, gradients of weights."""
    gates = {name: tensor.float().requires_grad_() for name, tensor in kept.items()}
    sizes = {name: torch.zeros(tensor.shape) for name, tensor in kept.items()}
    model.eval()
    for place in range(len(given)):
        batch = given.batch([place])
        with components.gated(model, gates):
            loss = model(**(padded(batch, length) if length else batch)).loss
        if length:
            loss.backward()
            gradients = [gate.grad for gate in gates.values()]
        else:
            gradients = torch.autograd.grad(loss, [*gates.values()])
        for size, gradient in zip(sizes.values(), gradients, strict=True):
            size += gradient.abs() / len(given)
        for gate in gates.values():
            gate.grad = None
    model.zero_grad()
    return sizes


def to_the_activations(model, given):
    """A forward and a backward pass over the same batches that reaches the embeddings' output and no weight."""
    held = []

    def keep(_, inputs, output):
        held.append(output.requires_grad_())

    handle = model.base_model.embeddings.register_forward_hook(keep)
    with sensitivity.frozen(model):
        for positions in examples.sorted_batches(given.lengths, sensitivity.BATCH_SIZE):
            held.clear()
            loss = model(**given.batch(positions)).loss * len(positions)
            torch.autograd.grad(loss, held)
    handle.remove()


def released_importance(model, given, kept, length):
    """Sizes of the running sums over batches in the data's order, padded, with gradients of every weight."""
    gates = {name: tensor.float().requires_grad_() for name, tensor in kept.items()}
    sums = {name: torch.zeros(tensor.shape) for name, tensor in kept.items()}
    logits, positions = [], torch.arange(len(given)).split(64)
    model.eval()
    for some in positions:
        with components.gated(model, gates):
            output = model(**padded(given.batch(some.tolist()), length))
        output.loss.backward()
        logits.append(output.logits.detach())
        for name, gate in gates.items():
            sums[name] += gate.grad.abs() / len(positions)
    model.zero_grad()
    return torch.cat(logits), sums


def measure(
    *, model="minilm", folder=REFERENCE / "glue" / "CoLA", sentences=512, alone=64, length=128, rounds=2, at_once=7
):
    if not Path(folder, "dev.tsv").is_file():
        raise Skipped("no glue/CoLA/dev.tsv in the reference data: say where that is in LOTTERY_REFERENCE")
    tokenizer = opening.tokenizer(model)
    table = cola.read(Path(folder))["dev"]
    given, few = (examples.encode(table.head(count), tokenizer, length) for count in (sentences, alone))
    torch.manual_seed(0)
    classifier = opening.for_classes(model, ("no", "yes"))
    whole = components.everything(classifier.config)

    labels = training.predict(classifier, given).argmax(-1)  # the model's own, so that the score falls as parts go

    def searched(look_at):
        def look(kept):
            logits, scores = look_at(kept)
            return float((logits.argmax(-1) == labels).mean()), scores

        how = {"mode": "both", "heads_at_once": at_once, "share": 0.9, "afresh": False, "norm_over_removed": True}
        return component_search.last_accepted(component_search.search(look, whole, **how)).kept

    def ours(kept):
        small = components.sliced(classifier, kept)
        gradients = sensitivity.per_example(classifier, given, kept, removed_too=True)
        return training.predict(small, given), running.of(gradients)

    def theirs(kept):
        logits, scores = released_importance(classifier, given, kept, length)
        return logits.numpy(), scores

    whole_set, _ = side_by_side(
        {
            "with a gate for each example": lambda: sensitivity.per_example(classifier, given, whole),
            "forward and backward to the activations": lambda: to_the_activations(classifier, given),
        },
        rounds=rounds,
    )
    singles, found = side_by_side(
        {
            "in one pass": lambda: sample.score(classifier, few, whole, examples.seeded(0)),
            "one by one": lambda: one_by_one(classifier, few, whole),
            "one by one, as released": lambda: one_by_one(classifier, few, whole, length),
        },
        rounds=rounds,
    )
    for name in whole:
        if not torch.allclose(found["in one pass"][name], found["one by one"][name], atol=1e-5):
            raise AssertionError("the two ways give different scores")
    searches, kept = side_by_side({"ours": lambda: searched(ours), "as released": lambda: searched(theirs)}, rounds=1)
    alike = all(torch.equal(kept["ours"][name], kept["as released"][name]) for name in whole)
    gate, plain = whole_set.values()
    return [
        Figure(
            "exact importance against a pass to the activations", gate / plain, "times", at_most=1.15, seen=whole_set
        ),
        Figure(
            "one pass against one by one",
            singles["one by one"] / singles["in one pass"],
            "times faster",
            at_least=2.5,
            seen=singles,
        ),
        Figure(
            "one pass against one by one as released",
            singles["one by one, as released"] / singles["in one pass"],
            "times faster",
            at_least=8,
        ),
        Figure(
            "search against the released one",
            searches["as released"] / searches["ours"],
            "times faster",
            at_least=3,
            seen=searches,
        ),
        Figure("same heads and MLPs kept", float(alike), "1 = yes", at_least=1),
    ]


if __name__ == "__main__":
    main(__doc__, measure)
