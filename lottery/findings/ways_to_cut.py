"""Every way to cut that is recorded of one model, on every task, in one table: what goes, what it costs, what it saves.

Each way is compared with the full model of its own study, since studies train for different times.
"""

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from lottery import statistics as stats
from lottery.choices import choose
from lottery.findings import learned_masks, mask_sizes, one_shot, sentences, smaller_forms
from lottery.statistics import Estimate, dev_sets

COLUMNS = ["task", "trained", "way", "removed", "full", "score", "change", "over", "zeros", "bytes", "faster", "mask"]
FEWEST = 3  # seeds of which an interval is told
BY_SIZE = "weights by size"
CUT = {BY_SIZE: "cut, global", f"{BY_SIZE}, of each matrix": "cut, local"}  # as of `mask_sizes`


def cuts(
    *,
    encoder: pd.DataFrame,
    one_cut: pd.DataFrame,
    learned: pd.DataFrame,
    smaller: pd.DataFrame,
    files: pd.DataFrame,
    examples: Mapping[str, int],
) -> pd.DataFrame:
    """What is recorded of all ways to cut, a row a task, way and share removed.

    encoder, one_cut, learned, smaller, files  recorded runs of without_training, how_much_can_go, mask_learning,
              smaller_model and mask_files; any may be empty
    examples  {task: of its dev set}
    returns   task; trained, whether the model was fine-tuned on it; way, as a reader knows it; removed, the share of
              weights, heads or neurons, in (0, 1); full, score, mean scores of the full model and of what is left;
              change, an `Estimate`, `over` what, in words; zeros, whether what goes is set to zero, and not cut out:
              then there are no bytes and no faster of its own, which else are those on disk, and how many times as
              fast, an `Estimate` or None; mask, bytes of its file
    Tasks on which the full model is not clearly above the majority-class baseline are left out, and so are cuts of an
    encoder that have no score, since all its vectors are one.
    """
    rows = [*_encoder(encoder), *_one_cut(one_cut, examples), *_learned(learned, examples), *_smaller(smaller)]
    table = pd.DataFrame(rows, columns=COLUMNS[:-1])
    return table.assign(mask=_masks(table, files) if len(files) else math.nan)


def zeroed(smaller: pd.DataFrame) -> pd.DataFrame:
    """What it saves to set weights to zero and leave them where they are: of each task the row of `beside`."""
    if smaller.empty:
        return smaller
    shape = max(smaller_forms.shapes_of_all(smaller))
    tasks = dict.fromkeys(smaller_forms.scores(smaller).index.get_level_values("task"))
    table = pd.concat({task: smaller_forms.beside(smaller, task, shape) for task in tasks}, names=["task"])
    return table.xs("zeros", level="way").droplevel("form")


def _encoder(rows: pd.DataFrame) -> Iterator[dict[str, object]]:
    """The sentence encoder as it is, cut without training."""
    rows = rows[rows["score"].notna()] if len(rows) else rows
    if rows.empty or not (rows["sparsity"] == 0).any():
        return
    whole = rows[rows["sparsity"] == 0].iloc[0]
    seeds = rows.groupby([*sentences.KIND, "sparsity"])["seed"].nunique()
    for (*kind, sparsity), cut in sentences.by_kind(rows).iterrows():
        draws = int(seeds[(*kind, sparsity)])
        yield {
            "task": whole["task"],
            "trained": False,
            "way": sentences.named(dict(zip(sentences.KIND, kind, strict=True))),
            "removed": sparsity,
            "full": whole["score"],
            "score": cut["score"].mean,
            "change": cut["change"],
            "over": "the pairs of sentences" if draws == 1 else f"{draws} draws",
            "zeros": True,
        }


def _one_cut(rows: pd.DataFrame, examples: Mapping[str, int]) -> Iterator[dict[str, object]]:
    """Fine-tuned models, cut by magnitude once, as they are and retrained."""
    if rows.empty:
        return
    rows = rows[~rows["pooler"].astype(bool)]
    for task, some in rows.groupby("dense.task", sort=False):
        scores = one_shot.points(some) / 100
        whole = scores[False, 0.0][0.0]
        if not _says(task, whole.mean(), some["majority"].astype(float).mean(), examples):
            continue
        for _, epochs, sparsity in scores:
            cut = scores[False, epochs][sparsity]
            if sparsity > 0:
                yield {
                    "task": task,
                    "trained": True,
                    "way": BY_SIZE + (", retrained" if epochs else ""),
                    "removed": sparsity,
                    "full": whole.mean(),
                    "score": cut.fillna(0.0).mean(),
                    "change": _over_seeds(cut.fillna(0.0) - whole),
                    "over": _how_many(len(whole)),
                    "zeros": True,
                }


def _learned(runs: pd.DataFrame, examples: Mapping[str, int]) -> Iterator[dict[str, object]]:
    """Masks that are learned, and what is pruned while it is fine-tuned."""
    if runs.empty:
        return
    for task, rows in learned_masks.scored(runs).groupby("task", sort=False):
        whole = rows[rows["method"] == learned_masks.FULL]
        if not len(whole) or not _says(task, whole["score"].mean(), whole["majority"].mean(), examples):
            continue
        masked = rows[(rows["method"] != learned_masks.FULL) & rows["aimed"]]
        for (way, sparsity), some in masked.groupby(["title", "asked"], sort=False):
            which = {"title": way, "asked": sparsity}
            yield {
                "task": task,
                "trained": True,
                "way": way,
                "removed": sparsity,
                "full": whole["score"].mean(),
                "score": some["score"].mean(),
                "change": _over_seeds(learned_masks.difference(rows, "score", which, learned_masks.WHOLE)),
                "over": _how_many(some["seed"].nunique()),
                "zeros": True,
            }


def _smaller(rows: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Models without whole heads, neurons or layers, and those of eight bits."""
    if rows.empty:
        return
    shape = max(smaller_forms.shapes_of_all(rows))
    shares = rows.groupby("of.way")["of.share"].max()
    as_they_are = {*rows.loc[rows["of.pooling"].notna(), "of.task"]} if "of.pooling" in rows else set()
    for task in dict.fromkeys(smaller_forms.scores(rows).index.get_level_values("task")):
        table = smaller_forms.beside(rows, task, shape)
        whole = table.loc[smaller_forms.WHOLE]
        if smaller_forms.says_nothing(whole):
            continue
        for (way, form), row in table.drop(index=smaller_forms.WHOLE).iterrows():
            if way not in ("nothing", "zeros"):
                yield {
                    "task": task,
                    "trained": task not in as_they_are,
                    "way": smaller_forms.named(way, form),
                    "removed": float(shares[way]),
                    "full": whole["score"].mean,
                    "score": row["score"].mean,
                    "change": row["change"],
                    "over": "the examples of dev",
                    "zeros": False,
                    "bytes": row["bytes"],
                    "faster": row["faster"],
                }


def _how_many(seeds: int) -> str:
    """So many seeds, in words."""
    return f"{seeds} seed{'s' * (seeds != 1)}"


def _over_seeds(changes: pd.Series) -> Estimate:
    """The mean, with its interval where there are seeds enough for one that says something."""
    estimate = stats.mean_interval(changes)
    return estimate if len(changes) >= FEWEST else Estimate(estimate.mean, math.nan, math.nan)


def _says(task: str, whole: float, majority: float, examples: Mapping[str, int]) -> bool:
    return dev_sets.above(choose("tasks", task).METRIC, whole, majority, examples[task])


def _masks(table: pd.DataFrame, files: pd.DataFrame) -> list[float]:
    """For each row the bytes of its mask's file, where one of its kind and share is recorded of as many weights."""
    sizes = mask_sizes.sizes(files)
    sizes = sizes[sizes["weights"] == sizes.loc[sizes["chosen"] != mask_sizes.LOT, "weights"].min()]
    of = (sizes["entropy"] * sizes["weights"] / 8).groupby([sizes["chosen"], sizes["remaining"]]).mean()
    names = table["way"].map(lambda way: CUT.get(way.removesuffix(", retrained"), f"{way}, learned"))
    return [of.get((name, round(1 - share, 4)), math.nan) for name, share in zip(names, table["removed"], strict=True)]
