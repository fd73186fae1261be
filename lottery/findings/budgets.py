"""How much training a recipe grants: an update counts for as much as its learning rate."""

from lottery import schedules


def summed_rates(epochs: int, *, per_epoch: int = 1000) -> tuple[float, float]:
    """The learning rate summed over so many epochs, in peak rate times epochs: of one schedule, and as released.

    per_epoch  updates
    One schedule warms up over a tenth of the updates; the code of Gordon et al. 2020 starts anew in every epoch.
    """
    steps = epochs * per_epoch
    once, saw = schedules.linear_with_warmup(steps, steps // 10), schedules.sawtooth(per_epoch)
    return sum(map(once, range(steps))) / per_epoch, sum(map(saw, range(steps))) / per_epoch
