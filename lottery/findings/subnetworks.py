"""Good, random and bad subnetworks: what each of the recorded models is one of, and how far one is behind another.

Tables are of runs of `PrunedScore`, of `FineTuning` and of the searches that found the subnetworks, a row a run.
"""

from collections import defaultdict
from typing import Any

import pandas as pd

from lottery import statistics as stats
from lottery.findings.published import gains
from lottery.findings.searches import silent
from lottery.findings.seeds import of_every_seed, told_apart
from lottery.statistics import Estimate

REMOVED = {"structured": "heads and MLPs", "magnitude": "weights"}  # what a pruning removes
FULL = ("full", False)
PAIRS = {  # of which the first one less the second one is told: (subnetwork, retrained)
    "full minus good, as cut": (FULL, ("good", False)),
    "full minus good": (FULL, ("good", True)),
    "good minus random": (("good", True), ("random", True)),
    "good minus bad": (("good", True), ("bad", True)),
    "random minus bad": (("random", True), ("bad", True)),
    "good minus bad, disjoint": (("good", True), ("bad, disjoint", True)),
}
KEPT = ("kept", "kept.like", "kept.recipe", "kept.disjoint", "kept.heads", "kept.mlps", "kept.which")
# What tells which subnetwork a model is: of a run's columns, which are hundreds, a twentieth.
ASKED = ["experiment", "task", "seed", "of.task", "of.seed", "start.of", *KEPT, *(f"start.{name}" for name in KEPT)]
CROSSED = ("good", "good heads, bad MLPs", "bad heads, good MLPs", "bad")


def with_subnetworks(runs: pd.DataFrame) -> pd.DataFrame:
    """The scored models among runs, those of PrunedScore and FineTuning, with what was kept in words.

    pruning     "structured", "magnitude", "super"; "" for a model that nothing was removed from
    subnetwork  "full", "good", "random", "bad"; "random, released"; "bad, disjoint"; "random, never trained" where
                the weights were re-initialised; "good heads, bad MLPs" and the like
    retrained   whether it was trained after the pruning; a full model counts as not
    tuned_on, trial  the task and the seed of the fine-tuning
    longer      whether it was trained for more epochs than full models of the task were at least
    degenerate  why a search of that model says nothing; "" where all there are say something
    model, unit  as of `seeds.told_apart`
    """
    models = runs[runs["experiment"].isin(["PrunedScore", "FineTuning"])]
    asked = models.columns.intersection(ASKED)
    known = pd.DataFrame([_subnetwork(model) for model in models[asked].to_dict("records")], models.index)
    full = known["subnetwork"] == "full"
    usual = known["tuned_on"].map(models.loc[full, "epochs"].groupby(known.loc[full, "tuned_on"]).min())
    known = told_apart(models.drop(columns=known.columns, errors="ignore").join(known), seed="trial")[
        [*known.columns, "model", "unit"]
    ]
    searched = told_apart(runs[runs["experiment"].isin(["ComponentSearch", "MagnitudeSearch"])])
    reasons: dict[tuple, list[str]] = defaultdict(list)
    for task, model, why in zip(searched["of.task"], searched["model"], silent(searched), strict=True):
        reasons[task, model].append(why)
    joined = {pair: "; ".join(dict.fromkeys(filter(None, why))) for pair, why in reasons.items()}
    known = known.assign(
        longer=(models["experiment"] == "FineTuning") & (models["epochs"] > usual),
        degenerate=[joined.get(pair, "") for pair in zip(known["tuned_on"], known["model"], strict=True)],
    )
    table = pd.concat([models.drop(columns=known.columns, errors="ignore"), known], axis=1)
    # Texts of Arrow lie column by column, and of so many columns pandas warns where another one follows.
    return table.astype(dict.fromkeys(table.select_dtypes("str").columns, object)).copy()


def _subnetwork(model: dict[str, Any]) -> dict[str, Any]:
    pruned = model["experiment"] == "PrunedScore"
    where = "kept" if pruned else "start.kept"
    known = {"tuned_on": model["of.task" if pruned else "task"], "trial": model["of.seed" if pruned else "seed"]}
    kind = model.get(where)
    if kind not in ("ComponentSearch", "MagnitudeSearch", "Drawn", "Bad", "Crossed", "Survivors"):
        return known | {"pruning": "", "subnetwork": "full", "retrained": False}
    search = model.get(f"{where}.like") if kind in ("Drawn", "Bad") else kind
    structured = dict.fromkeys(("ComponentSearch", "Crossed"), "structured")
    pruning = (structured | {"MagnitudeSearch": "magnitude", "Survivors": "super"})[search]
    match kind:
        case "Drawn":
            subnetwork = "random, released" if model[f"{where}.recipe"] == "released" else "random"
        case "Bad":
            subnetwork = "bad, disjoint" if model[f"{where}.disjoint"] else "bad"
        case "Crossed":
            heads, mlps = ("bad" if model[f"{where}.{part}"] == "Bad" else "good" for part in ("heads", "mlps"))
            subnetwork = f"{heads} heads, {mlps} MLPs"
        case "Survivors":
            subnetwork = model[f"{where}.which"]
        case _:
            subnetwork = "good"
    if not pruned and model["start.of"] == "Redrawn":
        subnetwork += ", never trained"
    return known | {"pruning": pruning, "subnetwork": subnetwork, "retrained": not pruned}


def contrasts(models: pd.DataFrame) -> pd.DataFrame:
    """How far one subnetwork is ahead of another, in points: a row for each pruning and each of PAIRS that was tried.

    models  rows of `with_subnetworks`, each with a score that is a number; those trained for longer are left out
    columns  pruning; pair, of PAIRS; more, an Estimate over worlds or seeds (`seeds.told_apart`) of the mean over the
             tasks that each of them has, paired by model, of several draws the mean; on, the task of these on which the
             difference is largest, and largest, that one
    """
    rows, lines = told_apart(models[~models["longer"]], seed="trial"), []
    for pruning in REMOVED:
        points = 100 * rows[rows["pruning"].isin(["", pruning])].pivot_table(
            index=["tuned_on", "unit", "model"], columns=["subnetwork", "retrained"], values="score"
        )
        for pair, (one, other) in PAIRS.items():
            if one not in points.columns or other not in points.columns:
                continue
            more = (points[one] - points[other]).dropna().rename("more").reset_index()
            more = of_every_seed(more, task="tuned_on", seed="unit")
            if more.empty:
                continue
            by_task = more.groupby("tuned_on")["more"].mean()
            on = by_task.abs().idxmax()
            estimate = stats.mean_interval(more.groupby("unit")["more"].mean())
            lines.append({"pruning": pruning, "pair": pair, "more": estimate, "on": on, "largest": by_task[on]})
    return pd.DataFrame(lines, columns=["pruning", "pair", "more", "on", "largest"])


def caught_up(models: pd.DataFrame) -> pd.DataFrame:
    """How far a retrained subnetwork is behind the full model, and how far when both are trained for longer, in points.

    models  rows of `with_subnetworks`, each with a score that is a number
    columns  pruning, subnetwork; usual and later, means over worlds or seeds and the tasks of which each was trained
             for longer too; change, later minus usual, an Estimate over these: below 0 where the subnetwork catches up
    """
    rows = told_apart(models[models["retrained"] | (models["subnetwork"] == "full")], seed="trial")
    points = 100 * rows.pivot_table(
        index=["tuned_on", "unit", "model"], columns=["pruning", "subnetwork", "longer"], values="score"
    )
    lines = []
    for pruning, subnetwork, longer in points.columns:
        if not longer or subnetwork == "full":
            continue
        behind = {
            name: points["", "full", late] - points[pruning, subnetwork, late]
            for name, late in (("usual", False), ("later", True))
        }
        both = of_every_seed(pd.DataFrame(behind).dropna().reset_index(), task="tuned_on", seed="unit")
        if both.empty:
            continue
        by_unit = both.groupby("unit")[["usual", "later"]].mean()
        change = stats.paired_difference(by_unit["later"], by_unit["usual"])
        lines.append({"pruning": pruning, "subnetwork": subnetwork, **by_unit.mean(), "change": change})
    return pd.DataFrame(lines, columns=["pruning", "subnetwork", "usual", "later", "change"])


def crossed(models: pd.DataFrame, searches: pd.DataFrame) -> pd.DataFrame:
    """What good heads and good MLPs are worth apart, retrained, in points: a row an effect.

    models    rows of `with_subnetworks`, each with a score that is a number, of which those count whose subnetworks of
              good and bad heads and of good and bad MLPs were all four retrained
    searches  that found the good ones, of `ComponentSearch`
    columns   effect: "heads", good ones less bad ones, mean over good and bad MLPs; "MLPs", likewise; "both", how much
              more good heads are worth with good MLPs than with bad ones. models, how many; more, an Estimate over
              worlds or seeds of the mean over the tasks; on, the task on which it is largest, and largest, that one.
              A model of which the search keeps every MLP has no bad ones, and counts for "heads" alone; and so on
    """
    rows = models[(models["pruning"] == "structured") & models["retrained"] & ~models["longer"]]
    rows = told_apart(rows[rows["subnetwork"].isin(CROSSED)], seed="trial")
    points = 100 * rows.pivot_table(index=["tuned_on", "unit", "model"], columns="subnetwork", values="score")
    points = points.reindex(columns=[*CROSSED]).dropna().set_axis(["gg", "gb", "bg", "bb"], axis=1).reset_index()
    found = told_apart(searches)[["of.task", "model", "heads", "all_heads", "mlps", "all_mlps"]]
    found = found.rename(columns={"of.task": "tuned_on"}).drop_duplicates(["tuned_on", "model"])
    points = points.merge(found, on=["tuned_on", "model"])
    heads, mlps = ((points[part] < points[f"all_{part}"]).astype(bool) for part in ("heads", "mlps"))
    effects = {
        "heads": ((points["gg"] + points["gb"] - points["bg"] - points["bb"]) / 2, heads),
        "MLPs": ((points["gg"] + points["bg"] - points["gb"] - points["bb"]) / 2, mlps),
        "both": (points["gg"] - points["bg"] - points["gb"] + points["bb"], heads & mlps),
    }
    lines = []
    for effect, (values, asked) in effects.items():
        some = of_every_seed(points.assign(more=values)[asked], task="tuned_on", seed="unit")
        if some.empty:
            continue
        by_task = some.groupby("tuned_on")["more"].mean()
        on, more = by_task.abs().idxmax(), stats.mean_interval(some.groupby("unit")["more"].mean())
        lines.append({"effect": effect, "models": len(some), "more": more, "on": on, "largest": by_task[on]})
    return pd.DataFrame(lines, columns=["effect", "models", "more", "on", "largest"])


def against_baselines(scores: pd.DataFrame, baselines: pd.DataFrame) -> pd.DataFrame:
    """How far models are ahead of baselines that were never pre-trained, in points, over the tasks that both have.

    scores, baselines  a row a model, a column a task; fractions
    returns  a row a model and a baseline: ahead, an Estimate of the mean over the tasks with its 95% interval over
             them, which fewer than three do not give; on, how many tasks it is ahead on, and behind_on; the rest are
             equal but for rounding
    """
    lines = {}
    for model, ours in scores.iterrows():
        for baseline, theirs in baselines.iterrows():
            more = 100 * (ours.astype(float) - theirs.astype(float)).dropna()
            ahead, on, behind_on = gains(more)
            ahead = ahead if len(more) > 2 else Estimate(ahead.mean, float("nan"), float("nan"))
            lines[model, baseline] = {"ahead": ahead, "on": on, "behind_on": behind_on}
    return pd.DataFrame.from_dict(lines, orient="index", columns=["ahead", "on", "behind_on"])


def misprinted(scores: pd.DataFrame, averages: pd.Series) -> pd.DataFrame:
    """The rows of a printed table whose numbers do not give the average that is printed beside them.

    scores    a row a model and a column a task, to two places; they may be cut off instead of rounded
    averages  of each row, as printed, likewise
    returns   columns printed and found, the two averages, of the rows that neither rounding nor cutting explains
    """
    averaged = scores.mean(axis=1)
    apart = averages.reindex(averaged.index) - averaged
    # A cell that is cut off is up to .01 more than it says, and so is a mean of such cells; the average is itself
    # rounded by up to .005 or cut off by up to .01.
    return pd.DataFrame({"printed": averages, "found": averaged})[(apart < -0.01) | (apart > 0.015)]
