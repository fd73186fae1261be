"""Contrast: sentence vectors that are pulled towards other models' of the same sentence, and of its class.

CAP (contrastive pruning: Xu et al. 2022, arXiv:2112.07198) compares a model that is being pruned with three others: the
pre-trained one, a fine-tuned teacher, and what it was itself when earlier epochs began. Of each it has a bank of the
vectors of all training examples. A sentence's vector is what the classifier reads of the encoder, the pooler's output
or, where there is no pooler, the first token's, set to length 1.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from lottery.data.examples import Batch, Examples, sorted_batches

Loss = Callable[[nn.Module, Batch], Tensor]
Recipe = Literal["mean", "released"]

TEMPERATURE = 0.1
UNSUPERVISED, SUPERVISED = 0.1, 10.0  # what the two terms count; the released scripts for GLUE
MOST = 4096  # vectors of a bank that a batch is compared with, drawn again for each, where there are more
EXAMPLE = "example"  # the name in a batch under which the positions of its examples come
BATCH_SIZE = 256


@dataclass(frozen=True)
class Banks:
    """Vectors of n training examples, of length 1.

    pretrained, tuned  (n, 1, width)
    snapshots          (n, epochs - 1, width): at e what the model had when epoch e + 1 began, before that zeros
    labels             (n,), their classes
    """

    pretrained: Tensor
    tuned: Tensor
    snapshots: Tensor
    labels: Tensor

    @property
    def carried(self) -> dict[str, Tensor]:
        """What a checkpoint has to hold, for `training.train`."""
        return {"bank.pretrained": self.pretrained, "bank.snapshots": self.snapshots}

    def taken(self, vectors: Tensor, epoch: int) -> None:
        """Keep the model's vectors, (n, width), of the moment at which an epoch begins, counted from 0."""
        (self.pretrained[:, 0] if epoch == 0 else self.snapshots[:, epoch - 1]).copy_(vectors)

    def at(self, epoch: int) -> list[Tensor]:
        """The banks there are in an epoch."""
        return [self.pretrained, self.tuned, *([self.snapshots[:, :epoch]] if epoch else [])]


def banks(teacher: nn.Module, examples: Examples, *, epochs: int) -> Banks:
    """Before a training of so many epochs, begun ones included: the teacher's vectors, and room for the others."""
    tuned = encoded(teacher, examples)
    count, width = tuned.shape
    return Banks(
        pretrained=tuned.new_zeros(count, 1, width),
        tuned=tuned.unsqueeze(1),
        snapshots=tuned.new_zeros(count, epochs - 1, width),
        labels=examples.numbers["labels"].to(tuned.device),
    )


def contrasted(
    loss: Loss, banks: Banks, examples: Examples, epoch: Callable[[], tuple[int, bool]], recipe: Recipe
) -> Loss:
    """A loss for `training.train`: another one, and the weighted terms against every bank.

    loss      of batches without EXAMPLE, which calls the model once
    examples  those of the banks, from which the batches come, with EXAMPLE
    epoch     the number of the present epoch, from 0, and whether this is its first step
    """

    def both(model: nn.Module, batch: Batch) -> Tensor:
        number, first = epoch()
        if first:
            banks.taken(encoded(model, examples), number)
        return parts(model, batch, loss, banks, number, recipe).sum()

    return both


def parts(model: nn.Module, batch: Batch, loss: Loss, banks: Banks, epoch: int, recipe: Recipe) -> Tensor:
    """What `contrasted` adds up: (3,), the other loss, and the weighted terms, unsupervised and supervised."""
    with heard(model) as vectors:
        other = [loss(model, {name: tensor for name, tensor in batch.items() if name != EXAMPLE})]
    against = []
    for bank in banks.at(epoch):
        compared = drawn(batch[EXAMPLE], len(bank), most=MOST // bank.shape[1])
        against.append(terms(vectors[0], batch[EXAMPLE], bank, banks.labels, compared, recipe))
    same, alike = torch.stack(against).sum(0)
    return torch.stack([*other, UNSUPERVISED * same, SUPERVISED * alike])


def terms(vectors: Tensor, at: Tensor, bank: Tensor, labels: Tensor, compared: Tensor, recipe: Recipe) -> Tensor:
    """What a batch loses against one bank: (2,), unsupervised and supervised, in nats.

    vectors   (batch, width), of length 1
    at        (batch,), the positions of its examples in the bank
    bank      (n, models, width), of length 1
    labels    (n,)
    compared  (m,), the positions whose vectors are looked at, `at` among them

    A vector's neighbours are all vectors looked at and the others of the batch; a neighbour's share p is the softmax of
    the cosines over TEMPERATURE. It loses -log p of those of its own example (unsupervised) or class (supervised).

    mean      the mean over these, and over the batch, as contrast is defined (Khosla et al. 2020, arXiv:2004.11362)
    released  the sum over the batch of such means, over the number of all these of the whole batch: divided by their
              number twice, so that the supervised term is about as many times smaller as a class has vectors
    """
    models = bank.shape[1]
    neighbours = torch.cat([vectors.detach(), bank[compared].flatten(0, 1)])
    names = torch.cat([at, compared.repeat_interleave(models)])
    itself = torch.eye(len(at), len(names), dtype=torch.bool, device=vectors.device)
    shares = (vectors @ neighbours.T / TEMPERATURE).masked_fill(itself, -torch.inf).log_softmax(-1)
    losses = []
    for meant in (names == at[:, None], labels[names] == labels[at][:, None]):
        meant = meant & ~itself
        counts = meant.sum(1)
        means = -shares.masked_fill(~meant, 0).sum(1) / counts
        losses.append(means.mean() if recipe == "mean" else means.sum() / counts.sum())
    return torch.stack(losses)


def drawn(at: Tensor, count: int, *, most: int) -> Tensor:
    """Positions among `count`: all, or those of `at` and `most` others at random, from torch's global generator."""
    if count <= most:
        return torch.arange(count, device=at.device)
    others = torch.randperm(count)[:most].to(at.device)
    return torch.cat([at, others[~torch.isin(others, at)]])


@contextmanager
def heard(model: nn.Module) -> Iterator[list[Tensor]]:
    """Inside the block the vectors of each call of the model, (batch, width), are added to the list, with gradients."""
    vectors: list[Tensor] = []

    def hear(_, inputs, output) -> None:
        pooled = getattr(output, "pooler_output", None)
        vectors.append(normalize(output.last_hidden_state[:, 0] if pooled is None else pooled, dim=-1))

    handle = model.base_model.register_forward_hook(hear)
    try:
        yield vectors
    finally:
        handle.remove()


@torch.no_grad()
def encoded(model: nn.Module, examples: Examples) -> Tensor:
    """The model's vectors of all examples, in their order, dropout off: (n, width) on its device."""
    training = model.training
    model.eval()
    order, encodings = [], []
    with heard(model) as vectors:
        for positions in sorted_batches(examples.lengths, BATCH_SIZE):
            model(**examples.inputs(positions, model.device))
            order += positions
            encodings.append(vectors.pop())
    model.train(training)
    return torch.cat(encodings)[torch.tensor(order).argsort()]
