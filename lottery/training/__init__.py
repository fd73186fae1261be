"""The training loop, and fine-tuning and evaluation on a task, over stock transformers models."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn
from tqdm.auto import tqdm
from transformers import PreTrainedModel

from lottery.data.examples import IGNORED, Batch, Examples, epochs, sorted_batches
from lottery.schedules import Schedule, linear_with_warmup
from lottery.training import reading


class Checkpoint(Protocol):
    """Where a long training leaves its state, so that it goes on from there after an interruption."""

    def load(self) -> dict | None:
        """The last state saved, or None."""

    def save_if_due(self, state: Callable[[], dict]) -> None:
        """Save `state()` if enough time has passed since the last saving."""


def adamw(model: nn.Module, *, learning_rate: float, weight_decay: float = 0.01) -> torch.optim.AdamW:
    """BERT's optimiser: betas .9 and .999, eps 1e-6, decay on everything but biases and LayerNorm."""
    decayed = [p for name, p in model.named_parameters() if p.ndim > 1]
    others = [p for name, p in model.named_parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, eps=1e-6, fused=True)


def train(
    model: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    batch_at: Callable[[int], Batch],
    *,
    steps: int,
    loss: Callable[[PreTrainedModel, Batch], torch.Tensor] | None = None,
    schedule: Schedule | None = None,
    clip: float = 1.0,
    clipped: Sequence[nn.Parameter] | None = None,
    after_step: Callable[[int], bool | None] | None = None,
    carried: dict[str, torch.Tensor] | None = None,
    checkpoint: Checkpoint | None = None,
    accelerator: Accelerator | None = None,
    title: str = "training",
) -> list[float]:
    """`steps` optimiser updates; the loss of every step, in nats, dropout on.

    batch_at    step -> batch; a function of the step alone, so that a resumed run sees what an undisturbed one sees
    loss        (model, batch) -> scalar; by default the model's own
    schedule    updates done -> factor on the optimiser's learning rate; by default `linear_with_warmup` over a tenth
    clip        largest norm of the gradient
    clipped     the parameters whose gradient that is; by default the model's, in its order
    after_step  called with the number of updates done, 1 to `steps`, after each; this is where pruning happens, and
                where it returns True the training ends
    carried     tensors that belong to the training beside the model, a mask for example: kept in its checkpoints
    On CPU a run resumed from its checkpoint ends with the same bits as an undisturbed one. Raises FloatingPointError
    when a loss is not finite.
    """
    accelerator = accelerator or Accelerator()
    loss = loss or (lambda model, batch: model(**batch).loss)
    factor = schedule or linear_with_warmup(steps, round(0.1 * steps))
    peak = [group["lr"] for group in optimizer.param_groups]
    carried = carried or {}
    model.to(accelerator.device).train()
    losses = _resume(model, optimizer, carried, checkpoint)
    optimizer.zero_grad()  # of what was computed before, an importance score for example
    for step in tqdm(
        range(len(losses), steps), initial=len(losses), total=steps, desc=title, leave=False, disable=None
    ):
        for group, rate in zip(optimizer.param_groups, peak, strict=True):
            group["lr"] = rate * factor(step)
        batch = {name: tensor.to(accelerator.device) for name, tensor in batch_at(step).items()}
        with accelerator.autocast():
            value = loss(model, batch)
        accelerator.backward(value)
        accelerator.clip_grad_norm_(model.parameters() if clipped is None else clipped, clip)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(value.detach())
        ended = after_step is not None and after_step(step + 1) is True  # a loss that it returns ends nothing
        if checkpoint and not ended:
            checkpoint.save_if_due(lambda: _state(model, optimizer, carried, losses))
        if ended:
            break
    for group, rate in zip(optimizer.param_groups, peak, strict=True):
        group["lr"] = rate
    values = torch.stack(losses).tolist() if losses else []
    if not np.isfinite(values).all():
        raise FloatingPointError(f"{title}: the loss is not finite from step {int(np.argmin(np.isfinite(values)))} on")
    return values


def _state(model, optimizer, carried, losses) -> dict:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "carried": carried}
    state |= {"losses": torch.stack(losses), "rng": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda_rng"] = torch.cuda.get_rng_state_all()
    return state


def _shapes(state: dict) -> list:
    """What has to agree for one training's state to be put into another, looked at before anything is overwritten."""
    tensors = [{name: tensor.shape for name, tensor in state[part].items()} for part in ("model", "carried")]
    return [*tensors, [len(group["params"]) for group in state["optimizer"]["param_groups"]]]


def _resume(model, optimizer, carried, checkpoint) -> list[torch.Tensor]:
    state = checkpoint.load() if checkpoint else None
    if state is None:
        return []
    if _shapes(state) != _shapes(_state(model, optimizer, carried, [torch.zeros(())])):
        tqdm.write("the checkpoint found is of another model, made before the code was changed: starting anew")
        return []
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    for name, tensor in carried.items():
        tensor.copy_(state["carried"][name])
    torch.set_rng_state(state["rng"])
    if "cuda_rng" in state:
        torch.cuda.set_rng_state_all(state["cuda_rng"])
    return list(state["losses"])


def fine_tune(
    model: PreTrainedModel,
    optimizer: torch.optim.Optimizer,
    examples: Examples,
    *,
    steps: int,
    batch_size: int,
    seed: int,
    **how,
) -> list[float]:
    """Train on a task's examples, sorted by length within shuffled pools; `how` as in `train`.

    seed  of the order of the examples; dropout follows torch's global seed
    """
    positions = epochs(examples, batch_size, seed)
    return train(model, optimizer, lambda step: examples.batch(positions(step)), steps=steps, **how)


def steps_in(examples: Examples, *, epochs: float, batch_size: int) -> int:
    """Optimiser updates in a number of epochs; at least 1."""
    return max(1, round(epochs * -(-len(examples) // batch_size)))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Inside the block the model is in eval mode and without gradients; afterwards as before."""
    before = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(before)


def predict(model: PreTrainedModel, examples: Examples, *, batch_size: int = 256) -> np.ndarray:
    """A classifier's scores of every example, in the examples' order: (n, labels), dropout off.

    In the precision that accelerate is set to, as in training.
    """
    with evaluating(model), Accelerator().autocast():
        return reading.read(
            model, examples, lambda output, _: output.logits, device=model.device, batch_size=batch_size
        )


def predict_tokens(
    model: PreTrainedModel,
    examples: Examples,
    said: Callable[[Any], torch.Tensor] = lambda output: output.logits,
    *,
    batch_size: int = 256,
) -> list[np.ndarray]:
    """Scores of every token: n arrays (length, k), dropout off. In the precision of `predict`.

    said  of a model's output, (batch, longest, k)
    """
    with evaluating(model), Accelerator().autocast():
        rows = reading.rows(model, examples, lambda output, _: said(output), device=model.device, batch_size=batch_size)
    return [row[:length] for row, length in zip(rows, examples.lengths.tolist(), strict=True)]


def predict_spans(
    model: PreTrainedModel, examples: Examples, *, batch_size: int = 256
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Scores of every token as first and as last of the answer: two lists of n arrays (length,), as `predict_tokens`.

    An example is one window of a paragraph (spans.windows).
    """

    def ends(output: Any) -> torch.Tensor:
        return torch.stack([output.start_logits, output.end_logits], dim=-1)

    rows = predict_tokens(model, examples, ends, batch_size=batch_size)
    return [row[:, 0] for row in rows], [row[:, 1] for row in rows]


def mean_loss(model: PreTrainedModel, examples: Examples, *, batch_size: int = 256) -> float:
    """The model's loss over all examples, each counted once, dropout off; in nats (squared units for a regression).

    Of tags each word is counted once. In the precision of `predict`.
    """
    total, count = 0.0, 0
    with evaluating(model), Accelerator().autocast():
        for positions in sorted_batches(examples.lengths, batch_size):
            batch = {name: tensor.to(model.device) for name, tensor in examples.batch(positions).items()}
            labels = batch.get("labels")
            of_words = labels is not None and labels.ndim == 2
            counted = int((labels != IGNORED).sum()) if of_words else len(positions)
            total += model(**batch).loss.item() * counted if counted else 0.0
            count += counted
    return total / count
