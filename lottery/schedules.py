"""Schedules: sparsity, or a factor on the learning rate, as a function of the step (steps are optimiser updates)."""

from collections.abc import Callable

Schedule = Callable[[int], float]


def one_shot(final: float, *, at: int) -> Schedule:
    """Sparsity 0 before step `at`, `final` from then on; `final` in [0, 1).

    >>> [one_shot(0.6, at=2)(step) for step in range(4)]
    [0.0, 0.0, 0.6, 0.6]
    """
    _require_sparsity(final)
    return lambda step: final if step >= at else 0.0


def cubic(final: float, *, begin: int, end: int) -> Schedule:
    """Sparsity rising from 0 to `final`, fast at first (Zhu & Gupta 2017, arXiv:1710.01878, eq. 1).

    s(t) = final * (1 - (1 - (t - begin) / (end - begin))**3) for begin <= t <= end, flat outside; `final` in [0, 1),
    and exactly `final` from `end` on. Raises ValueError when `begin` is not before `end`.

    >>> cubic(0.5, begin=0, end=2)(1)
    0.4375
    """
    progress = _progress(final, begin, end)
    return lambda step: final * (1 - (1 - progress(step)) ** 3)


def removed_after(level: int, per_level: float, of: str) -> float:
    """Share of the weights removed after so many levels, each of which removes a share of all or of those left.

    of  "original": level * per_level; "remaining": 1 - (1 - per_level)**level; to twelve digits, as 3 * 0.1 is not 0.3
        in floating point

    >>> removed_after(3, 0.1, "original"), removed_after(3, 0.1, "remaining")
    (0.3, 0.271)
    """
    return round(level * per_level if of == "original" else 1 - (1 - per_level) ** level, 12)


def rise(*, steps: int, power: int = 3) -> Schedule:
    """How far a ramp that begins at step 0 has come: 1 - (1 - t / steps)**power in [0, 1], 1 from `steps` on.

    power  3: times a sparsity it is `cubic` (Jiang et al. 2023, arXiv:2210.06210, eq. 5); 1: the same amount each step,
           which they give RoBERTa
    Raises ValueError for no steps.

    >>> [rise(steps=4, power=1)(step) for step in (0, 1, 3, 5)]
    [0.0, 0.25, 0.75, 1.0]
    """
    progress = _progress(0.0, 0, steps)
    return lambda step: 1 - (1 - progress(step)) ** power


def linear_with_warmup(steps: int, warmup: int) -> Callable[[int], float]:
    """Factor on the learning rate rising from 0 to 1 over `warmup` steps, then falling to 0 at step `steps`.

    t / warmup for t < warmup, then (steps - t) / (steps - warmup), 0 beyond (Devlin et al. 2019, arXiv:1810.04805,
    A.2). Raises ValueError unless 0 <= warmup <= steps.

    >>> [linear_with_warmup(4, 2)(step) for step in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if not 0 <= warmup <= steps:
        raise ValueError(f"a warm-up of {warmup} steps does not fit into {steps}; give one from 0 to {steps}")

    def factor(step: int) -> float:
        if step < warmup:
            return step / warmup
        return (steps - step) / (steps - warmup) if step < steps else 0.0

    return factor


def sawtooth(segment: int) -> Schedule:
    """Factor on the learning rate that falls to 0 at the end of every `segment` steps and starts anew, ever lower.

    In the k-th segment 1 - t / (k segment), so from 1 / k to 0; over the first tenth of the first one it rises from 0,
    t / (segment / 10). It is what the released code of Gordon et al. 2020 does: every segment is a process of its own,
    with a linear schedule that ends where the process does.

    >>> [sawtooth(10)(step) for step in (0, 1, 5, 9, 10, 15)]
    [0.0, 0.9, 0.5, 0.1, 0.5, 0.25]
    """

    def factor(step: int) -> float:
        if step < segment / 10:
            return step / (segment / 10)
        end = (step // segment + 1) * segment
        return (end - step) / end

    return factor


def _progress(final: float, begin: int, end: int) -> Callable[[int], float]:
    """The share of the ramp done, in [0, 1]."""
    _require_sparsity(final)
    if begin >= end:
        raise ValueError(f"a ramp from step {begin} to step {end} has no length; end it later, or cut at one step")
    return lambda step: min(max((step - begin) / (end - begin), 0.0), 1.0)


def _require_sparsity(final: float) -> None:
    if not 0 <= final < 1:
        raise ValueError(f"sparsity {final} is not in [0, 1); give the share of weights to remove, such as 0.6")
