"""How far a dev set of its size leaves the difference of two kinds of models, from their recorded answers."""

from collections.abc import Sequence

import numpy as np

from lottery.statistics import grouped_jackknife_error
from lottery.tasks import Task


def difference_error(task: Task, ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray], labels: np.ndarray) -> float:
    """Standard error over examples of the mean score of one kind of models minus that of another, on the same examples.

    ours, theirs  the answers of each model to each example, (n,); of one kind as many models as one likes
    labels        the right answers, (n,)
    returns       in the unit of the task's own metric; a score that is not defined counts as 0. By a jackknife, in
                  which the same examples are left out of all models
    """

    def difference(places: np.ndarray) -> float:
        one, other = (
            np.nan_to_num([task.metrics(np.asarray(row)[places], labels[places])[task.METRIC] for row in rows]).mean()
            for rows in (ours, theirs)
        )
        return float(one - other)

    return grouped_jackknife_error(difference, len(labels))
