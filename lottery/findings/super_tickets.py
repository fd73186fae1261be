"""What super tickets, of heads and MLPs, score beside the full model and beside tickets of the same size."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings.learned_masks import by_seed
from lottery.findings.seeds import of_every_seed
from lottery.statistics import Estimate

FULL = "full model"
TICKETS = ("super", "random", "reversed")
PLACE = ["task", "seed", "part", "ticket", "recipe", "tenths"]


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a full model or ticket trained again: task, seed, part (trained on a part of train), ticket, and scores.

    runs            FineTuning of full models and of tickets, ComponentScores, PrunedScore, live or recorded
    ticket          one of TICKETS, or FULL
    recipe, tenths  of the ticket; "" and 0 of a full model
    heads, mlps     shares kept
    score, unseen   on dev, and on what was held out of train; a score that is not defined counts as 0
    majority        of the majority-class baseline, likewise
    """
    whole = runs[runs["experiment"] == "ComponentScores"].iloc[0]
    tuned = runs[(runs["experiment"] == "FineTuning") & runs["task"].isin(runs["of.task"].dropna())]
    ticket = (tuned["start"] == "Ticket").to_numpy()
    models = pd.DataFrame(
        {
            "task": tuned["task"],
            "seed": tuned["seed"].astype(int),
            "part": tuned["train_examples"] > 0,
            "ticket": np.where(ticket, tuned["start.kept.which"], FULL),
            "recipe": np.where(ticket, tuned["start.kept.recipe"], ""),
            "tenths": tuned["start.kept.tenths"].where(ticket, 0).astype(int),
            "score": tuned["score"].astype(float).fillna(0.0),
            "unseen": tuned["unseen_score"].astype(float).fillna(0.0) if "unseen_score" in tuned else np.nan,
            "majority": tuned["majority"].astype(float).fillna(0.0),
        }
    )
    cut = runs[runs["experiment"] == "PrunedScore"]
    kept = pd.DataFrame(
        {
            "task": cut["of.task"],
            "seed": cut["of.seed"].astype(int),
            "part": cut["of.train_examples"] > 0,
            "ticket": cut["kept.which"],
            "recipe": cut["kept.recipe"],
            "tenths": cut["kept.tenths"].astype(int),
            "heads": cut["heads"].astype(float) / len(whole["head_scores"]),
            "mlps": cut["mlps"].astype(float) / len(whole["mlp_scores"]),
        }
    )
    return models.merge(kept, how="left", on=PLACE).fillna({"heads": 1.0, "mlps": 1.0})


def printed(rows: pd.DataFrame) -> pd.DataFrame:
    """Of rows of `scored` those trained on all of train, full models and tickets as printed."""
    return rows[~rows["part"] & rows["recipe"].isin(["", "printed"])]


def against(rows: pd.DataFrame, other: str) -> dict[int, Estimate]:
    """A super ticket minus another kind, or FULL, in points, by level: mean over tasks, 95% interval over seeds.

    rows  of `printed`
    """
    table = rows.pivot_table(index=["task", "seed"], columns=["ticket", "tenths"], values="score")
    super_ = table["super"]
    return {level: _points(super_[level], table[FULL][0] if other == FULL else table[other][level]) for level in super_}


def apart(differences: Mapping[object, Estimate]) -> tuple[int, int]:
    """How many of these have a 95% interval above 0, and how many one below; one without an interval has neither."""
    each = differences.values()
    return sum(one.low > 0 for one in each), sum(one.high < 0 for one in each)


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """The level of each task and seed whose super ticket does best on dev, and on what was held out of train.

    rows     of `scored`; only models trained on a part of train count
    returns  a row each way to choose, task and seed: chosen_on ("dev" or "held out of train"), task, seed, level,
             heads (share kept), on_dev, there: what that ticket scores more than the full model on dev, and where the
             level was chosen, in points
    """
    rows = rows[rows["part"] & rows["ticket"].isin([FULL, "super"])]
    lines = []
    for name, column in (("dev", "score"), ("held out of train", "unseen")):
        for (task, seed), some in rows.groupby(["task", "seed"]):
            whole = some[some["ticket"] == FULL].iloc[0]
            tickets = some[some["ticket"] == "super"].sort_values("tenths").set_index("tenths")
            best = tickets.loc[tickets[column].idxmax()]
            gains = {
                "on_dev": 100 * (best["score"] - whole["score"]),
                "there": 100 * (best[column] - whole[column]),
            }
            place = {"chosen_on": name, "task": task, "seed": seed}
            lines.append(place | {"level": best.name, "heads": best["heads"]} | gains)
    return pd.DataFrame(lines, columns=["chosen_on", "task", "seed", "level", "heads", "on_dev", "there"])


def gain(rows: pd.DataFrame, column: str) -> Estimate:
    """The mean of a column of `chosen`, of one way to choose, over the tasks of every seed, with its 95% interval."""
    return stats.mean_interval(of_every_seed(rows).groupby("seed")[column].mean())


def recipes(rows: pd.DataFrame) -> pd.DataFrame:
    """Tickets as released beside those as printed, on the tasks that have both.

    rows     of `scored`
    returns  ticket, tenths, heads_printed, heads_released (shares kept), and mean, low, high of the score as released
             minus that as printed, in points, the interval over seeds; a row a kind, "random" or "super", and level
    """
    rows = rows[~rows["part"]]
    rows = rows[rows["task"].isin(rows.loc[rows["recipe"] == "released", "task"])]
    lines = []
    for (ticket, tenths), some in rows[rows["ticket"].isin(["super", "random"])].groupby(["ticket", "tenths"]):
        table = some.pivot_table(index=["task", "seed"], columns="recipe", values=["heads", "score"])
        lines.append(
            {"ticket": ticket, "tenths": tenths}
            | {f"heads_{recipe}": table["heads", recipe].mean() for recipe in ("printed", "released")}
            | _points(table["score", "released"], table["score", "printed"])._asdict()
        )
    return pd.DataFrame(lines, columns=["ticket", "tenths", "heads_printed", "heads_released", *Estimate._fields])


def drawn(number: int, draws: int) -> float:
    """How many of so many are drawn at least once, on average, if each is put back: n (1 - (1 - 1 / n)^k)."""
    return number * (1 - (1 - 1 / number) ** draws)


def _points(one: pd.Series, other: pd.Series) -> Estimate:
    return stats.mean_interval(100 * by_seed(one, other))
