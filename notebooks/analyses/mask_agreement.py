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
#     part: prasanna
#     order: 50
# ---

# %% [markdown]
# # Do two searches find the same subnetwork?
#
# Fine-tune one pre-trained model twice on one task, with another head and another order of the examples, and search both
# for the heads that they need. If the two masks are alike, the good subnetwork says something about the task; if not, it
# says something about the run. {cite:t}`prasanna2020` report that good subnetworks are *unstable*: Fleiss' kappa between
# five seeds is low, and Cochran's Q test does not show them to be significantly similar. This chapter takes those
# statistics apart, asks what masks would show that choose *by lot*, and whether a mask has anything to do with its task.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
world = 1  # seed of the miniature's world and of its pre-training
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola", "sst2"]  # files in lottery/tasks
tuning_seeds = [1, 2]  # of the fine-tunings of the one pre-trained model
draws = 999  # of masks by lot
epochs = 2.0  # of fine-tuning
batch_size = 32
learning_rate = 1e-3
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery.experiments.component_scores import ComponentScores
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.cut_noise import CutNoise
from lottery.experiments.studies import TaskStudy
from lottery.suite.given import given

globals().update(given("analyses/mask_agreement", globals()))
study = TaskStudy.from_cell(globals())
dense = [
    study.tuned(task, seed, world=world, learning_rate=learning_rate, saved=True)
    for task in tasks
    for seed in tuning_seeds
]
searches = [ComponentSearch(of=of, importance="sample", mode="both") for of in dense]
grid = [
    *searches,
    *[ComponentScores(of=of, importance="sample") for of in dense],
    *[CutNoise(of=of) for of in searches],
]

# %% tags=["remove-cell"]
from functools import partial

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from lottery.findings import mask_agreement
from lottery.findings.searches import judged, masks, silent_in_words
from lottery.statistics import agreement
from lottery.suite import plots
from lottery.suite.chapter import perform, read_published, title

chapter = perform("analyses/mask_agreement", grid, results, records, workers=workers, scheduler=scheduler)
shown = partial(
    chapter.shown, among=mask_agreement.repeated, nothing="*There are no two searches here that say anything.*"
)


def left_out(rows: pd.DataFrame) -> Markdown:
    """Which searches say nothing."""
    return Markdown(silent_in_words(rows[rows["experiment"] == "ComponentSearch"]))


# %% [markdown]
# A search can also say nothing, as {doc}`/experiments/component_search` tells. Of this build, of the miniature's recorded
# grid and of the real BERT:

# %% tags=["hide-input"]
chapter.shown(left_out, "live")

# %% tags=["hide-input"]
chapter.shown(left_out)

# %% tags=["hide-input"]
chapter.shown(left_out, "minilm")

# %% [markdown]
# (p10)=
# ## Kappa, and what it is to be held against
#
# Each head is an item, each seed a judge who says *keep* or *remove*. **Fleiss' kappa** {cite:p}`fleiss1971` is the
# agreement beyond what judges with these shares would have by chance: 1 at most, about 0 by chance. Chance means *on
# average*: whether a kappa of 0.2 could be luck takes masks by lot. So every kappa stands here beside what it is on average
# of masks that choose **by lot**, any heads of the model and exactly as many as were found, with the share of such draws
# that reach it (p); and beside masks by lot **in each layer**, as many in each layer as were found, so that agreeing on the
# *layers* does not count. The **Jaccard** index of two masks is the number of heads that both keep over the number that
# either keeps. All p-values are corrected for the number of tasks, after Holm: the smallest is multiplied by as many.


# %% tags=["hide-input"]
published = read_published("prasanna2020_agreement")
published = published[
    (published["mode"] == "both") & (published["where"] == "dev") & (published["component"] == "heads")
]


def p_value(p: float) -> str:
    """As far as the draws resolve it."""
    return "" if np.isnan(p) else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def with_lot(value: float, by_lot: float, form: str) -> str:
    """A number and, in brackets, what it would be by lot."""
    return f"{value:{form}} ({by_lot:{form}})"


def agreement_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Agreement on heads in words, a row a task."""
    columns = {
        "seeds": rows["masks"],
        "heads kept": [f"{row.kept_least} to {row.kept_most} of {row.items}" for row in rows.itertuples()],
        "kappa": [f"{row.kappa:.2f} ({row.kappa_low:.2f} to {row.kappa_high:.2f})" for row in rows.itertuples()],
        "by lot": rows["kappa_by_lot"].map("{:.2f}".format),
        "p": rows["kappa_p"].map(p_value),
        "by lot in each layer": rows["kappa_by_layer"].map("{:.2f}".format),
        "p, in each layer": rows["layer_p"].map(p_value),
        "Jaccard (by lot)": [with_lot(row.jaccard, row.jaccard_by_lot, ".2f") for row in rows.itertuples()],
        "kept by all (by lot)": [with_lot(row.in_all, row.in_all_by_lot, ".1f") for row in rows.itertuples()],
        "p, kept by all": rows["in_all_p"].map(p_value),
        "p, Cochran's Q": rows["q_p"].map(p_value),
    }
    if any(rows["reason"]):
        columns["why it says little"] = rows["reason"]
    return pd.DataFrame(columns).set_axis(rows.index.map(title)).rename_axis("task")


def agreement_told(searches: pd.DataFrame) -> Markdown:
    """The table, and under it how many tasks agree beyond chance, and how far kappa goes, beside the published masks."""
    rows = mask_agreement.by_task(searches, draws=draws)
    display(agreement_table(rows))
    theirs = published[published["task"] != "wnli"]
    beyond, inside = int((rows["kappa_p"] < 0.05).sum()), int((rows["layer_p"] < 0.05).sum())
    return Markdown(
        f"Kappa lies between {rows['kappa'].min():.2f} and {rows['kappa'].max():.2f}; of BERT-base, by the published "
        f"masks, between {theirs['kappa'].min():.2f} and {theirs['kappa'].max():.2f}. Masks agree more than by lot on "
        f"{beyond} of {len(rows)} tasks, and more than by lot in each layer on {inside}."
    )


shown(agreement_told, "live")

# %% tags=["hide-input"]
shown(agreement_told)

# %% [markdown]
# In brackets behind kappa its 95 % interval for *other heads* of the same kind, by a bootstrap; how it would vary with other
# seeds, three to five of them cannot tell. The real BERT:

# %% tags=["hide-input"]
shown(agreement_told, "minilm")

# %% [markdown]
# The authors' own masks of BERT-base, five seeds, 144 heads. *Alike in size* counts the pairs of seeds, of ten, whose sizes
# McNemar's exact test does not tell apart; the paper takes Cochran's test of two masks, its form for large samples. WNLI's
# masks keep everything or nothing:

# %% tags=["hide-input"]
theirs = published.set_index(published["task"].map(title))[
    ["kappa", "mean_jaccard", "cochran_q", "cochran_p", "alike_in_size"]
]
theirs.assign(cochran_p=theirs["cochran_p"].map("{:.2g}".format)).round(2).rename(
    columns=lambda name: name.replace("_", " ")
).rename_axis("task, BERT-base")

# %% [markdown]
# ## What Cochran's Q asks
#
# Q compares *how many* heads each seed keeps. It knows nothing of *which*: two masks that keep twelve heads each and share
# none are the same to it. The paper writes that the test "did not show that the binary mask of head survival obtained with
# five random seeds for each tasks were significantly similar". To see what the test sees, here are five masks of 144 heads
# made in four ways: sizes all equal, or those of a task's published masks; heads by lot, 400 times, or the first ones of one
# fixed ranking, so that masks agree as much as their sizes let them.

# %% tags=["hide-input"]
sizes = read_published("prasanna2020_masks")
sizes = sizes[(sizes["pruning"] == "structured") & (sizes["subnetwork"] == "good") & (sizes["task"] == "cola")]
unequal = sizes.loc[(sizes["mode"] == "both") & (sizes["where"] == "dev"), "heads_kept"].to_numpy()
equal = np.full(len(unequal), round(unequal.mean()))


def simulated(times: int = 400) -> pd.DataFrame:
    """How often Q rejects at .05, and kappa on average."""
    generator, rows = np.random.default_rng(0), []
    for what, kept in (("all equal", equal), ("as CoLA's", unequal)):
        for how, by_lot in (("by lot", True), ("one ranking", False)):
            sets = mask_agreement.simulated(kept, 144, by_lot=by_lot, times=times if by_lot else 1, generator=generator)
            words = {"Q rejects": f"{sets['rejects']:.0%}", "kappa, mean": f"{sets['kappa']:.2f}"}
            rows.append({"sizes": f"{what}: {', '.join(f'{size:.0f}' for size in kept)}", "heads": how} | words)
    return pd.DataFrame(rows).set_index(["sizes", "heads"])


simulated()

# %% [markdown]
# Q rejects where *sizes* differ, whether or not the masks have anything in common, and does not where they are equal; kappa
# tells masks by lot from those of one ranking, whatever their sizes. (Masks that are equal leave nothing to test, which
# counts as no rejection.)
#
# ## Has a mask anything to do with its task?
#
# If what a search finds belongs to the task, masks of one task should be more alike than masks of two tasks. Likeness is
# **Cohen's kappa**, which is Fleiss' for two masks whose shares may differ; where both keep everything, or nothing, it is not
# defined and counts as 0. Compared are masks of *different* seeds, so that no two come from one order of examples; the null
# deals the names of the tasks out anew among the masks of each seed.


# %% tags=["hide-input"]
def tasks_told(rows: pd.DataFrame) -> Markdown:
    """Same task against other tasks, by Cohen's kappa of every two masks over heads, with a permutation test."""
    null = mask_agreement.task_matters(judged(rows), draws=draws)
    if np.isnan(null.observed):
        return Markdown("There are no two tasks, or no two seeds, to compare.")
    return Markdown(
        f"Two masks of one task have a kappa {null.observed:+.2f} higher than two of different tasks; if names are dealt "
        f"out, the middle 95 % of such differences lie from {null.low:+.2f} to {null.high:+.2f} (p = {null.p:.3f}): "
        + (
            "masks of one task are more alike, in which heads or in how many they keep."
            if null.p < 0.05
            else "that masks of one task are more alike is not shown."
        )
    )


def kappas_drawn(rows: pd.DataFrame) -> None:
    """Kappa of every two masks, by what they have in common."""
    rows = judged(rows)
    kappas = agreement.kappas_by_kinship(masks(rows)[0], rows["of.task"].tolist(), rows["of.seed"].tolist())
    names = {"same_task": "same task,\nother seed", "same_seed": "other task,\nsame seed", "neither": "both others"}
    (ax,) = plots.panels(1, size=(7.0, 3.2))
    generator = np.random.default_rng(0)
    for place, values in enumerate(kappas[kind] for kind in names):
        across = place + generator.uniform(-0.18, 0.18, len(values))
        ax.plot(across, values, "o", color=plots.COLOURS[place], alpha=0.35, markersize=4)
        if len(values):
            ax.hlines(np.mean(values), place - 0.3, place + 0.3, color="black")
            ax.annotate(f"{np.mean(values):.2f}", (place + 0.32, np.mean(values)), va="center", fontsize=9)
    ax.axhline(0, color="grey", linestyle="--", linewidth=1)
    ax.set_xticks(range(len(names)), names.values())
    ax.set(ylabel="Cohen's kappa over heads", xlim=(-0.5, len(names) - 0.4))


# %% tags=["hide-input"] mystnb={"image": {"alt": "Cohen's kappa of every two masks of this build in three groups: same task and other seed, other task and same seed, both others; means as lines."}, "figure": {"name": "mask-kappas-live", "caption": "Kappa of every two masks of this build; lines are means, 0 is what masks by lot give."}}
shown(kappas_drawn, "live")

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for all recorded masks of the miniature."}, "figure": {"name": "mask-kappas-recorded", "caption": "The same of all recorded searches of the miniature."}}
shown(kappas_drawn)

# %% tags=["hide-input"]
shown(tasks_told)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for all-MiniLM-L6-v2."}, "figure": {"name": "mask-kappas-minilm", "caption": "The same of a real BERT, recorded."}}
shown(kappas_drawn, "minilm")

# %% tags=["hide-input"]
shown(tasks_told, "minilm")

# %% [markdown]
# And the authors' own masks of BERT-base, which the paper does not compare in this way:


# %% tags=["hide-input"]
def kinship_told() -> Markdown:
    """Mean kappas of the published masks by what two have in common."""
    kin = read_published("prasanna2020_kinship").set_index("without_seed")
    given, every = mask_agreement.given_by_the_task(kin), kin.loc["none"]
    return Markdown(
        f"Two masks of one task and different seeds have a kappa of {every['same_task']:.2f} on average, two of one seed and "
        f"different tasks {every['same_seed']:.2f}, and two that share neither {every['neither']:.2f}. So the task gives "
        f"{given.in_words(form='+.2f')}, with the 95 % interval of a jackknife over the five seeds, and changing only the seed "
        f"takes {1 - every['same_task']:.2f}: both are in the masks."
    )


kinship_told()

# %% [markdown]
# ## Do the rankings agree?
#
# A mask is a ranking that was cut somewhere. If only the cut moved between seeds, rankings would agree where masks do not.
# Of the importance of heads in the whole fine-tuned models: **Kendall's tau**, 1 for the same order and 0 by chance, and
# **rank-biased overlap** {cite:p}`webber2010`, which weighs the top, here with $p = 0.9$; beside it what it is on average
# of rankings by lot.


# %% tags=["hide-input"]
def rankings_told(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean and range over pairs of seeds, a row a task."""
    lines = {
        title(row.task): {
            "seeds": row.seeds,
            "Kendall's tau": f"{row.kendall_mean:.2f} ({row.kendall_min:.2f} to {row.kendall_max:.2f})",
            "rank-biased overlap": f"{row.rbo_mean:.2f} ({row.rbo_min:.2f} to {row.rbo_max:.2f})",
            "by lot": f"{row.rbo_by_lot:.2f}",
        }
        for row in mask_agreement.rankings(scores).itertuples()
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("task")


shown(rankings_told, "live", among=mask_agreement.scored)

# %% tags=["hide-input"]
shown(rankings_told, among=mask_agreement.scored)

# %% tags=["hide-input"]
shown(rankings_told, "minilm", among=mask_agreement.scored)

# %% [markdown]
# Means over all pairs of seeds, in brackets the lowest and the highest.

# %% [markdown]
# (p11)=
# ## How sure is the cut?
#
# The paper explains the instability by the distribution of the scores: at any step most heads have a low importance, and
# could all be removed with about equal success. That is three questions. Are the scores near the cut so close together that
# *other examples* would have cut elsewhere? So the examples of dev are drawn anew, with replacement, and the step is taken
# again. Do scores differ more *between seeds* than by the examples? And would *other heads* have gone with equal success? So
# as many heads as in the first step are removed by lot, from the lower half of importance, or from all, and no MLP.


# %% tags=["hide-input"]
def cuts_drawn(cuts: pd.DataFrame) -> None:
    """Importance of the heads there at the first steps of the first search, lowest first, with the cut."""
    first = cuts.iloc[0]
    steps = mask_agreement.heads_at_steps(first)[:4]
    axes = plots.panels(len(steps), size=(3.5, 2.6), sharey=True)
    for number, (step, ax) in enumerate(zip(steps, axes, strict=True)):
        for removed, name in ((1, "removed"), (0, "kept")):
            there = (step["removed"] == removed).to_numpy()
            some = step[there]
            reach = np.abs(some[["lows", "highs"]].sub(some["scores"], axis=0)).to_numpy().T
            look = {"fmt": ".", "color": plots.COLOURS[removed], "elinewidth": 0.8}
            ax.errorbar(np.flatnonzero(there) + 1, some["scores"], reach, label=name, **look)
        ax.axhline(first["cuts"][number], color="grey", linestyle="--", linewidth=1)
        ax.set_title(
            f"step {number + 1}: {first['removed_at'][number]} of {first['left_at'][number]} heads", fontsize=9
        )
        if number + 2 >= len(steps):
            ax.set_xlabel("heads, lowest first")
    axes[0].set_ylabel(f"{title(first['of.of.task'])}: importance,\nover the layer's norm")
    axes[0].legend(fontsize=8)


# %% tags=["hide-input"] mystnb={"image": {"alt": "For the first steps of one search the importance of every head that was there, lowest first, with intervals, removed and kept ones in two colours, and the cut as a dashed line."}, "figure": {"name": "cut-noise-live", "caption": "The first steps of one search of this build: importance of every head, with the middle 95 % as examples are drawn anew. Dashed: the cut."}}
shown(cuts_drawn, "live", among=mask_agreement.cut_steps)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the first recorded search of the real BERT."}, "figure": {"name": "cut-noise-minilm", "caption": "The same for the first recorded search of a real BERT."}}
shown(cuts_drawn, "minilm", among=mask_agreement.cut_steps)


# %% tags=["hide-input"]
def cuts_told(cuts: pd.DataFrame) -> pd.DataFrame:
    """How sure the cuts are, a row a task."""
    lines = {
        title(row["task"]): {
            "searches": row["searches"],
            "heads unsure at a step": f"{row['unsure']:.0%}",
            "removed again (by lot)": with_lot(row["again"], row["by_lot"], ".0%"),
            "spread between seeds, over that by examples": f"{row['seeds_over_examples']:.1f}".replace("nan", ""),
            "lower half by lot, minus lowest (points)": row["lower_half"].in_words(),
            "any by lot, minus lowest (points)": row["any"].in_words(),
        }
        for row in mask_agreement.certainty(cuts).to_dict("records")
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("task")


shown(cuts_told, "live", among=mask_agreement.cut_steps)

# %% tags=["hide-input"]
shown(cuts_told, among=mask_agreement.cut_steps)

# %% tags=["hide-input"]
shown(cuts_told, "minilm", among=mask_agreement.cut_steps)

# %% [markdown]
# *Unsure* is a head that some draws of the examples remove and others keep, more than one in twenty either way; *removed
# again* the share of the heads that two draws both remove, and in brackets what two choices by lot would share. All seeds
# are scored on the same examples; at a spread of 1 another seed moves a head's score as much as other examples would. The
# last two columns are differences of scores without the heads of the first step; in brackets 95 % intervals over the
# searches (paired t). Near 0 means: with equal success.

# %% [markdown]
# ## Masks of your own
#
# The same numbers for any masks of one model, of heads and MLPs or of weights, that lie in a folder as mask files:
#
# ```
# lottery agreement FOLDER
# ```
#
# It prints the same as the first table here and every pair, and draws what two masks share as `agreement.svg`. Of weights,
# of which there are millions, nothing is drawn by lot: there chance hardly varies, and stands in the table.
