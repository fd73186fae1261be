"""What the searches for subnetworks of many tasks and seeds keep: which say something, how much, and which parts.

Tables are of recorded runs of `ComponentSearch` and `MagnitudeSearch`, a row a search.
"""

from itertools import product

import numpy as np
import pandas as pd

from lottery import statistics as stats
from lottery.findings.seeds import told_apart
from lottery.statistics import agreement
from lottery.tasks import title
from lottery.training import evaluation

NO_BOUND = "the majority-class baseline reaches the required share of the full model's score"


def silent(runs: pd.DataFrame) -> pd.Series:
    """Why each search says nothing, "" where it does.

    Beside the reasons that a search gives itself there is one that its record shows: where `share` of the dense score
    is at most that of the majority-class baseline, everything may go. A search's own reason is told in the words of
    today, whatever its record has.
    """
    if runs.empty:
        return pd.Series(dtype=str)
    reached = runs["share"].astype(float) * runs["dense_score"].astype(float) <= runs["majority"].astype(float)
    own = [
        recorded and (evaluation.degenerate(dense, majority) or recorded)
        for recorded, dense, majority in zip(runs["degenerate"], runs["dense_score"], runs["majority"], strict=True)
    ]
    return pd.Series(own, runs.index).mask((runs["degenerate"] == "") & reached, NO_BOUND)


def sound(runs: pd.DataFrame) -> pd.DataFrame:
    """Without the searches that say nothing."""
    return runs[silent(runs) == ""]


def standard(runs: pd.DataFrame) -> pd.DataFrame:
    """The searches for heads and MLPs together, on dev and as printed, of models trained on all examples.

    runs  of `ComponentSearch`
    """
    return runs[
        (runs["mode"] == "both")
        & (runs["recipe"] == "printed")
        & (runs["where"] == "dev")
        & (runs["of.train_examples"] == 0)
    ]


def judged(runs: pd.DataFrame) -> pd.DataFrame:
    """Of any runs, the standard searches that say something."""
    return sound(standard(runs[runs["experiment"] == "ComponentSearch"]))


def masks(runs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What searches of one model's shape keep: heads (searches, layers, heads) and MLPs (searches, layers), bool."""
    mlps = np.array(runs["kept_mlps"].tolist(), dtype=bool)
    return np.array(runs["kept_heads"].tolist(), dtype=bool).reshape(*mlps.shape, -1), mlps


def silent_in_words(runs: pd.DataFrame) -> str:
    """Which searches say nothing, and why, as Markdown."""
    rows = runs.assign(why=silent(runs))
    rows = rows[rows["why"] != ""]
    if rows.empty:
        return f"No search{f' of the {len(runs)}' if len(runs) > 1 else ''} has to be left out."
    say = "says nothing and is" if len(rows) == 1 else "say nothing and are"
    lines = [f"{len(rows)} of {len(runs)} searches {say} left out of every mean below:", ""]
    for (task, why), some in rows.groupby(["of.task", "why"], sort=False):
        of = int((runs["of.task"] == task).sum())
        lines.append(f"- {title(task)}, {len(some)} of {of}: {why}.")
    return "\n".join(lines)


def survivors(runs: pd.DataFrame) -> pd.DataFrame:
    """Heads and MLPs that all seeds keep, and that none keeps, beside what independent choices of these sizes would.

    runs     of `ComponentSearch`, those of one task with different seeds
    returns  a row a task, named as a reader knows it: "seeds", and of heads and of MLPs "kept by all", "by chance",
             "kept by none", "none, by chance"; by chance n times the product of the seeds' shares, kept or removed
    """
    counts = {}
    for task, rows in sound(runs).groupby("of.task", sort=False):
        row: dict[str, float] = {"seeds": len(rows)}
        for what, kept in zip(("heads", "MLPs"), masks(rows), strict=True):
            row |= {
                f"{what} kept by all": agreement.in_all(kept),
                f"{what} by chance": agreement.by_lot(kept),
                f"{what} kept by none": agreement.in_all(~kept),
                f"{what} none, by chance": agreement.by_lot(~kept),
            }
        counts[title(task)] = row
    return pd.DataFrame.from_dict(counts, orient="index").rename_axis("task")


def varied(runs: pd.DataFrame) -> pd.DataFrame:
    """The searches on dev that say something, of models trained on all examples, of tasks on which a mode is varied."""
    rows = sound(runs[(runs["where"] == "dev") & (runs["of.train_examples"] == 0)])
    return rows[rows["of.task"].isin(rows.loc[rows["mode"] != "both", "of.task"])]


def variations(searches: pd.DataFrame) -> pd.DataFrame:
    """What each variation of the search keeps, and how it differs from the plain one of the same models.

    searches  as of `varied`, of which those count whose model was searched plainly too
    returns   a row a variation: mode, guarded, recipe; searches, how many; shares kept of heads, mlps and of the whole
              model's score, means; emptied, layers without a head, mean. And of all but the plain one: more_heads and
              more_mlps than it, each an Estimate over the models, paired, and alike, the share of the heads that both
              keep or both remove; else None and NaN
    """
    by, searches = ["of.task", "model"], told_apart(searches)
    base, lines = standard(searches).set_index(by), []
    for (mode, guarded, recipe), some in searches.groupby(["mode", "guarded", "recipe"], sort=False):
        rows = some.set_index(by)
        rows = rows[rows.index.isin(base.index)]
        if rows.empty:
            continue
        plain, (heads, _) = base.loc[rows.index], masks(rows)
        line = {
            "mode": mode,
            "guarded": guarded,
            "recipe": recipe,
            "searches": len(rows),
            "heads": (rows["heads"] / rows["all_heads"]).mean(),
            "mlps": (rows["mlps"] / rows["all_mlps"]).mean(),
            "score": (rows["score"] / rows["dense_score"]).mean(),
            "emptied": (~heads.any(axis=2)).sum(axis=1).mean(),
            "more_heads": None,
            "more_mlps": None,
            "alike": np.nan,
        }
        if (mode, recipe) != ("both", "printed"):
            line["more_heads"] = stats.paired_difference(rows["heads"], plain["heads"])
            line["more_mlps"] = stats.paired_difference(rows["mlps"], plain["mlps"])
            line["alike"] = (heads == masks(plain)[0]).mean()
        lines.append(line)
    return pd.DataFrame(lines)


def placed(runs: pd.DataFrame) -> pd.DataFrame:
    """The searches that say something, of models that were trained on a part of train."""
    return sound(runs[runs["of.train_examples"] > 0])


def by_place(searches: pd.DataFrame) -> pd.DataFrame:
    """What a search leaves by where it looks, and how much better it does there than on dev.

    searches  as of `placed`
    returns   a row a place, where: searches, how many; shares kept of heads and mlps, and of the full model's score
              there and on_dev, means; more, there minus on_dev in points, an Estimate over the models, paired
    """
    lines = []
    for where, rows in searches.groupby("where", sort=False):
        there, on_dev = rows["score"] / rows["dense_score"], rows["dev_score"] / rows["dense_dev_score"]
        lines.append(
            {
                "where": where,
                "searches": len(rows),
                "heads": (rows["heads"] / rows["all_heads"]).mean(),
                "mlps": (rows["mlps"] / rows["all_mlps"]).mean(),
                "there": there.mean(),
                "on_dev": on_dev.mean(),
                "more": stats.paired_difference(100 * there, 100 * on_dev),
            }
        )
    return pd.DataFrame(lines)


def comparable(runs: pd.DataFrame) -> pd.DataFrame:
    """The standard searches of the tasks of which every seed's says something."""
    rows = standard(runs)
    return rows[~rows["of.task"].isin(rows.loc[silent(rows) != "", "of.task"])]


def overlaps(searches: pd.DataFrame) -> pd.DataFrame:
    """Heads that the searches of two tasks share at one seed, beside what independent masks of their sizes would.

    searches  as of `comparable`
    returns   a row a seed and pair of tasks, either order, a task with itself too: seed, one, other, shared, expected
    """
    lines = []
    for seed, rows in searches.groupby("of.seed"):
        kept = dict(zip(rows["of.task"], masks(rows)[0].reshape(len(rows), -1), strict=True))
        for (one, a), (other, b) in product(kept.items(), repeat=2):
            pair = {"seed": seed, "one": one, "other": other}
            lines.append(pair | {"shared": int((a & b).sum()), "expected": a.sum() * b.mean()})
    return pd.DataFrame(lines, columns=["seed", "one", "other", "shared", "expected"])


def sharing(searches: pd.DataFrame) -> pd.DataFrame:
    """How many heads two tasks share on average, over all pairs of tasks and the seeds.

    searches  as of `comparable`
    returns   one row: tasks, seeds, how many; shared and expected, means; more, shared minus expected, an Estimate over
              the seeds. Empty where there are no two tasks
    """
    pairs = overlaps(searches)
    pairs = pairs[pairs["one"] < pairs["other"]]
    if pairs.empty:
        return pd.DataFrame()
    by_seed = pairs.groupby("seed")[["shared", "expected"]].mean()
    more = stats.paired_difference(by_seed["shared"], by_seed["expected"])
    counts = {"tasks": searches["of.task"].nunique(), "seeds": len(by_seed)}
    return pd.DataFrame([counts | by_seed.mean().to_dict() | {"more": more}])


def finest(runs: pd.DataFrame) -> pd.DataFrame:
    """Of searches by magnitude those of the smallest steps that say something: their bound is met most closely."""
    return sound(runs)[sound(runs)["per_step"] == runs["per_step"].min()]


def finer_steps(runs: pd.DataFrame) -> pd.DataFrame:
    """What smaller steps of a search by magnitude remove more than larger ones, of the same models.

    returns  one row: coarse and fine, the largest and the smallest step; models, how many; more, points of sparsity
             that the fine ones reach more, an Estimate over the models, paired. Empty where all steps are of one size
    """
    rows = told_apart(sound(runs))
    by_step = rows.pivot_table(index=["of.task", "model"], columns="per_step", values="sparsity").dropna()
    if by_step.shape[1] < 2 or by_step.empty:
        return pd.DataFrame()
    coarse, fine = max(by_step), min(by_step)
    more = stats.paired_difference(100 * by_step[fine], 100 * by_step[coarse])
    return pd.DataFrame([{"coarse": coarse, "fine": fine, "models": len(by_step), "more": more}])


def weight_shares(runs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Shares of its weights that each part keeps: heads (searches, layers, heads) and MLPs (searches, layers, 1)."""
    mlps = np.array(runs["mlp_shares"].tolist(), dtype=float)
    return np.array(runs["head_shares"].tolist(), dtype=float).reshape(*mlps.shape, -1), mlps[:, :, None]


def unevenness(runs: pd.DataFrame) -> pd.DataFrame:
    """How unequally searches by magnitude cut into heads, a row a task.

    returns  task, seeds; heads_least, heads_most, mlps_least, mlps_most: of the shares of its weights that a part
             keeps, means over the seeds; between_heads, the standard deviation of these, and between_seeds, that of one
             head's share, mean over the heads. The last two are NaN for a single seed
    """
    lines = []
    for task, rows in runs.groupby("of.task", sort=False):
        heads, mlps = weight_shares(rows)
        line = {"task": task, "seeds": len(rows), "between_heads": np.nan, "between_seeds": np.nan}
        for kind, means in (("heads", heads.mean(0)), ("mlps", mlps.mean(0))):
            line |= {f"{kind}_least": means.min(), f"{kind}_most": means.max()}
        if len(rows) > 1:
            line |= {"between_heads": heads.mean(0).std(ddof=1), "between_seeds": heads.std(0, ddof=1).mean()}
        lines.append(line)
    return pd.DataFrame(lines)
