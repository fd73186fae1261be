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
# A learned mask is all that a task adds to the pre-trained model. So one would like to know what it says: which layers,
# matrices and heads the task needs. {cite:t}`jiang2023` draw that for one mask of each masking function. But a mask was
# learned from one order of examples, on one task, by one rule. How much of it would come back with another seed? The
# paper does not ask. This chapter first draws the paper's figures and then asks that question.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
world = 1  # seed of the miniature's world and of its pre-training
tuning_seeds = [1]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola", "sst2"]  # files in lottery/tasks; the heads are drawn of the first
methods = ["smp_l", "smp_g", "smp_s", "magnitude"]  # of lottery/mask_learning, those that aim at a sparsity
sparsity = 0.9  # share of the weights of the layers' matrices to remove
strength = 400.0  # of the regulariser of those methods that the paper gives one
head = "mlm"  # a file in lottery/task_heads, under which the regulariser is left out
head_seeds = []  # of the masks with and without the regulariser
epochs = 6.0  # of training
ramp = 0.5  # share of the steps over which the sparsity rises
batch_size = 32
score_rate = 6e-2  # learning rate of scores
weight_rate = 3e-3  # of weights, where they are trained, and of the head over them
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
head_rate = 1e-3  # of the head over weights that stay as they are
chosen = {}  # a method: its own score_rate, weight_rate or strength, as in the chapter on mask learning
max_length = 64  # tokens of an example, at most
draws = 999  # permutations of the names of tasks
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace
from functools import partial
from itertools import combinations

from lottery.experiments.mask_agreement import MaskAgreement
from lottery.experiments.studies import MaskStudy, TaskStudy, require_aimed
from lottery.suite.given import given

globals().update(given("analyses/where_masks_keep", globals()))
require_aimed(methods)
if head == "random":
    raise ValueError("head = 'random' is that of the other masks; give one from label words: 'mlm' or 'embedding'")

tuned = partial(TaskStudy.from_cell(globals()).tuned, world=world, learning_rate=weight_rate)
learning = MaskStudy.from_cell(globals())
masks = [
    learning.mask(tuned(task, seed), method, sparsity) for method in methods for task in tasks for seed in tuning_seeds
]
pressed = [
    replace(learning.mask(tuned(task, seed), "smp_l", sparsity), head=head) for task in tasks for seed in head_seeds
]
pairs = [
    MaskAgreement(one=one, other=other)
    for one, other in combinations(masks, 2)
    if one.method == other.method or (one.task, one.seed) == (other.task, other.seed)
]
grid = [*masks, *pressed, *[replace(each, strength=0.0) for each in pressed], *pairs]

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes

from lottery import miniature
from lottery.findings import mask_places
from lottery.findings.learned_masks import scored
from lottery.findings.mask_places import HEADS
from lottery.models import families, opening
from lottery.pruning import components
from lottery.suite import plots
from lottery.suite.chapter import between, perform, read_published
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("analyses/where_masks_keep", grid, results, records, workers=workers, scheduler=scheduler)


def learned(runs: pd.DataFrame) -> pd.DataFrame:
    """The learned masks, scored."""
    return scored(runs[runs["head"] == "random"])


learned_masks = partial(chapter.shown, among=learned)

# %% [markdown]
# (j12-layers)=
# ## By layer and matrix
#
# The paper's Figure 2 shows which share of its weights each of the six matrices of a layer keeps, and all six together,
# when a tenth of all weights stays. SMP-L gives each matrix the same share by definition. SMP-S gives the same share to
# each *kind* of matrix, and layers compete within a kind. SMP-G lets all weights compete. Magnitude, cut locally, is
# flat like SMP-L. Where a line is not flat, the mask says that some layers are needed more.


# %% tags=["hide-input"]
def sizes(start: str) -> dict[str, int]:
    """Weights of a matrix of each kind, in a mask's model, which is the miniature or the `model` of this build."""
    # Both of the miniature's families are of these sizes, whatever their vocabulary.
    config = miniature.config(1) if start == "Miniature" else opening.configuration(model)
    each = components.parameters(config)
    attention, forward = config.num_attention_heads * each[components.HEADS] // 4, each[components.MLPS] // 2
    return {kind: attention if kind in families.KINDS[:4] else forward for kind in families.KINDS}


EVEN = 0.01  # a method whose shares differ by no more gives every matrix the same by its definition


def by_layer(runs: pd.DataFrame) -> pd.DataFrame:
    """The share that stays of each kind of matrix, and of the whole layer, of learned masks that may choose it."""
    rows = learned(runs)
    matrices = mask_places.by_matrix(rows, sizes(rows["start"].iloc[0]))
    shares = pd.concat([matrices, mask_places.by_layer(matrices)])
    uneven = shares.groupby("title")["share"].agg(np.ptp) > EVEN
    return shares[shares["title"].map(uneven)]


def layers_drawn(shares: pd.DataFrame, axes: dict) -> None:
    """Share that stays against the layer, a panel a method, a line a kind; mean over tasks and seeds, bars span them.

    One more line is of the whole layer.
    """
    for name, ax in axes.items():
        for number, (kind, some) in enumerate(shares[shares["title"] == name].groupby("kind", sort=False)):
            # Side by side, so that lines which are one can be seen.
            plots.spread(some["layer"] + 1 + 0.02 * (number - 3), 100 * some["share"], kind, ax=ax)
        ax.set_title(name, fontsize=10)
        ax.set_xticks(sorted(shares["layer"].unique() + 1))
        ax.set(xlabel="layer", ylabel="weights kept (%)")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of weights that each kind of matrix keeps in each layer, and all six together, a panel for each method."}, "figure": {"name": "masks-by-layer", "caption": "Where layers may compete, they keep different shares, and SMP-G gives some kinds of matrices far more than others. Means over tasks and seeds, bars span them; black is the whole layer, layers are counted from 1."}}
chapter.figure(layers_drawn, lambda shares: [*shares["title"].unique()], among=by_layer, size=(3.0, 2.3))

# %% tags=["hide-input"]
facts = read_published("jiang2023_facts")


def in_print(what: str, method: str, note: str = "") -> float:
    """A number of the paper's text; of several the one whose note begins so."""
    noted = facts["note"].fillna("").str.startswith(note)
    (value,) = facts.loc[(facts["what"] == what) & (facts["method"] == method) & noted, "value"]
    return float(value)


def kinds_of_global(rows: pd.DataFrame, source: str) -> Markdown | pd.DataFrame:
    """What G gives the feed-forward matrices and the queries and values, beside the paper's numbers."""
    rows = rows[rows["method"] == "smp_g"]
    if rows.empty:
        return rows
    kinds = mask_places.by_kind(mask_places.by_matrix(rows, sizes(rows["start"].iloc[0])))
    times = kinds["times"]
    in_paper = in_print("times as much kept of the feed-forward matrices as of the others", "smp_g")
    opposite = ", the opposite" if (times.mean() < 1) != (in_paper < 1) else ""
    return Markdown(
        f"{source}: SMP-G keeps {times.mean():.1f} times as large a share of the feed-forward matrices as of the "
        f"others ({between(times, '.1f')} over tasks and seeds); in the paper it is about "
        f"{in_paper:.0f} times{opposite}. Of the queries it keeps {kinds['query'].mean():.1%}, of the values "
        f"{kinds['value'].mean():.1%}; in the paper these are "
        f"{in_print('mean share kept of the query matrices', 'smp_g'):.1%} and "
        f"{in_print('mean share kept of the value matrices', 'smp_g'):.1%}."
    )


learned_masks(kinds_of_global, "live", named=True, nothing="*SMP-G is not part of this build.*")

# %% tags=["hide-input"]
learned_masks(kinds_of_global, named=True)

# %% [markdown]
# (j12-heads)=
# ## By head
#
# The paper's Figure 3 has a cell for each attention head, which shows the share that it keeps of its rows of $W_Q$ and
# of $W_V$. The three masking functions look alike there, says the paper, and most heads keep next to nothing. The
# figure below is of the first task, with means over the seeds:


# %% tags=["hide-input"]
def heads_of(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """The shares kept by layer and head on the first task, of each method's queries and values."""
    rows = rows[(rows["task"] == rows["task"].iloc[0]) & rows["method"].isin(["smp_l", "smp_g", "smp_s"])]
    return {
        f"{name}: {kind}": mask_places.in_layers(some, HEADS[kind])
        for name, some in rows.groupby("title", sort=False)
        for kind in ("queries", "values")
    }


def heads_drawn(runs: pd.DataFrame, axes: dict) -> None:
    """A heatmap of shares kept by layer and head for each method's queries and values."""
    shares = heads_of(learned(runs))
    most = max(each.mean(0).max() for each in shares.values())
    for name, each in shares.items():
        ax = axes[name]
        ax.imshow(each.mean(0), cmap="OrRd", vmin=0, vmax=most, aspect="auto")
        ax.grid(visible=False)
        ax.set_title(name, fontsize=10, loc="left")
        ax.set_xticks(range(each.shape[2]), range(1, each.shape[2] + 1))
        ax.set_yticks(range(each.shape[1]), range(1, each.shape[1] + 1))
        ax.set(xlabel="head", ylabel="layer")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of its weights that each attention head keeps, by layer and head, of queries and of values, for the three masking functions."}, "figure": {"name": "masks-by-head", "caption": "Most heads keep much less than the head that keeps most, which has the darkest colour. Shares kept on the first task, means over the seeds; layers and heads are counted from 1."}}
chapter.figure(
    heads_drawn,
    lambda runs: [*heads_of(learned(runs))],
    among=lambda runs: runs if len(heads_of(learned(runs))) else runs[:0],
    live=False,
    scale="",
    size=(2.8, 1.7),
)


# %% tags=["hide-input"]
def uneven_heads(rows: pd.DataFrame, source: str) -> Markdown:
    """How unevenly heads keep."""
    lines = [f"How much of their queries heads keep, {source}:", ""]
    for name, some in rows[rows["method"] != "magnitude"].groupby("title", sort=False):
        queries = mask_places.in_layers(some, HEADS["queries"])
        lines.append(
            f"- {name}: a head keeps at most {queries.max():.0%} of its queries, and {np.mean(queries < 0.01):.0%} of "
            "the heads keep less than 1% of theirs."
        )
    largest = in_print("largest share kept of a head's queries", "smp_s")
    lines.append(f"\nIn the paper some heads keep more than {largest:.0%} of their queries with SMP-S.")
    return Markdown("\n".join(lines))


learned_masks(partial(uneven_heads, source="in this build"), "live")

# %% tags=["hide-input"]
learned_masks(partial(uneven_heads, source="on the miniature, recorded"))

# %% [markdown]
# ## Does the regulariser let masks take whole heads?
#
# The paper says that it does. It gives one number as evidence, the standard deviation over attention heads of the share
# that remains, for SMP-L on MNLI with and without the regulariser. It does not say for which matrices, nor whether over
# all heads or within layers. Here every way to pool them is tried.


# %% tags=["hide-input"]
def under_label_words(runs: pd.DataFrame) -> pd.DataFrame:
    """The masks that are learned under the frozen head of label words, scored."""
    return scored(runs[runs["head"].notna() & (runs["head"] != "random")])


of_label_words = partial(chapter.shown, among=under_label_words)


def deviations(rows: pd.DataFrame) -> pd.DataFrame:
    """Deviation over heads of the share that remains, in points, with and without the regulariser; means over the masks."""
    return mask_places.deviations(rows).rename_axis("heads' shares of the").round(2)


chapter.numbers(
    deviations,
    "Deviation over heads of the share that remains (points), by every way to pool.",
    among=under_label_words,
)


# %% tags=["hide-input"]
from transformers import BertConfig


def nearest_deviations(rows: pd.DataFrame) -> Markdown:
    """What the paper has, its bounds, and which way to pool comes nearest: by the quotient of the two, and by both."""
    pressed, free = (
        100 * in_print("deviation over heads of the share of weights kept", "smp_l", f"{how} the regulariser")
        for how in ("with", "without")
    )
    near = mask_places.nearest(mask_places.deviations(rows), pressed, free)
    kept = 1 - rows["asked"].iloc[0]
    whole = 100 * np.sqrt(kept * (1 - kept))
    base = BertConfig()  # BERT-base is the default
    lot = whole / np.sqrt(base.hidden_size**2 // base.num_attention_heads)

    def pooled(way: mask_places.Pooled) -> str:
        return f"the shares of the {way.matrices}, {way.way} ({way.pressed:.1f} and {way.free:.1f} points)"

    return Markdown(
        f"In the paper the deviation is {pressed:.1f} points with the regulariser and {free:.2f} without, "
        f"{pressed / free:.1f} times as much. If weights of BERT-base's heads were kept at random, it would be "
        f"{lot:.2f} points; if every head were kept as a whole or not at all, {whole:.0f}. Here it is larger with the "
        f"regulariser in {near.larger} of {near.ways} ways to pool, by a factor of {near.least:.1f} to "
        f"{near.most:.1f}. Closest to their quotient are "
        f"{pooled(near.by_quotient)}. Closest to the numbers themselves are {pooled(near.by_both)}, off by a factor "
        f"of up to {near.off:.1f}."
    )


of_label_words(nearest_deviations, "live")

# %% tags=["hide-input"]
of_label_words(nearest_deviations)

# %% [markdown]
# Only the paper's own masks could tell which way it took. They are offered for download, but are not among this book's
# sources.
#
# (x5-masks)=
# ## Do two learned masks agree?
#
# Now every weight is an item, and two masks are two judges who keep or remove it. **Cohen's kappa** is their agreement
# beyond chance for masks of these sizes: 1 for the same mask, 0 by chance. (All masks of this section keep equally many
# weights, but for rounding. So the mean kappa of pairs is Fleiss' kappa of all of them, the statistic of
# {doc}`/analyses/mask_agreement`.) A model has so many weights that almost any kappa is more than luck. So the question
# is what the agreement is *about*. Two masks can agree because both keep much of the same matrix, or of the same row
# (one output of a matrix), whichever weights these are. So kappa is given at several levels: beyond the masks' sizes;
# beyond the shares kept *of each matrix*; *of each row*; and *of each column* (one input). At each level chance is
# computed within the groups, and so exactly.


# %% tags=["hide-input"]
from lottery.findings import mask_pairs

of_pairs = partial(chapter.shown, among=mask_pairs.pairs)


OF_ONE, OF_TWO = "masks of one method", "same task and seed, two methods"


def kappas_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Kappa of every two masks of a method, by what they have in common; and of every two methods on the same task and seed."""
    same, others = (rows[(rows["kin"] == mask_pairs.OTHER) == other] for other in (False, True))
    left, right = axes[OF_ONE], axes[OF_TWO]
    methods = list(same.groupby("method", sort=False))
    for number, (name, some) in enumerate(methods):
        for place, kin in enumerate(mask_pairs.KIN):
            beside = place + 0.16 * (number - (len(methods) - 1) / 2)
            strip(left, some.loc[some["kin"] == kin, "kappa"], beside, name, None if place else name)
    left.set_xticks(range(len(mask_pairs.KIN)), [name.replace(", ", ",\n") for name in mask_pairs.KIN])
    left.set_title(OF_ONE, fontsize=10)
    names = others["method"].unique()
    for place, name in enumerate(names):
        strip(right, others.loc[others["method"] == name, "kappa"], place, "all masks", None)
    right.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
    right.set_title(OF_TWO, fontsize=10)
    for ax in (left, right):
        ax.axhline(0, color="grey", linestyle="--", linewidth=1)
        ax.set_ylabel("Cohen's kappa over weights")


def strip(ax: Axes, values: pd.Series, place: float, name: str, label: str | None) -> None:
    """A point for each pair, and a line at their mean."""
    shown = {"linestyle": "none", "alpha": 0.5, "markersize": 4}
    ax.plot(np.full(len(values), place), values, label=label, **look(name) | shown)
    if len(values):
        ax.hlines(values.mean(), place - 0.08, place + 0.08, color="black")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Cohen's kappa of every two masks: of one method in three groups by what task and seed they share, and of two methods on the same task and seed; lines are means."}, "figure": {"name": "learned-mask-kappas", "caption": "Learned masks of one task agree from seed to seed far beyond chance, those of movement hardly at all. Kappa over weights of every pair of masks; lines are means, and random masks have 0 on average."}}
chapter.figure(kappas_drawn, [OF_ONE, OF_TWO], among=mask_pairs.pairs, live=False, scale="y", size=(4.4, 3.6))

# %% tags=["hide-input"]
BEYOND = ("sizes", "matrices' shares", "rows' shares", "columns' shares")  # what kappa is, at each of mask_pairs.LEVELS


def of_one_method(runs: pd.DataFrame) -> pd.DataFrame:
    """The pairs of masks of one method, of one task and two seeds."""
    pairs = mask_pairs.pairs(runs)
    return pairs[pairs["kin"] == next(iter(mask_pairs.KIN))]


def kappas(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean kappa at each level, and mean Jaccard beside its chance, a row each method and kind of pair.

    The interval is that of a jackknife over seeds, where there are three, because every seed has part in many pairs.
    """
    lines = {}
    for place, some in rows.groupby(["method", "kin"], sort=False):
        estimates = zip(BEYOND, mask_pairs.kappas(some).values(), strict=True)
        lines[place] = {
            "pairs": len(some),
            **{f"beyond {what}": each.in_words(form=".2f").replace(" (no interval)", "") for what, each in estimates},
            "largest by chance": f"{mask_pairs.by_lot(some):.3f}",
            "Jaccard (by chance)": f"{some['jaccard'].mean():.2f} ({some['by_lot'].mean():.2f})",
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(["masks of", "pair"])


chapter.finding(
    lambda rows: kappas(rows).droplevel("pair")[[f"beyond {what}" for what in (BEYOND[0], BEYOND[2])]],
    "With SMP, masks of two seeds agree about half-way, with movement hardly; only a little of that comes from which "
    "rows keep more. Mean kappa over weights of two masks of one method and task, beyond their sizes and beyond "
    "their rows' shares.",
    among=of_one_method,
)

# %% tags=["hide-input"]
chapter.numbers(kappas, "Kappa and Jaccard of two masks, by what they have in common.", among=mask_pairs.pairs)

# %% [markdown]
# *Largest by chance* is the upper end of the middle 95% of kappa for random masks of these sizes. Do masks agree
# because of the task, or because of the run? Among masks of different seeds, those of one task are compared with those
# of two tasks. The null hypothesis is tested by permuting the names of the tasks among the masks of each seed:


# %% tags=["hide-input"]
def task_or_run(rows: pd.DataFrame, source: str) -> Markdown:
    """In words, for each method: do two seeds learn one mask, and more so than two tasks?"""
    same, others = (rows[(rows["kin"] == mask_pairs.OTHER) == other] for other in (False, True))
    lines = [f"How far two masks agree, {source}:", ""]
    for method, some in same.groupby("method", sort=False):
        null = mask_pairs.same_task(some, draws=draws)
        means = some.groupby("kin", sort=False)["kappa"].mean()
        each = "; ".join(f"{value:.2f} ({kin})" for kin, value in means.items())
        line = f"- **{method}.** Mean kappa of two masks: {each}. "
        line += (
            "There are no two tasks, or no two seeds, to compare."
            if np.isnan(null.observed)
            else f"With different seeds, one task minus two tasks is {null.observed:+.2f} (with permuted names up to "
            f"{null.high:+.2f}; p = {null.p:.3f})."
        )
        lines.append(line)
    between = others.groupby("method")["kappa"].mean().sort_values()
    if len(between):
        lines.append(
            f"- **Two methods**, same task and seed: from {between.iloc[0]:.2f} ({between.index[0]}) to "
            f"{between.iloc[-1]:.2f} ({between.index[-1]})."
        )
    return Markdown("\n".join(lines))


of_pairs(partial(task_or_run, source="in this build"), "live")

# %% tags=["hide-input"]
of_pairs(partial(task_or_run, source="on the miniature, recorded"))

# %% [markdown]
# With few tasks and seeds there are few ways to permute names, and p cannot be small: with two tasks and two seeds it
# is at least one half.
#
# ### Do they at least agree on heads?
#
# Masks that share few weights may still favour the same heads. Within each layer, heads are ranked by the share that
# stays of their queries, keys, values and outputs. Two masks are then compared by Spearman's rank correlation over all
# heads: 1 for the same order, 0 by chance.


# %% tags=["hide-input"]
def heads_agree(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a method, a column a kind of pair."""
    lines = {name: mask_pairs.head_ranks(some) for name, some in rows.groupby("title", sort=False)}
    table = pd.DataFrame.from_dict(lines, orient="index")
    return table.round(2).rename_axis("method")


chapter.numbers(heads_agree, "Rank correlation of the shares of heads.", among=learned)

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
found = [
    of_pairs(partial(task_or_run, source="on the miniature")),
    learned_masks(partial(uneven_heads, source="on the miniature")),
]
seeds_apart = kappas(of_one_method(chapter.miniature)).droplevel("pair") if len(chapter.miniature) else pd.DataFrame()
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Where do learned masks keep weights, and do two of them agree?",
    done=(
        "The share that a mask keeps is shown by layer, kind of matrix and head, for each masking function. Masks of "
        "two seeds, two tasks and two methods are compared by kappa, and by how they rank heads. Kappa is corrected "
        "for the chance agreement of masks with the same shares."
    ),
    not_shown=(
        "A mask need not keep most where the task needs most: the scores are learned under a regulariser that acts "
        "on all of them."
    ),
    found=found,
    numbers={
        f"{name}: kappa of the masks of two seeds (95% interval)": {"miniature": row[f"beyond {BEYOND[0]}"]}
        for name, row in seeds_apart.iterrows()
    },
)
