"""What tickets of iterative pruning are worth beside the full model and their controls, and on other tasks.

Chen et al. 2020, arXiv:2007.12223. Where nothing else is said, `rows` are those of `scored`: one a fine-tuning.
"""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.schedules import removed_after
from lottery.statistics import Estimate

MLM, NEVER, ONE_SHOT = "mlm", "mlm_never", "one_shot"  # masks that were found on no task
MARGIN = 0.01  # of score: a loss that counts as none
REPEAT = 1000  # by so much the seed of the full model's next fine-tuning is higher; the seed of a ticket is below
SOURCES = {MLM: "pre-training (MLM)", NEVER: "MLM, never rewound", ONE_SHOT: "one cut, no training"}


def with_tickets(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of fine-tunings with what they started from, read off it.

    ticket    a kind of `experiments.controls`; "gradual" for the mask of a GradualPruning on the weights it began with,
              "recovered" for a pruned model as it is; "full" for anything else
    source    the task on which the mask was found, or "mlm"; "" where none was
    sparsity  share of the prunable weights removed
    of, per_level, rewind_step  of an iterative mask, as there; None for others and where it never rewinds
    """
    return rows.assign(**pd.DataFrame([_ticket(row) for row in rows.to_dict("records")], index=rows.index))


def _ticket(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name.removeprefix("start.kept."): value for name, value in row.items() if name.startswith("start.kept.")}
    ticket = {"ticket": "full", "source": "", "sparsity": 0.0, "of": None, "per_level": None, "rewind_step": None}
    match row["start"], row.get("start.kept"):
        case "GradualPruning", _:
            return ticket | {"ticket": "recovered", "sparsity": row["start.sparsity"]}
        case "Ticket", "GradualPruning":
            return ticket | {"ticket": "gradual", "sparsity": kept["sparsity"]}
        case "Ticket", "Cut":
            cut = "random_model" if kept["of"] == "Redrawn" else ONE_SHOT
            kind = "random" if kept["importance"] == "random" else cut
            return ticket | {"ticket": kind, "sparsity": kept["sparsity"]}
        case "Ticket", "IterativePruning":
            return ticket | {
                "ticket": {"Redrawn": "redrawn", "Shuffled": "shuffled"}.get(row["start.of"], "iterative"),
                "source": kept["training.task"] if kept["training"] == "OnTask" else MLM,
                "sparsity": removed_after(int(kept["level"]), kept["per_level"], kept["of"]),
                "of": kept["of"],
                "per_level": kept["per_level"],
                "rewind_step": kept["rewind_step"],
            }
    return ticket


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """The fine-tunings with their tickets; an `undefined` score counts as 0.

    world  the seed of the miniature; of one pre-trained model, that of the search and of what is compared with it
    """
    rows = with_tickets(runs[runs["experiment"] == "FineTuning"])
    world = rows["seed"].astype(int) % REPEAT
    return rows.assign(world=world, undefined=rows["score"].isna(), score=rows["score"].fillna(0.0))


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the other ways of pruning iteratively: rewound to the start, shares of the original weights."""
    return rows[(rows["source"] == "") | ((rows["rewind_step"] == 0) & (rows["of"] == "original"))]


def searched(rows: pd.DataFrame) -> list[str]:
    """The tasks on which masks were found, too."""
    return [task for task in rows["task"].unique() if (rows["source"] == task).any()]


def of_task(rows: pd.DataFrame, task: str) -> pd.DataFrame:
    """The full model, and the tickets that were found on a task and judged on it, with their controls."""
    here = rows[(rows["task"] == task) & rows["source"].isin(["", task])]
    return plain(here[~here["ticket"].isin(["gradual", "recovered"])])


def full_scores(rows: pd.DataFrame, task: str) -> pd.DataFrame:
    """Scores of the full model on a task: a row a world, a column a repeat."""
    full = rows[(rows["ticket"] == "full") & (rows["task"] == task)]
    return full.assign(repeat=full.groupby("world").cumcount()).pivot_table("score", "world", "repeat")


def one_answer(rows: pd.DataFrame, task: str) -> float:
    """Score of the majority-class baseline on a task: the mean over worlds, each of which has a dev set of its own."""
    return rows.loc[rows["task"] == task].fillna({"majority": 0.0}).groupby("world")["majority"].first().mean()


def wins(rows: pd.DataFrame) -> pd.DataFrame:
    """Up to which sparsity the tickets found on a task win on it: a row a task.

    returns  `full`, mean score of the full model; `tolerance`, its standard deviation over repeats within a world,
             pooled over the worlds, NaN where there is one repeat; `judged`, whether there is a tolerance and the full
             model is above the majority-class baseline; `tried`, how many sparsities, and `won`, how many of them win;
             `highest` that wins, NaN for none; `at`, that one or else the lowest tried, and `cost` there: ticket minus
             full model, an estimate paired over the worlds; `matched` of `matched_up_to`, NaN where nothing is judged
    """
    table = {}
    for task in searched(rows):
        full = full_scores(rows, task)
        means, tolerance = full.mean(axis=1), float(np.sqrt(full.var(axis=1, ddof=1).mean()))
        judged = bool(means.mean() > one_answer(rows, task)) and not np.isnan(tolerance)
        scores = of_task(rows, task).query("ticket == 'iterative'").pivot_table("score", "world", "sparsity")
        won = [sparsity for sparsity in scores if judged and stats.is_winning(scores[sparsity], means, tolerance)]
        at = max(won, default=min(scores))
        costs = {each: scores[each] - means[scores.index] for each in sorted(scores)}
        table[task] = {
            "full": means.mean(),
            "tolerance": tolerance,
            "judged": judged,
            "tried": len(scores.columns),
            "won": len(won),
            "highest": max(won, default=np.nan),
            "at": at,
            "cost": stats.mean_interval(costs[at]),
            "matched": matched_up_to(costs) if judged else np.nan,
        }
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("task")


def matched_up_to(costs: Mapping[float, pd.Series]) -> float:
    """The highest sparsity up to which tickets are shown to lose less than MARGIN; NaN where not even the lowest is.

    costs  {sparsity: ticket minus full model, a value a world}, from the lowest sparsity on

    By a one-sided test at 5% at each, in order and only until one fails, which needs no correction for their number
    (Hsu & Berger 1998, as in `findings.report`). Chen et al.'s rule is the laxer the more scores scatter; this one is
    stricter.
    """
    shown = takewhile(lambda each: stats.mean_interval(costs[each], level=0.9).low > -MARGIN, costs)
    return max(shown, default=np.nan)


def worth(rows: pd.DataFrame) -> pd.DataFrame:
    """The found ticket minus each control, means over the tasks: a row a sparsity with controls, of estimates.

    Empty where no mask was found on a task that is judged.
    """
    here = pd.concat([rows[:0], *(of_task(rows, task) for task in searched(rows))])
    controls = [kind for kind in here["ticket"].unique() if kind not in ("full", "iterative")]
    sparsities = sorted(here.loc[here["ticket"] == "random", "sparsity"].unique())
    wanted = pd.MultiIndex.from_product([["iterative", *controls], sparsities])
    means = here.pivot_table("score", "world", ["ticket", "sparsity"]).reindex(columns=wanted)
    return pd.DataFrame(
        {
            kind: {each: stats.paired_difference(means["iterative", each], means[kind, each]) for each in sparsities}
            for kind in controls
        }
    ).rename_axis("sparsity")


def within_sd(printed: pd.DataFrame) -> pd.DataFrame:
    """Whether a printed ticket lies within one printed standard deviation of the full model: a row a task.

    returns  `of_full`, by the standard deviation of the full model; `of_ticket`, by the ticket's own
    """
    full, ticket = (printed[printed["ticket"] == kind].set_index("task") for kind in ("full", "iterative"))
    lost = (full["score"] - ticket["score"]).round(4)
    return pd.DataFrame({"of_full": lost <= full["sd"], "of_ticket": lost <= ticket["sd"]})


def transferred(rows: pd.DataFrame) -> pd.DataFrame:
    """Score of each source's ticket on each task minus the full model's: a row a source, task and world.

    returns  source, a task or one of SOURCES; task, world, sparsity, that at which masks are carried; difference,
             undefined
    """
    never = (rows["source"] == MLM) & rows["rewind_step"].isna()
    source = rows["source"].mask(never, NEVER).mask(rows["ticket"] == ONE_SHOT, ONE_SHOT)
    standard = (rows["rewind_step"] == 0) & (rows["of"] == "original") | source.isin([NEVER, ONE_SHOT])
    some = rows.assign(source=source)[standard & rows["ticket"].isin(["iterative", ONE_SHOT])]
    # Every source has tickets of every task at one sparsity alone: that at which masks are carried.
    everywhere = some.groupby("sparsity")[["source", "task"]].apply(lambda each: len(each.drop_duplicates()))
    some = some[some["sparsity"] == everywhere.idxmax()]
    some = some.drop_duplicates(["source", "task", "world"]).sort_values("ticket", kind="stable")  # one cut comes last
    full = rows[rows["ticket"] == "full"].groupby(["task", "world"])["score"].mean().rename("full")
    some = some.join(full, on=["task", "world"])
    columns = ["source", "task", "world", "sparsity", "difference", "undefined"]
    return some.assign(difference=some["score"] - some["full"])[columns]


def transfer_matrix(differences: pd.DataFrame) -> pd.DataFrame:
    """The estimate of each source, a row, on each task, a column; columns source, task and difference are given."""
    return differences.pivot_table("difference", "source", "task", aggfunc=stats.mean_interval, sort=False)


def by_source(differences: pd.DataFrame) -> pd.DataFrame:
    """Mean difference over the tasks: a row a world, a column a source, from rows of `transferred`."""
    return differences.pivot_table("difference", "world", "source", sort=False)


def costs(means: pd.DataFrame) -> dict[str, Estimate]:
    """What masks of each source cost or gain, over the worlds, from `by_source`."""
    return {source: stats.mean_interval(means[source]) for source in means}


def ahead(means: pd.DataFrame) -> tuple[str, dict[tuple[str, str], Estimate]]:
    """The source that costs least, and what masks of the pre-training are ahead of the best task and of one cut.

    means    of `by_source`
    returns  the best source, and {(one, other): estimate of the first minus the second} over the worlds
    """
    of_tasks = means.drop(columns=[source for source in SOURCES if source in means])
    others = [*([of_tasks.mean().idxmax()] if len(of_tasks.columns) else []), ONE_SHOT]
    pairs = [(one, other) for one in (MLM, NEVER) for other in others if {one, other} <= set(means.columns)]
    return means.mean().idxmax(), {pair: stats.paired_difference(means[pair[0]], means[pair[1]]) for pair in pairs}


def varied(rows: pd.DataFrame) -> pd.DataFrame:
    """Other ways of pruning iteratively beside the usual one, on the task of the mask: a row a task and way.

    returns  `sparsity`; `score`, the mean; `nearest`, the sparsity of the usual ticket that comes nearest, and `more`:
             this way minus that ticket, an estimate paired over the worlds
    """
    rows = rows[(rows["ticket"] == "iterative") & (rows["source"] == rows["task"])]
    usual = (rows["of"] == "original") & (rows["rewind_step"] == 0)
    beside, others = rows[usual], rows[~usual]
    steps = others["rewind_step"].astype(float)
    way = steps.map(lambda step: "never rewound" if np.isnan(step) else f"rewound to update {step:.0f}")
    way = way.mask(others["of"] == "remaining", "a share of what remains").rename("way")
    table = {}
    for (task, name), some in others.groupby(["task", way], sort=False):
        sparsity = some["sparsity"].iloc[0]
        of_task = beside[beside["task"] == task]
        nearest = min(of_task["sparsity"].unique(), key=lambda one: abs(one - sparsity))
        scores = some.set_index("world")["score"]
        same = of_task[of_task["sparsity"] == nearest].set_index("world")["score"][scores.index]
        more = stats.paired_difference(scores, same)
        table[task, name] = {"sparsity": sparsity, "score": scores.mean(), "nearest": nearest, "more": more}
    index = pd.MultiIndex.from_tuples(table, names=["task", "way"])
    return pd.DataFrame([*table.values()], index, ["sparsity", "score", "nearest", "more"])


def crossed(rows: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """Masks of both papers on original and on recovered weights, minus the full model, means over the tasks.

    returns  the sparsity of gradual pruning, and a row a mask and weights with `change`, an estimate over the worlds;
             a mask that was not tried on every task of gradual pruning is left out, and so are other tasks
    """
    rows = rows[rows["task"].isin(rows.loc[rows["ticket"] == "gradual", "task"])]
    sparsity = rows.loc[rows["ticket"] == "gradual", "sparsity"].iloc[0]
    here = plain(rows[rows["sparsity"] == sparsity])
    full = rows[rows["ticket"] == "full"].groupby("world")["score"].mean()
    iterative = here["ticket"] == "iterative"
    choices = {
        ("iterative, on each task itself", "original"): iterative & (here["source"] == here["task"]),
        ("iterative, on the pre-training", "original"): iterative & (here["source"] == MLM),
        ("one cut, no training", "original"): here["ticket"] == ONE_SHOT,
        ("gradual, in pre-training", "original"): here["ticket"] == "gradual",
        ("gradual, in pre-training", "recovered"): here["ticket"] == "recovered",
    }
    tasks, table = here.loc[here["ticket"] == "gradual", "task"].nunique(), {}
    for names, chosen in choices.items():
        if here.loc[chosen, "task"].nunique() >= tasks:
            means = here[chosen].groupby("world")["score"].mean()
            table[names] = {"change": stats.paired_difference(means, full[means.index])}
    return sparsity, pd.DataFrame.from_dict(table, orient="index").rename_axis(["mask", "weights"])
