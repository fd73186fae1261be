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
# Fine-tune one pre-trained model twice on one task, with a different task head and a different order of the examples,
# and search both models for the attention heads that they need. If the two masks are alike, the good subnetwork says
# something about the task; if not, it says something about the run. {cite:t}`prasanna2020` report that good subnetworks
# are *unstable*: Fleiss' kappa between five seeds is low, and Cochran's Q test does not show them to be significantly
# similar. This chapter takes those statistics apart. It asks what masks drawn *at random* would show, and whether a
# mask has anything to do with its task.
#
# You can run it on a file of your own, too: {doc}`/your_own` has the command.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir` or `train_file`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
train_file = ""  # of the task "own": .csv, .tsv or .jsonl, one row an example
dev_file = ""  # another, to score on; "": a share of train_file is held out for that
dev_share = 0.2  # that share
text_column = "text"
second_column = ""  # of a second text, for pairs
label_column = "label"  # "": there is none, and what a classifier of yours answers as it is counts as right
labels = "classes"  # what the labels are: "classes" or "numbers"
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
world = 1  # seed of the miniature's world and of its pre-training
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola"]  # files in lottery/tasks, or "own": a file of your own
tuning_seeds = [1, 2]  # of the fine-tunings of the one pre-trained model
draws = 999  # of random masks
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
from IPython.display import Markdown

from lottery.choices import listed
from lottery.findings import mask_agreement
from lottery.findings.published import beside
from lottery.findings.searches import judged, masks, silent_in_words
from lottery.statistics import agreement, holm
from lottery.suite import tables
from lottery.suite.chapter import PRINT, between, how_many, perform, read_published, title
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("analyses/mask_agreement", grid, results, records, workers=workers, scheduler=scheduler)
NOT_JUDGED = "*There are no two searches here that say anything.*"
shown = partial(chapter.shown, among=mask_agreement.repeated, nothing=NOT_JUDGED)


def left_out(rows: pd.DataFrame, source: str) -> Markdown:
    """Which searches say nothing."""
    return Markdown(f"**{source}:** {silent_in_words(rows[rows['experiment'] == 'ComponentSearch'])}")


# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# A search can also say nothing, as {doc}`/experiments/component_search` explains. These are the searches that are left
# out:

# %% tags=["hide-input"]
chapter.shown(left_out, "live", named=True)

# %% tags=["hide-input"]
chapter.shown(left_out, named=True)

# %% tags=["hide-input"]
chapter.shown(left_out, "minilm", named=True)

# %% [markdown]
# (p10)=
# ## Kappa, beside chance and the most that can be reached
#
# Each head is an item, each seed a judge who says *keep* or *remove*. **Fleiss' kappa** {cite:p}`fleiss1971` is the
# agreement beyond what judges with these shares would have by chance: 1 at most, about 0 by chance. Both ends need a
# second look. First, chance means *on average*. Whether a kappa of 0.2 could be luck is told by **random masks**, which
# keep exactly as many heads as were found, but any: p is the share of draws that reach the kappa found. Masks that are
# **random within each layer** keep as many heads in each layer as were found, so that agreeing on the *layers* does not
# count. Second, masks of unequal sizes cannot reach 1. The **most that sizes allow** is the kappa of a single ranking
# cut at each of these sizes. All p-values are Holm-corrected over tasks.


# %% tags=["hide-input"]
published = read_published("prasanna2020_agreement")
published = published[
    (published["mode"] == "both") & (published["where"] == "dev") & (published["component"] == "heads")
].set_index("task")
sizes = read_published("prasanna2020_masks").query(
    "pruning == 'structured' and subnetwork == 'good' and mode == 'both' and where == 'dev'"
)
sizes = sizes.groupby("task")["heads_kept"].apply(list)


def p_value(p: float) -> str:
    """As far as the draws resolve it."""
    return "" if np.isnan(p) else f"{p:.3f}" if p >= 0.001 else "< 0.001"


def number(value: float, form: str = ".2f") -> str:
    """It, or that there is none."""
    return "not defined" if np.isnan(value) else f"{value:{form}}"


def with_lot(value: float, by_lot: float, form: str) -> str:
    """A number and, in brackets, what it would be at random."""
    return number(value, form) + ("" if np.isnan(by_lot) else f" ({by_lot:{form}})")


def of_most(kappa: float, most: float) -> str:
    """The share of the attainable kappa, where there is any to attain."""
    return f"{kappa / most:.0%}" if most > 0 else ""


def kappas_made(rows: pd.DataFrame) -> pd.DataFrame:
    """Fleiss' kappa of ours beside chance and the most that sizes allow, in words, a row a task."""
    columns = {
        "seeds": rows["masks"].astype(str),
        "heads kept": [f"{row.kept_least} to {row.kept_most} of {row.items}" for row in rows.itertuples()],
        "kappa": [kappa.in_words(form=".2f").removesuffix(" (no interval)") for kappa in rows["over_seeds"]],
        "by chance": rows["kappa_by_lot"].map(number),
        "p": rows["kappa_p"].map(p_value),
        "most that sizes allow": rows["most"].map(number),
        "share of that most": [of_most(row.kappa, row.most) for row in rows.itertuples()],
        "by chance, sizes by layer": rows["kappa_by_layer"].map(number),
        "p, in each layer": rows["layer_p"].map(p_value),
    }
    if any(rows["reason"]):
        columns["why it says little"] = rows["reason"]
    return pd.DataFrame(columns).set_axis(rows.index.map(title)).rename_axis("task")


def lots_printed() -> pd.DataFrame:
    """For each task: the sizes of the published masks, the most they allow, kappa at random, and its p after Holm."""
    table = pd.DataFrame(
        {
            task: {"most": mask_agreement.most(kept, 144)}
            | dict(zip(("by_lot", "p"), mask_agreement.against_lot(kappa, kept, 144, draws=draws), strict=True))
            for task, kappa, kept in zip(published.index, published["kappa"], sizes[published.index], strict=True)
        }
    ).T
    usable = table.index != "wnli"
    return table.assign(p=pd.Series(holm(table.loc[usable, "p"].tolist()), table.index[usable]))


lots = lots_printed()


def kappas_printed() -> pd.DataFrame:
    """The kappas of the published masks of BERT-base in words; what they are compared with takes only their sizes."""
    kept = sizes[published.index]
    columns = {
        "seeds": [str(len(each)) for each in kept],
        "heads kept": [f"{min(each):.0f} to {max(each):.0f} of 144" for each in kept],
        "kappa": published["kappa"].map("{:.2f}".format),
        "by chance": lots["by_lot"].map("{:.2f}".format),
        "p": lots["p"].map(p_value),
        "most that sizes allow": lots["most"].map("{:.2f}".format),
        "share of that most": [of_most(*pair) for pair in zip(published["kappa"], lots["most"], strict=True)],
    }
    return pd.DataFrame(columns, index=published.index).rename(index=title)


searches = {name: mask_agreement.repeated(rows) for name, rows in chapter.sources.items()}
agreed = {name: mask_agreement.by_task(some, draws=draws) for name, some in searches.items() if len(some)}
of_kappas = {PRINT: kappas_printed()} | {name: kappas_made(rows) for name, rows in agreed.items()}
tables.finding(
    tables.side_by_side({name: table[["kappa"]] for name, table in of_kappas.items()}),
    "On most tasks the masks of several seeds agree more than by chance and less than fully. Fleiss' kappa of the "
    "heads kept, with a jackknife 95% interval for other seeds, which may pass 1.",
)

# %% tags=["hide-input"]
tables.numbers(beside(of_kappas), "Kappa beside chance and the most that sizes allow.")

# %% [markdown]
# In small print beside kappa is its 95% interval for other *seeds*, by a jackknife over the seeds at hand. For the
# published masks the numbers by chance are computed here, from the masks' sizes. WNLI's masks keep everything or
# nothing, and WNLI does not count in the correction.


# %% tags=["hide-input"]
def agreement_told() -> Markdown:
    """How far kappa goes in each source, how much of what sizes allow that is, and how many tasks agree beyond chance."""
    theirs = pd.concat([published["kappa"], lots.rename(columns={"p": "kappa_p"})], axis=1).drop(index="wnli")
    lines = []
    for name, table in {PRINT: theirs, **agreed}.items():
        least = len(table) / (
            1 + draws
        )  # of the draws the masks are one, and so is the smallest p; Holm takes it times the tasks
        share = table["kappa"] / table["most"]
        whole = [title(task) for task in share.index[share >= 0.95]]
        lines.append(
            f"- **{name}:** kappa is {between(table['kappa'], '.2f')}, which is {between(share, '.0%')} of what sizes "
            "allow; "
            + (
                f"on {(table['kappa_p'] < 0.05).sum()} of {how_many(len(table), 'task')} masks agree more than by "
                "chance."
                if least < 0.05
                else f"{draws} draws cannot tell whether masks agree more than by chance: the smallest possible p is {least:.2g}."
            )
            + (
                f" On {listed(whole, 'and')} nearly all that can agree does: seeds differ only in where to stop."
                if whole
                else ""
            )
        )
    return Markdown("\n".join(lines))


agreement_told()

# %% [markdown]
# The paper gives the range of kappa as 0.15 to 0.32. The lower end is that of HANS, which is not a GLUE task.
#
# ### Two masks at a time, and Cochran's Q
#
# The **Jaccard** index of two masks is the number of heads that both keep over the number that either keeps. *Alike in
# size* counts the pairs of seeds whose sizes McNemar's exact test does not tell apart at .05; the paper uses Cochran's
# test of two masks, which is the large-sample form of that. *Sharing more* counts the pairs that share more heads than
# two random masks of these sizes, by the hypergeometric distribution, Holm-corrected over pairs. Q and its p,
# uncorrected as in the paper, are again about sizes, as the next section shows.


# %% tags=["hide-input"]
def pairs_made(rows: pd.DataFrame) -> pd.DataFrame:
    """Pairs of ours, what all of them keep, and Q, in words, a row a task."""
    columns = {
        "Jaccard (by chance)": [with_lot(row.jaccard, row.jaccard_by_lot, ".2f") for row in rows.itertuples()],
        "kept by all (by chance)": [with_lot(row.in_all, row.in_all_by_lot, ".1f") for row in rows.itertuples()],
        "Cochran's Q": rows["q"].map("{:.1f}".format).replace("nan", ""),
        "p of Q": rows["q_alone"].map(p_value),
        "alike in size": [f"{row.alike_in_size} of {row.pairs}" for row in rows.itertuples()],
        "sharing more": [f"{row.sharing_more} of {row.pairs}" for row in rows.itertuples()],
    }
    return pd.DataFrame(columns).set_axis(rows.index.map(title)).rename_axis("task")


def pairs_printed() -> pd.DataFrame:
    """The like of the published masks of BERT-base."""
    together = read_published("prasanna2020_survivors").query(
        "mode == 'both' and where == 'dev' and component == 'heads'"
    )
    together = together.set_index("task").loc[published.index]
    columns = {
        "Jaccard (by chance)": published["mean_jaccard"].map("{:.2f}".format).replace("nan", ""),
        "kept by all (by chance)": [
            with_lot(*pair, ".1f")
            for pair in together[["in_all_seeds", "in_all_seeds_expected"]].itertuples(index=False)
        ],
        "Cochran's Q": published["cochran_q"].map("{:.1f}".format).replace("nan", ""),
        "p of Q": published["cochran_p"].map(p_value),
        "alike in size": published["alike_in_size"].map("{} of 10".format),
    }
    return pd.DataFrame(columns, index=published.index).rename(index=title)


of_pairs = {PRINT: pairs_printed()} | {name: pairs_made(rows) for name, rows in agreed.items()}
tables.numbers(beside(of_pairs), "Two masks at a time, what all keep, and Cochran's Q.")

# %% [markdown]
# ## What Cochran's Q asks
#
# Q compares *how many* heads each seed keeps. It knows nothing of *which*: to Q, two masks that keep twelve heads each
# and share none are the same. The paper writes that the test "did not show that the binary mask of head survival
# obtained with five random seeds for each tasks were significantly similar". To see what the test sees, five masks of
# 144 heads are made in four ways. Their sizes are all equal, or those of a task's published masks. Their heads are
# drawn at random, 400 times, or are the first ones of one fixed ranking, so that masks agree as much as their sizes let
# them.

# %% tags=["hide-input"]
unequal = np.array(sizes["cola"])
equal = np.full(len(unequal), round(unequal.mean()))


def simulated(times: int = 400) -> pd.DataFrame:
    """How often Q rejects at .05, and kappa on average."""
    generator, rows = np.random.default_rng(0), []
    for what, kept in (("all equal", equal), ("as CoLA's", unequal)):
        for how, by_lot in (("at random", True), ("one ranking", False)):
            sets = mask_agreement.simulated(kept, 144, by_lot=by_lot, times=times if by_lot else 1, generator=generator)
            words = {"Q rejects": f"{sets['rejects']:.0%}", "kappa, mean": f"{sets['kappa']:.2f}"}
            rows.append({"sizes": f"{what}: {', '.join(f'{size:.0f}' for size in kept)}", "heads": how} | words)
    return pd.DataFrame(rows).set_index(["sizes", "heads"])


tables.finding(
    simulated(),
    "Cochran's Q rejects where sizes differ and not where they are equal, whatever the masks have in common. Five "
    "masks of 144 heads, made in four ways.",
)

# %% [markdown]
# Q looks at *sizes* alone, while kappa tells random masks from those of one ranking, whatever their sizes. (Equal masks
# leave nothing to test, which counts as no rejection.)
#
# ## Has a mask anything to do with its task?
#
# If what a search finds belongs to the task, masks of one task should be more alike than masks of two tasks. Likeness
# is measured by **Cohen's kappa**, the like of Fleiss' for two masks whose shares may differ; where both keep
# everything, or nothing, it is not defined and counts as 0. Only masks of *different* seeds are compared, so that no
# two come from the same order of examples. The null hypothesis is tested by permuting the names of the tasks among the
# masks of each seed.


# %% tags=["hide-input"]
def tasks_told(rows: pd.DataFrame, source: str) -> Markdown:
    """Same task against other tasks, by Cohen's kappa of every two masks over heads, with a permutation test."""
    searches = judged(rows)
    null = mask_agreement.task_matters(searches, draws=draws)
    if np.isnan(null.observed):
        return Markdown("There are no two tasks, or no two seeds, to compare.")
    ways = mask_agreement.smallest_p(searches["of.task"].tolist(), searches["of.seed"].tolist())
    least = max(ways, 1 / (1 + draws))  # the masks themselves count as a draw
    if least >= 0.05:
        needed = "more tasks or more seeds" if ways >= 0.05 else "more draws"
        return Markdown(
            f"{source}: the kappa of two masks of one task minus that of two masks of different tasks is "
            f"{null.observed:+.2f}. This test cannot tell whether that is more than luck: names can be permuted in so "
            f"few ways that the smallest possible p is {least:.3g} (here {null.p:.3f}, by {draws:,} draws). It takes "
            f"{needed}."
        )
    return Markdown(
        f"{source}: the kappa of two masks of one task minus that of two masks of different tasks is "
        f"{null.observed:+.2f}. With permuted names, the middle 95% of such differences lie between {null.low:+.2f} "
        f"and {null.high:+.2f} (p = {null.p:.3f}; the smallest possible p is {least:.2g}). "
        + (
            "So masks of one task are more alike, in which heads or in how many they keep."
            if null.p < 0.05
            else "That is no evidence that masks of one task are more alike."
        )
    )


KAPPA = "Cohen's kappa over heads"


def kappas_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Kappa of every two masks, by what they have in common."""
    rows = judged(rows)
    kappas = agreement.kappas_by_kinship(masks(rows)[0], rows["of.task"].tolist(), rows["of.seed"].tolist())
    names = {
        "same_task": "same task,\nother seed",
        "same_seed": "other task,\nsame seed",
        "neither": "other task,\nother seed",
    }
    ax = axes[KAPPA]
    generator = np.random.default_rng(0)
    for place, kind in enumerate(names):
        values = kappas[kind]
        across = place + generator.uniform(-0.18, 0.18, len(values))
        ax.plot(across, values, "o", color=look(kind)["color"], alpha=0.35, markersize=4)
        if len(values):
            ax.hlines(np.mean(values), place - 0.3, place + 0.3, color="black")
            ax.annotate(f"{np.mean(values):.2f}", (place + 0.32, np.mean(values)), va="center", fontsize=9)
    ax.axhline(0, color="grey", linestyle="--", linewidth=1)
    ax.set_xticks(range(len(names)), names.values())
    ax.set(ylabel=KAPPA, xlim=(-0.5, len(names) - 0.2))


# %% tags=["hide-input"] mystnb={"image": {"alt": "Cohen's kappa of every two masks in three groups: same task and other seed, other task and same seed, other task and other seed; means as lines; of a real BERT and of the miniature."}, "figure": {"name": "mask-kappas", "caption": "Two masks of one task agree more than two of different tasks, but far from fully. Cohen's kappa of every pair of masks; lines are means, and random masks have 0 on average."}}
chapter.figure(kappas_drawn, [KAPPA], among=mask_agreement.repeated, nothing=NOT_JUDGED, live=False, size=(3.8, 3.0))

# %% tags=["hide-input"]
shown(partial(tasks_told, source="The miniature"))

# %% tags=["hide-input"]
shown(partial(tasks_told, source="MiniLM"), "minilm")

# %% [markdown]
# The paper does not compare its own masks in this way. Here are the authors' masks of BERT-base:


# %% tags=["hide-input"]
def kinship_told() -> Markdown:
    """Mean kappas of the published masks by what two have in common."""
    kin = read_published("prasanna2020_kinship").set_index("without_seed")
    given, every = mask_agreement.given_by_the_task(kin), kin.loc["none"]
    return Markdown(
        f"Two masks of one task and different seeds have a kappa of {every['same_task']:.2f} on average, two of one "
        f"seed and different tasks {every['same_seed']:.2f}, and two that share neither {every['neither']:.2f}. So "
        f"sharing the task adds {given.in_words(form='+.2f')}, in brackets the 95% interval of a jackknife over the "
        f"five seeds. Of a kappa of 1, a change of seed alone takes {1 - every['same_task']:.2f} (unequal sizes and "
        f"the noise of the search included), and a change of task alone takes {1 - every['same_seed']:.2f}. So a mask "
        "depends on both."
    )


kinship_told()

# %% [markdown]
# ## Do the rankings agree?
#
# A mask is a ranking that was cut somewhere. If only the cut moved between seeds, rankings would agree where masks do
# not. The table compares rankings of heads by their importance in the full fine-tuned models, by two measures.
# **Kendall's tau** is 1 for the same order and 0 by chance. **Rank-biased overlap** {cite:p}`webber2010` gives most
# weight to the top of the ranking, here with $p = 0.9$; beside it is its mean over random rankings.


# %% tags=["hide-input"]
def rankings_told(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean and range over pairs of seeds, a row a task."""
    lines = {
        title(row.task): {
            "seeds": row.seeds,
            "Kendall's tau": f"{row.kendall_mean:.2f} ({between([row.kendall_min, row.kendall_max], '.2f')})",
            "rank-biased overlap": f"{row.rbo_mean:.2f} ({between([row.rbo_min, row.rbo_max], '.2f')})",
            "by chance": f"{row.rbo_by_lot:.2f}",
        }
        for row in mask_agreement.rankings(scores).itertuples()
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("task")


chapter.numbers(
    rankings_told, "How far the rankings of two seeds agree.", among=mask_agreement.scored, nothing=NOT_JUDGED
)

# %% [markdown]
# Means over all pairs of seeds, with the lowest and the highest in small print.

# %% [markdown]
# (p11)=
# ## How sure is the cut?
#
# The paper explains the instability by the distribution of the scores: at any step most heads have a low importance,
# and could all be removed with about equal success. That raises three questions. Are the scores near the cut so close
# together that *other examples* would have cut elsewhere? To see, the examples of dev are resampled with replacement,
# and the step is taken again. Do scores differ more *between seeds* than between such samples? And would *other heads*
# have gone with equal success? To see, as many heads as in the first step are removed at random, from the lower half by
# importance or from all, and no MLP.


# %% tags=["hide-input"]
def steps_of(cuts: pd.DataFrame) -> list[str]:
    """The first steps of the first search, three at most."""
    return [f"step {number + 1}" for number in range(len(mask_agreement.heads_at_steps(cuts.iloc[0])[:3]))]


def cuts_drawn(cuts: pd.DataFrame, axes: dict) -> None:
    """Importance of the heads there at the first steps of the first search, lowest first, with the cut."""
    first = cuts.iloc[0]
    steps = mask_agreement.heads_at_steps(first)[: len(axes)]
    for number, (step, ax) in enumerate(zip(steps, axes.values(), strict=True)):
        for removed, name in ((1, "removed"), (0, "kept")):
            there = (step["removed"] == removed).to_numpy()
            some = step[there]
            reach = np.abs(some[["lows", "highs"]].sub(some["scores"], axis=0)).to_numpy().T
            shown = {"fmt": ".", "color": look(name)["color"], "elinewidth": 0.8}
            ax.errorbar(np.flatnonzero(there) + 1, some["scores"], reach, label=name, **shown)
        ax.axhline(first["cuts"][number], color="grey", linestyle="--", linewidth=1)
        ax.set_title(
            f"{title(first['of.of.task'])}, step {number + 1}: {first['removed_at'][number]} of "
            f"{first['left_at'][number]} heads",
            fontsize=9,
        )
        ax.set(xlabel="heads, lowest first", ylabel="importance")


# %% tags=["hide-input"] mystnb={"image": {"alt": "For the first steps of one search the importance of every head that was there, lowest first, with intervals, removed and kept ones in two colours, and the cut as a dashed line; of a real BERT and of the miniature."}, "figure": {"name": "cut-noise", "caption": "Near the cut, heads differ by less than resampling the examples changes them. Importance of every head at the first steps of the first search, with the middle 95% over resampled examples; dashed is the cut."}}
chapter.figure(
    cuts_drawn, steps_of, among=mask_agreement.cut_steps, nothing=NOT_JUDGED, live=False, scale="", size=(3.6, 2.2)
)


# %% tags=["hide-input"]
def cuts_told(cuts: pd.DataFrame) -> pd.DataFrame:
    """How sure the cuts are, a row a task."""
    lines = {
        title(row["task"]): {
            "searches": row["searches"],
            "heads unsure at a step": f"{row['unsure']:.0%}",
            "removed again (by chance)": with_lot(row["again"], row["by_lot"], ".0%"),
            "spread between seeds, over that by examples": f"{row['seeds_over_examples']:.1f}".replace("nan", ""),
            "random in the lower half, minus lowest (points)": row["lower_half"].in_words(),
            "any random ones, minus lowest (points)": row["any"].in_words(),
        }
        for row in mask_agreement.certainty(cuts).to_dict("records")
    }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("task")


chapter.numbers(cuts_told, "How sure the cuts are.", among=mask_agreement.cut_steps, nothing=NOT_JUDGED)

# %% [markdown]
# A head is *unsure* if more than one in twenty draws of the examples remove it and more than one in twenty keep it.
# *Removed again* is the share of removed heads that two draws have in common, in brackets by chance. All seeds are
# scored on the same examples; at a spread of 1, another seed moves a head's score as much as other examples would. The
# last two columns are differences of scores without the heads of the first step, with 95% intervals over the searches
# (paired t). Near 0, other heads go with equal success. Importance and scores come from the same examples of dev, which
# favours the lowest heads: they were chosen on the examples they are judged by, the random ones were not.

# %% [markdown]
# ## Masks of your own
#
# You can have the same numbers for any masks of one model, of heads and MLPs or of weights, that are in a folder as
# mask files:
#
# ```
# lottery agreement FOLDER
# ```
#
# The command prints kappa beside chance, as in the first *All numbers* of this page, and every pair of masks, and draws
# what two masks share as `agreement.svg`. For masks of weights, of which there are millions, no random masks are drawn:
# there chance hardly varies, and is computed.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["masks_are_not_alike", "masks_depend_on_the_seed", "masks_are_unstable"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question="Do two searches on one task, from two fine-tunings, find the same subnetwork?",
    done=(
        "The masks of several seeds are compared by kappa, which corrects for chance. It is set between that of "
        "random masks and the most that the masks' sizes allow. The tests that the paper relies on are tried on "
        "masks whose likeness is known."
    ),
    found=[agreement_told(), *short.by_claims()],
    not_shown="Two masks that differ may do the same work: the chapter compares which heads are kept, not what they do.",
)
