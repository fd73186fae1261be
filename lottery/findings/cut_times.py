"""Is a model easier to prune once it has been fine-tuned? The same cut, late and first, and the same training.

Gordon et al. 2020, section 5, compare a model that was fine-tuned, cut at once and trained on with one that was pruned
in pre-training, and one that was fine-tuned for longer before the cut with one that was cut at once: in either case the
other of the two was trained for another time. Here both are fine-tuned for as many epochs, then for as many again, by
the same schedules and seeds; the weights are cut between the two trainings, or before both.
"""

import numpy as np
import pandas as pd

from lottery import statistics as stats

MARGIN = 0.01  # of score: a difference that counts as none
LATE, FIRST, AT_ONCE = "late", "first", "at once"
BY = ["before", "sparsity"]
COLUMNS = [
    *("start", "task", "seed", "score"),
    *("start.of", "start.of.epochs", "start.of.seed", "start.of.start.seed", "start.kept", "start.kept.sparsity"),
    *("start.start", "start.epochs", "start.start.kept", "start.start.kept.sparsity"),
    *("start.start.seed", "start.start.of.seed"),
]


def with_cuts(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tunings of models that were cut at once or not at all, with when that was.

    cut       LATE, after `before` epochs of fine-tuning; FIRST, before them; AT_ONCE, where there were none. A model
              from which nothing is removed was trained as LATE and FIRST are and counts as FIRST
    before    epochs of the fine-tuning that comes before the last one
    sparsity  share of the prunable weights that was removed
    unit      the world; of one pre-trained model the seed of fine-tuning
    Other fine-tunings are left out; an undefined score counts as 0.
    """
    rows = runs[runs["experiment"] == "FineTuning"]
    rows = rows.reindex(columns=rows.columns.union(COLUMNS))  # a kind that was not run has no columns
    ticket = (rows["start"] == "Ticket") & (rows["start.kept"] == "Cut")
    late, at_once = (ticket & (rows["start.of"] == kind) for kind in ("FineTuning", "GradualPruning"))
    twice = rows["start"] == "FineTuning"
    begun = twice & (rows["start.start"] == "Ticket") & (rows["start.start.kept"] == "Cut")
    whole = twice & (rows["start.start"] == "GradualPruning")
    tables = [
        _told(rows[late], LATE, "start.of.epochs", "start.kept.sparsity", "start.of.start.seed"),
        _told(rows[at_once], AT_ONCE, "", "start.kept.sparsity", "start.of.seed"),
        _told(rows[begun], FIRST, "start.epochs", "start.start.kept.sparsity", "start.start.of.seed"),
        _told(rows[whole], FIRST, "start.epochs", "", "start.start.seed"),
    ]
    table = pd.concat([each for each in tables if len(each)] or tables[:1], ignore_index=True).copy()
    unit = "pruning_seed" if len(set(table["pruning_seed"])) > 1 else "seed"
    return table.assign(unit=table[unit].astype(int), score=table["score"].fillna(0.0))


def _told(rows: pd.DataFrame, cut: str, before: str, sparsity: str, seed: str) -> pd.DataFrame:
    columns = {"before": before, "sparsity": sparsity, "pruning_seed": seed}
    return rows.assign(
        cut=cut, **{name: rows[column].astype(float) if column else 0.0 for name, column in columns.items()}
    )


def late_and_first(runs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of `with_cuts` cut LATE and those cut FIRST, each where the other was run as well."""
    rows = with_cuts(runs)
    places = [frozenset(map(tuple, rows.loc[rows["cut"] == cut, BY].to_numpy())) for cut in (LATE, FIRST)]
    shared = [tuple(place) in places[0] & places[1] for place in rows[BY].to_numpy()]
    both = rows[np.array(shared, dtype=bool)]
    return both[both["cut"] == LATE], both[both["cut"] == FIRST]


def by_unit(rows: pd.DataFrame, value: str = "score") -> pd.DataFrame:
    """The mean over the tasks of the mean over the fine-tunings: a row a unit, a column a cut, `before` and sparsity.

    NaN where a unit lacks a task.
    """
    each = rows.pivot_table(value, ["cut", *BY, "task"], "unit").reindex(columns=sorted(rows["unit"].unique()))
    tasks = set(rows["task"])
    means = each.groupby(["cut", *BY]).mean(numeric_only=True)
    lacking = each.isna().groupby(["cut", *BY]).any()
    fewer = each.groupby(["cut", *BY]).size() < len(tasks)
    return means.mask(lacking).mask(fewer, axis=0).T


def compared(rows: pd.DataFrame, value: str = "score") -> pd.DataFrame:
    """Cut late minus cut first, by epochs before and sparsity, paired over the units: a row each that both have.

    value    "score" or "accuracy"
    returns  of estimates: `late`, cut late minus first; `cost`, cut first minus nothing removed; `unlike`, cut late
             minus cut at once and trained for less, as the paper's Figure 3 has it, None where that was not run; and
             `p`, that late and first are the same within MARGIN, corrected by Holm for all the rows
    """
    means = by_unit(rows, value)
    pairs = [place for cut, *place in means if cut == LATE and (FIRST, *place) in means]
    lines, p_values = [], []
    for before, sparsity in sorted(map(tuple, pairs)):
        late, first = means[LATE, before, sparsity], means[FIRST, before, sparsity]
        at_once, whole = (AT_ONCE, 0.0, sparsity), (FIRST, before, 0.0)
        lines.append(
            {
                "before": before,
                "sparsity": sparsity,
                "late": stats.paired_difference(late, first),
                "cost": stats.paired_difference(first, means[whole]) if whole in means else None,
                "unlike": stats.paired_difference(late, means[at_once]) if at_once in means else None,
            }
        )
        p_values.append(stats.equivalence(late, first, MARGIN))
    table = pd.DataFrame(lines, columns=[*BY, "late", "cost", "unlike"])
    return table.assign(p=stats.holm(p_values)).set_index(BY)
