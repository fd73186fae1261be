# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   lottery:
#     part: jiang
#     order: 50
# ---

# %% [markdown]
# # Where do learned masks keep weights, and do two of them agree?
#
# A learned mask is all that a task adds to the pre-trained model. So one would like to know what it says: which layers and
# matrices the task needs, which heads. {cite:t}`jiang2023` draw that for one mask of each masking function. But a mask was
# learned from one order of examples, on one task, by one rule; what of it would be there again with another seed? The paper
# does not ask. This chapter first draws the paper's figures and then asks that.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
world = 1  # seed of the miniature's world and of its pre-training
tuning_seeds = [1, 2]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola", "sst2"]  # files in lottery/tasks; the heads are drawn of the first
methods = ["smp_l", "smp_g", "smp_s", "magnitude"]  # of lottery/mask_learning, those that aim at a sparsity
sparsity = 0.9  # share of the weights of the layers' matrices to remove
strength = 400.0  # of the regulariser of those methods that the paper gives one
head = "mlm"  # a file in lottery/task_heads, under which the regulariser is left out
head_seeds = [1]  # of the masks with and without the regulariser
epochs = 6.0  # of training
ramp = 0.5  # share of the steps over which the sparsity rises
batch_size = 32
score_rate = 6e-2  # learning rate of scores
weight_rate = 3e-3  # of weights, where they are trained, and of the head over them
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
head_rate = 1e-3  # of the head over weights that stay as they are
max_length = 64  # tokens of an example, at most
draws = 999  # of names of tasks dealt out anew
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace
from itertools import combinations

from lottery.choices import choose
from lottery.experiments import learned_mask, starts
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.mask_agreement import MaskAgreement

if wrong := [name for name in methods if not choose("mask_learning", name).AIMED]:
    raise ValueError(f"methods: {wrong[0]} aims at no sparsity; give those that do")
if head == "random":
    raise ValueError("head = 'random' is that of the other masks; give one from label words: 'mlm' or 'embedding'")


def learned(task: str, seed: int, method: str) -> LearnedMask:
    """A mask as in the chapter on mask learning."""
    start = starts.start(model, task, data_dir, seed=world, miniature_steps=miniature_steps)
    whole = FineTuning(
        start=start,
        task=task,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=weight_rate,
        max_length=max_length,
        seed=seed,
        saved=False,
    )
    rates = learned_mask.Rates(score_rate, weight_rate, joint_rate, head_rate)
    return learned_mask.beside(whole, method, sparsity, ramp=ramp, rates=rates, strength=strength)


masks = [learned(task, seed, method) for method in methods for task in tasks for seed in tuning_seeds]
pressed = [replace(learned(task, seed, "smp_l"), head=head) for task in tasks for seed in head_seeds]
pairs = [
    MaskAgreement(one=one, other=other)
    for one, other in combinations(masks, 2)
    if one.method == other.method or (one.task, one.seed) == (other.task, other.seed)
]
grid = [*masks, *pressed, *[replace(each, strength=0.0) for each in pressed], *pairs]

# %% tags=["remove-cell"]
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt
from transformers import BertConfig

from lottery import miniature, models
from lottery import statistics as stats
from lottery import store as runs
from lottery.pruning import components
from lottery.statistics import agreement
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "where_masks_keep.parquet")
missing = Markdown(runs.not_recorded("analyses/where_masks_keep", "miniature"))
facts = pd.read_csv("book/published/jiang2023_facts.csv")
HEADS = {"queries": "query_heads", "keys": "key_heads", "values": "value_heads", "outputs": "output_heads"}


def learned_masks(runs: pd.DataFrame) -> pd.DataFrame:
    """The masks of this chapter's methods, with their methods' titles; not those under another head."""
    rows = runs[(runs["experiment"] == "LearnedMask") & (runs["head"] == "random")]
    return rows.assign(title=[choose("mask_learning", name).TITLE for name in rows["method"]])


def in_print(what: str, method: str, note: str = "") -> float:
    """A number of the paper's text; of several the one whose note begins so."""
    noted = facts["note"].fillna("").str.startswith(note)
    (value,) = facts.loc[(facts["what"] == what) & (facts["method"] == method) & noted, "value"]
    return float(value)


def sizes(start: str) -> dict[str, int]:
    """Weights of a matrix of each kind, in a mask's model, which is the miniature or the `model` of this build."""
    # Both of the miniature's families are of these sizes, whatever their vocabulary.
    config = miniature.config(1) if start == "Miniature" else models.configuration(model)
    each = components.parameters(config)
    attention, forward = config.num_attention_heads * each[components.HEADS] // 4, each[components.MLPS] // 2
    return {kind: attention if kind in models.KINDS[:4] else forward for kind in models.KINDS}


def by_matrix(runs: pd.DataFrame) -> pd.DataFrame:
    """Share that stays, one row a matrix of each mask: title, task, seed, kind, layer, share, and its weights."""
    return pd.DataFrame(
        {"title": row["title"], "task": row["task"], "seed": row["seed"], "kind": kind, "layer": layer, "share": share}
        | {"weights": weights[kind]}
        for row in learned_masks(runs).to_dict("records")
        for weights in [sizes(row["start"])]
        for name, share in zip(row["matrices"], row["shares"], strict=True)
        for kind, layer in [models.kind_and_layer(name)]
    )


def by_layer(rows: pd.DataFrame) -> pd.DataFrame:
    """Share of its weights that a layer keeps, all six matrices together: from `by_matrix`, one row a layer of each mask."""
    rows = rows.assign(kept=rows["share"] * rows["weights"])
    found = rows.groupby(["title", "task", "seed", "layer"], sort=False)[["kept", "weights"]].sum()
    return (found["kept"] / found["weights"]).rename("share").reset_index().assign(kind="all six")


# %% [markdown]
# (j12-layers)=
# ## By layer and matrix
#
# The paper's Figure 2: which share of its weights each of the six matrices of a layer keeps, and all six together, when a
# tenth of all weights stays. SMP-L gives each matrix the same by definition. SMP-S gives the same to each *kind*, and
# layers compete within it. SMP-G lets all weights compete. Magnitude, cut locally, is flat like SMP-L. Where a line is not
# flat, the mask says that one layer is needed more.


# %% tags=["hide-input"]
def layers_drawn(runs: pd.DataFrame) -> None:
    """Share that stays against the layer, a panel a method, a line a kind; mean over tasks and seeds, bars span them.

    One more line is of the whole layer.
    """
    rows = by_matrix(runs)
    rows = pd.concat([rows, by_layer(rows)])
    titles = rows["title"].unique()
    height = -(-len(titles) // 2)
    _, panels = plt.subplots(height, 2, figsize=(7.6, 2.6 * height + 0.6), sharex=True, sharey=True, squeeze=False)
    for ax, title in zip(panels.flat, titles, strict=False):
        for number, (kind, some) in enumerate(rows[rows["title"] == title].groupby("kind", sort=False)):
            means = 100 * some.groupby("layer")["share"].agg(["mean", "min", "max"])
            spread = np.abs(means[["min", "max"]].sub(means["mean"], axis=0)).to_numpy().T
            # Side by side, so that lines which are one can be seen.
            places = means.index + 1 + 0.02 * (number - 3)
            ax.errorbar(
                places,
                means["mean"],
                spread,
                label=kind,
                color=plots.COLOURS[number],
                marker=plots.MARKERS[number],
                capsize=2,
                elinewidth=0.8,
            )
        ax.set_title(title, fontsize=10)
        ax.set_xticks(sorted(rows["layer"].unique() + 1))
    for ax in list(panels.flat)[len(titles) :]:
        ax.set_visible(False)
    for ax in panels[-1]:
        ax.set_xlabel("layer")
    for pair in panels:
        pair[0].set_ylabel("weights kept (%)")
    panels[0][0].legend(fontsize=7.5, ncols=2)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of weights that each kind of matrix keeps in each layer, and all six together, a panel for each method of this build."}, "figure": {"name": "masks-by-layer-live", "caption": "Where masks of this build keep weights: means over tasks and seeds, bars span them; black is the whole layer, its matrices weighted by size. Layers are counted from 1."}}
layers_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded masks of the miniature."}, "figure": {"name": "masks-by-layer-recorded", "caption": "The same of the miniature's recorded masks."}}
layers_drawn(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def kinds_told(runs: pd.DataFrame) -> Markdown:
    """What G gives the feed-forward matrices and the queries and values, beside the paper's numbers."""
    rows = by_matrix(runs)
    rows = rows[rows["title"] == choose("mask_learning", "smp_g").TITLE]
    if rows.empty:
        return Markdown("*SMP-G is not part of this build.*")
    means = rows.groupby(["seed", "task", "kind"])["share"].mean().unstack("kind")
    forward = means[["intermediate", "output"]].mean(axis=1)
    times = forward / means[list(models.KINDS[:4])].mean(axis=1)
    return Markdown(
        f"SMP-G keeps {times.mean():.1f} times as much of the feed-forward matrices as of the others (over tasks and seeds "
        f"{times.min():.1f} to {times.max():.1f}); in the paper about "
        f"{in_print('times as much kept of the feed-forward matrices as of the others', 'smp_g'):.0f} times. Of the queries it "
        f"keeps {means['query'].mean():.1%}, of the values {means['value'].mean():.1%}; in the paper "
        f"{in_print('mean share kept of the query matrices', 'smp_g'):.1%} and "
        f"{in_print('mean share kept of the value matrices', 'smp_g'):.1%}."
    )


kinds_told(live)

# %% tags=["hide-input"]
kinds_told(recorded) if len(recorded) else missing

# %% [markdown]
# (j12-heads)=
# ## By head
#
# The paper's Figure 3 has a cell for each attention head: which share it keeps of its rows of $W_Q$ and of $W_V$. The three
# masking functions look alike there, says the paper, and most heads keep next to nothing. Of the first task, means over the
# seeds, with their standard deviation:


# %% tags=["hide-input"]
def heads_drawn(runs: pd.DataFrame) -> None:
    """A heatmap of shares kept by layer and head: a row a method, queries on the left and values on the right."""
    rows = learned_masks(runs)
    rows = rows[(rows["task"] == rows["task"].iloc[0]) & rows["method"].isin(["smp_l", "smp_g", "smp_s"])]
    titles = rows["title"].unique()
    figure, panels = plt.subplots(len(titles), 2, figsize=(7.6, 1.9 * len(titles) + 0.9), squeeze=False)
    shares = {(title, kind): in_layers(rows[rows["title"] == title], HEADS[kind]) for title in titles for kind in HEADS}
    most = max(each.mean(0).max() for (_, kind), each in shares.items() if kind in ("queries", "values"))
    for pair, title in zip(panels, titles, strict=True):
        for ax, kind in zip(pair, ("queries", "values"), strict=True):
            each = shares[title, kind]
            spread = each.std(0, ddof=1) if len(each) > 1 else np.full(each.shape[1:], np.nan)
            plots.cells(each.mean(0), spread, most=most, ax=ax)
            ax.set_title(f"{title}: {kind}", fontsize=10, loc="left")
            ax.set_xticks(range(each.shape[2]), range(1, each.shape[2] + 1))
            ax.set_yticks(range(each.shape[1]), range(1, each.shape[1] + 1))
        pair[0].set_ylabel("layer")
    for ax in panels[-1]:
        ax.set_xlabel("head")
    figure.colorbar(panels[0][0].images[0], ax=panels, location="bottom", label="share of weights kept", aspect=40)


def in_layers(rows: pd.DataFrame, column: str) -> np.ndarray:
    """The shares of heads, (masks, layers, heads)."""
    layers = 1 + max(models.kind_and_layer(name)[1] for name in rows["matrices"].iloc[0])
    return np.array(rows[column].tolist(), dtype=float).reshape(len(rows), layers, -1)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of its weights that each attention head keeps, by layer and head, of queries and of values, for the three masking functions of this build."}, "figure": {"name": "masks-by-head-live", "caption": "What is kept of each head on the first task of this build: the darker, the more. Layers and heads are counted from 1."}}
heads_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the first recorded task of the miniature."}, "figure": {"name": "masks-by-head-recorded", "caption": "The same of the miniature's recorded masks."}}
heads_drawn(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def heads_told(runs: pd.DataFrame) -> Markdown:
    """How unevenly heads keep."""
    rows = learned_masks(runs)
    lines = []
    for title, some in rows[rows["method"] != "magnitude"].groupby("title", sort=False):
        queries = in_layers(some, "query_heads")
        lines.append(
            f"- {title}: of a head's queries at most {queries.max():.0%} stays, and of {np.mean(queries < 0.01):.0%} of the "
            "heads less than 1 %."
        )
    largest = in_print("largest share kept of a head's queries", "smp_s")
    lines.append(f"\nIn the paper some heads keep more than {largest:.0%} of their queries under S.")
    return Markdown("\n".join(lines))


heads_told(live)

# %% tags=["hide-input"]
heads_told(recorded) if len(recorded) else missing

# %% [markdown]
# ## Does the regulariser let masks take whole heads?
#
# The paper says so by one number, the standard deviation over attention heads of the share that remains, for SMP-L on MNLI
# with and without the regulariser. Of which matrices it does not say, nor whether over all heads or within layers. Every way
# to pool:


# %% tags=["hide-input"]
POOLED = {
    **{name: [name] for name in HEADS},
    "queries and values": ["queries", "values"],
    "queries, keys and values": ["queries", "keys", "values"],
    "all four": list(HEADS),
}


def deviations(runs: pd.DataFrame) -> pd.DataFrame:
    """Deviation over heads of the share that remains, in points, with and without the regulariser; means over the masks."""
    rows = runs[(runs["experiment"] == "LearnedMask") & (runs["head"] != "random")]
    lines = {}
    for name, kinds in POOLED.items():
        line = {}
        for told, some in (("with", rows[rows["strength"] > 0]), ("without", rows[rows["strength"] == 0])):
            # (masks, layers, heads of all kinds)
            shares = 100 * np.concatenate([in_layers(some, HEADS[kind]) for kind in kinds], axis=2)
            line[f"{told}, over all heads"] = shares.reshape(len(some), -1).std(axis=1, ddof=1).mean()
            line[f"{told}, within layers"] = shares.std(axis=2, ddof=1).mean()
        lines[name] = line
    return pd.DataFrame(lines).T.rename_axis("heads' shares of the")


deviations(live).round(2)

# %% tags=["hide-input"]
deviations(recorded).round(2) if len(recorded) else missing


# %% tags=["hide-input"]
def deviations_told(runs: pd.DataFrame) -> Markdown:
    """What the paper has, its bounds, and which way to pool comes nearest: by the quotient of the two, and by both."""
    with_it, without = (
        100 * in_print("deviation over heads of the share of weights kept", "smp_l", f"{told} the regulariser")
        for told in ("with", "without")
    )
    table = deviations(runs)
    found = pd.concat(
        {
            how: table[[f"with, {how}", f"without, {how}"]].set_axis(["with", "without"], axis=1)
            for how in ("over all heads", "within layers")
        }
    )
    kept = 1 - runs.loc[(runs["experiment"] == "LearnedMask") & (runs["head"] != "random"), "sparsity"].iloc[0]
    whole = 100 * np.sqrt(kept * (1 - kept))
    base = BertConfig()  # BERT-base is the default
    lot = whole / np.sqrt(base.hidden_size**2 // base.num_attention_heads)
    times = found["with"] / found["without"]
    by_quotient = np.log(times / (with_it / without)).abs().idxmin()
    off = np.log(found / [with_it, without]).abs().max(axis=1)
    larger = int((times > 1).sum())

    def pooled(way: tuple[str, str]) -> str:
        one, other = found.loc[way]
        return f"the shares of the {way[1]}, {way[0]} ({one:.1f} and {other:.1f} points)"

    return Markdown(
        f"In the paper {with_it:.1f} points with it and {without:.2f} without, {with_it / without:.1f} times as much. If weights "
        f"of BERT-base's heads were kept by lot it would be {lot:.2f} points, and {whole:.0f} if heads were kept whole or not at "
        f"all. Here it is larger with the regulariser in {larger} of {len(times)} ways to pool, by {times.min():.1f} to "
        f"{times.max():.1f} times. Nearest to the paper's quotient come "
        f"{pooled(by_quotient)}. Nearest to its two numbers themselves, judged by whichever of them is off by the larger "
        f"factor, come {pooled(off.idxmin())}: that factor is {np.exp(off.min()):.1f}."
    )


deviations_told(live)

# %% tags=["hide-input"]
deviations_told(recorded) if len(recorded) else missing

# %% [markdown]
# Which way the paper took, its own masks alone could tell: they are offered for download, but not part of this book's
# sources.
#
# (x5-masks)=
# ## Do two learned masks agree?
#
# Now every weight is an item, and two masks are two judges who keep or remove it. **Cohen's kappa** is their agreement
# beyond what masks of these sizes have by lot: 1 for the same mask, 0 by lot. (As all masks of this section keep equally
# many weights, but for rounding, the mean kappa of pairs is Fleiss' kappa of all of them, the statistic of
# {doc}`/analyses/mask_agreement`.) With as many weights as a model has, next to any kappa is more than luck. So the
# question is what the agreement is *about*. Two masks can agree because both keep much of one matrix, or of one row, that
# is, of one output of a matrix, whichever weights these are. So kappa stands here at several levels: beyond the sizes;
# beyond the shares kept *of each matrix*; *of each row*;
# *of each column*, that is, of each input. For each the chance level is computed inside the groups, and so exactly.


# %% tags=["hide-input"]
LEVELS = {
    "kappa": "beyond sizes",
    "in_matrices": "beyond matrices' shares",
    "in_rows": "beyond rows' shares",
    "in_columns": "beyond columns' shares",
}
KIN = {
    "same task, other seed": lambda row: row["one.task"] == row["other.task"] and row["one.seed"] != row["other.seed"],
    "other task, same seed": lambda row: row["one.task"] != row["other.task"] and row["one.seed"] == row["other.seed"],
    "both others": lambda row: row["one.task"] != row["other.task"] and row["one.seed"] != row["other.seed"],
}


def agreeing(runs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of masks, with `kin`: what they have in common, and `method`: of both, or of one and the other."""
    rows = runs[runs["experiment"] == "MaskAgreement"]
    told = rows.to_dict("records")
    titles = [[choose("mask_learning", row[f"{side}.method"]).TITLE for side in ("one", "other")] for row in told]
    kin = [
        next(
            (name for name, holds in KIN.items() if row["one.method"] == row["other.method"] and holds(row)),
            "other method",
        )
        for row in told
    ]
    return rows.assign(kin=kin, method=[one if one == other else f"{one} and {other}" for one, other in titles])


def kappas_drawn(runs: pd.DataFrame) -> None:
    """Kappa of every two masks of a method, by what they have in common; and of every two methods on the same task and seed."""
    rows = agreeing(runs)
    _, panels = plt.subplots(1, 2, figsize=(7.6, 4.2), sharey=True, width_ratios=[3, 2])
    same = rows[rows["kin"] != "other method"]
    methods = list(same.groupby("method", sort=False))
    for number, (name, some) in enumerate(methods):
        for place, kin in enumerate(KIN):
            strip(
                panels[0],
                some.loc[some["kin"] == kin, "kappa"],
                place + 0.16 * (number - (len(methods) - 1) / 2),
                number,
                name if not place else None,
            )
    panels[0].set_xticks(range(len(KIN)), [name.replace(", ", ",\n") for name in KIN])
    panels[0].set_title("masks of one method", fontsize=10)
    panels[0].legend(fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    others = list(rows[rows["kin"] == "other method"].groupby("method", sort=False))
    for place, (_, some) in enumerate(others):
        strip(panels[1], some["kappa"], place, 7, None)
    panels[1].set_xticks(range(len(others)), [name for name, _ in others], rotation=60, ha="right", fontsize=8)
    panels[1].set_title("same task and seed, two methods", fontsize=10)
    for ax in panels:
        ax.axhline(0, color="grey", linestyle="--", linewidth=1)
    panels[0].set_ylabel("Cohen's kappa over weights")


def strip(ax: plt.Axes, values: pd.Series, place: float, number: int, label: str | None) -> None:
    """A point for each pair, and a line at their mean."""
    ax.plot(np.full(len(values), place), values, plots.MARKERS[number], color=plots.COLOURS[number], alpha=0.5, markersize=4,
            label=label)  # fmt: skip
    if len(values):
        ax.hlines(values.mean(), place - 0.08, place + 0.08, color="black")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Cohen's kappa of every two masks of this build: of one method in three groups by what task and seed they share, and of two methods on the same task and seed; lines are means."}, "figure": {"name": "learned-mask-kappas-live", "caption": "Kappa over weights of every two masks of this build; lines are means, 0 is what masks by lot give."}}
kappas_drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded masks of the miniature."}, "figure": {"name": "learned-mask-kappas-recorded", "caption": "The same of the miniature's recorded masks."}}
kappas_drawn(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def levels_told(runs: pd.DataFrame) -> pd.DataFrame:
    """Mean kappa at each level, and mean Jaccard beside its chance, a row each method and kind of pair.

    The interval is that of a jackknife over seeds, where there are three, because every seed has part in many pairs.
    """
    lines = []
    for (method, kin), some in agreeing(runs).groupby(["method", "kin"], sort=False):
        seeds = sorted({*some["one.seed"], *some["other.seed"]})
        line = {"masks of": method, "pair": kin, "pairs": len(some)}
        for level, name in LEVELS.items():
            without = [
                some.loc[(some["one.seed"] != seed) & (some["other.seed"] != seed), level].mean() for seed in seeds
            ]
            found = stats.jackknife_interval(some[level].mean(), without)
            line[name] = found.told(form=".2f").replace(" (no interval)", "")
        line["largest by lot"] = f"{1.96 * some['kappa_sd'].max():.3f}"
        line["Jaccard (by lot)"] = f"{some['jaccard'].mean():.2f} ({some['by_lot'].mean():.2f})"
        lines.append(line)
    return pd.DataFrame(lines).set_index(["masks of", "pair"])


levels_told(live)

# %% tags=["hide-input"]
levels_told(recorded) if len(recorded) else missing

# %% [markdown]
# *Largest by lot* is the upper end of the middle 95 % of kappa for masks of these sizes by lot. Is it the task that two masks
# share, or the run? The null deals the names of the tasks out anew among the masks of each seed, and asks how much more alike
# masks of one task are than others, seeds apart:


# %% tags=["hide-input"]
def questions_told(runs: pd.DataFrame) -> Markdown:
    """In words, for each method: do two seeds learn one mask, and more so than two tasks?"""
    rows, lines = agreeing(runs), []
    for method, some in rows[rows["kin"] != "other method"].groupby("method", sort=False):
        names = sorted(
            {(row[f"{side}.task"], row[f"{side}.seed"]) for row in some.to_dict("records") for side in ("one", "other")}
        )
        similar = np.full((len(names), len(names)), np.nan)
        for row in some.to_dict("records"):
            one, other = (names.index((row[f"{side}.task"], row[f"{side}.seed"])) for side in ("one", "other"))
            similar[one, other] = similar[other, one] = row["kappa"]
        null = agreement.labels_matter(
            similar, [task for task, _ in names], [seed for _, seed in names], draws=draws, seed=0
        )
        means = some.groupby("kin", sort=False)["kappa"].mean()
        line = f"- **{method}.** Mean kappa of two masks: {'; '.join(f'{kin} {value:.2f}' for kin, value in means.items())}. "
        line += (
            "There are no two tasks, or no two seeds, to compare."
            if np.isnan(null.observed)
            else f"Seeds apart, masks of one task have a kappa {null.observed:+.2f} higher than others (names dealt out: up to "
            f"{null.high:+.2f}; p = {null.p:.3f})."
        )
        lines.append(line)
    between = rows[rows["kin"] == "other method"].groupby("method")["kappa"].mean().sort_values()
    if len(between):
        lines.append(
            f"- **Two methods** on one task with one seed: from {between.iloc[0]:.2f} ({between.index[0]}) to "
            f"{between.iloc[-1]:.2f} ({between.index[-1]})."
        )
    return Markdown("\n".join(lines))


questions_told(live)

# %% tags=["hide-input"]
questions_told(recorded) if len(recorded) else missing

# %% [markdown]
# With few tasks and seeds there are few ways to deal names out, and p cannot be small: with two tasks and two seeds not
# below a half.
#
# ### Do they at least agree on heads?
#
# Masks that share few weights may still favour the same heads. Heads are ranked by the share of their weights that stays, of
# queries, keys, values and outputs, each within its layer, and two masks are compared by Spearman's rank correlation over all
# of them: 1 for the same order, 0 by lot.


# %% tags=["hide-input"]
def ranked(rows: pd.DataFrame) -> np.ndarray:
    """Each head's share less the mean of its layer and kind, (masks, kinds * layers * heads)."""
    shares = np.stack([in_layers(rows, column) for column in HEADS.values()], axis=1)
    return (shares - shares.mean(axis=-1, keepdims=True)).reshape(len(rows), -1)


def heads_agree(runs: pd.DataFrame, kin: Callable[[dict], bool], method: str) -> float:
    """Mean rank correlation over heads of the pairs of a method's masks that have in common what `kin` says."""
    rows = learned_masks(runs)
    rows = rows[rows["title"] == method]
    shares, told = ranked(rows), rows[["task", "seed"]].to_dict("records")
    found = [
        stats.spearman(shares[one], shares[other])
        for one, other in combinations(range(len(rows)), 2)
        if kin(
            {
                f"{side}.{name}": told[place][name]
                for side, place in (("one", one), ("other", other))
                for name in told[0]
            }
        )
    ]
    return float(np.mean(found)) if found else np.nan


def ranks_told(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a method, a column a kind of pair."""
    titles = learned_masks(runs)["title"].unique()
    table = {kin: {title: heads_agree(runs, holds, title) for title in titles} for kin, holds in KIN.items()}
    return pd.DataFrame(table).round(2).rename_axis("rank correlation of heads' shares")


ranks_told(live)

# %% tags=["hide-input"]
ranks_told(recorded) if len(recorded) else missing
