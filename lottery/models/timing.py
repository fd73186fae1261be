"""How long models take to read texts: measured here, in turns, so that whatever else goes on falls on all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from lottery.models import families

if TYPE_CHECKING:
    from transformers import PreTrainedModel

TURN = 0.01  # seconds; what takes less is read again
Reader = Callable[..., object]  # (input_ids, attention_mask, ...) -> anything: a model, or an export of one


def batch(model: PreTrainedModel, size: int, length: int) -> dict[str, torch.Tensor]:
    """Made-up texts of so many tokens, on the model's device, as it takes them.

    Raises ValueError where it has no positions for so many.
    """
    families.check_length(model.config, length, name="length")
    ids = torch.randint(1, model.config.vocab_size, (size, length), generator=torch.Generator().manual_seed(0))
    ids = ids.to(model.device)
    kinds = getattr(model.config, "type_vocab_size", 0)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return inputs | ({"token_type_ids": torch.zeros_like(ids)} if kinds > 1 else {})


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Inside the block torch works with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def clock(inputs: Mapping[str, torch.Tensor]) -> Callable[[], float]:
    """What counts the seconds of reading these: with one thread the processor's, which other programs hardly change."""
    alone = torch.get_num_threads() == 1 and not inputs["input_ids"].is_cuda
    return time.process_time if alone else time.perf_counter


def seconds(readers: Mapping[str, Reader], inputs: Mapping[str, torch.Tensor], rounds: int = 9) -> dict[str, float]:
    """The median seconds that each of several takes for one batch, in turns, after one round that does not count."""
    found = turns(readers, inputs, rounds, turn=TURN, clock=clock(inputs))
    return {name: statistics.median(each) for name, each in found.items()}


def turns(
    readers: Mapping[str, Reader],
    inputs: Mapping[str, torch.Tensor],
    rounds: int,
    *,
    turn: float = 0.0,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """The seconds that each of several takes for one batch in every round, after one round that does not count.

    turn  seconds that one's turn lasts at least: the batch is read again until they are full, and the fastest counts,
          since other programs only slow down
    clock  time.process_time counts the processor's time, whatever else it does meanwhile: for one thread
    """
    times: dict[str, list[float]] = {name: [] for name in readers}
    with torch.inference_mode():
        for _ in range(1 + rounds):
            for name, reader in readers.items():
                taken: list[float] = []
                while not taken or sum(taken) < turn:
                    began = clock()
                    reader(**inputs)
                    if inputs["input_ids"].is_cuda:
                        torch.cuda.synchronize()
                    taken.append(clock() - began)
                times[name].append(min(taken))
    return {name: each[1:] for name, each in times.items()}
