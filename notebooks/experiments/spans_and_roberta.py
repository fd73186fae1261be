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
#     order: 40
# ---

# %% [markdown]
# # Do learned masks answer questions, and do they suit another model?
#
# A mask that is learned over frozen weights does well at telling classes apart with BERT, say the chapters before this
# one. {cite:t}`jiang2023` go two steps further: to SQuAD, where the answer is a part of a text, and to RoBERTa, whose
# sparsity they let rise in another way without saying why. Here both are tried with the same methods and budgets.

# %% tags=["parameters"]
models = ["miniature", "miniature-roberta"]  # or "minilm", a folder, a name of the hub: then with `data_dir`
data_dir = ""  # for any model but the miniatures: a downloaded glue_data folder, with SQuAD in it, or "hub"
world = 1  # seed of the miniature's world and of its pre-training
tuning_seeds = [1]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["sst2"]  # files in lottery/tasks, of classes; []: none
methods = ["smp_l", "smp_s", "movement"]  # of lottery/mask_learning, those that aim at a sparsity
sparsities = [0.5]  # shares of the weights of the layers' matrices to remove
rises = ["cubic", "linear"]  # along which the sparsity rises
answering = ["miniature"]  # of the models, those that answer questions on a text
answer_sparsities = [0.5]  # to which; along the first of the rises
answer_heads = ["mlm"]  # of lottery/task_heads, tried with SMP-L beside the head "random", which all methods have
guides = []  # recipes by which a teacher of spans is listened to: "printed", "released"; []: none is tried
answer_length = 24  # tokens of a question and a window of its paragraph, at most: 384 in the released scripts
train_examples = 0  # of the questions to train on, so many, unless they are the miniature's; 0: all
dev_examples = 0  # of those that are scored, likewise
epochs = 6.0  # of training, for every method and for fine-tuning
ramp = 0.5  # share of the steps over which the sparsity rises
batch_size = 32
score_rate = 6e-2  # learning rate of scores
weight_rate = 3e-3  # of weights, where they are trained, and of the head over them
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
head_rate = 1e-3  # of the head over weights that stay as they are
strength = 400.0  # of the regulariser of those methods that the paper gives one
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.choices import choose
from lottery.experiments import learned_mask, starts
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import LearnedMask

if not rises:
    raise ValueError("rises: the sparsity rises along something; give 'cubic', 'linear' or both")
if wrong := [name for name in methods if not choose("mask_learning", name).AIMED]:
    raise ValueError(f"methods: {wrong[0]} aims at no sparsity; give some that do, such as smp_l")


def tuned(model: str, task: str, seed: int, *, length: int, saved: bool, **examples: int) -> FineTuning:
    """The whole model fine-tuned."""
    return FineTuning(
        start=starts.start(model, task, data_dir, seed=world, miniature_steps=miniature_steps, **examples),
        task=task,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=weight_rate,
        max_length=length,
        seed=seed,
        saved=saved,
    )


def learned(of: FineTuning, method: str, sparsity: float, rise: str) -> LearnedMask:
    """A mask for the task, the model and the budget of a fine-tuning."""
    rates = learned_mask.Rates(score_rate, weight_rate, joint_rate, head_rate)
    return replace(learned_mask.beside(of, method, sparsity, ramp=ramp, rates=rates, strength=strength), rise=rise)


whole = [
    tuned(model, task, seed, length=max_length, saved=False)
    for model in models
    for task in tasks
    for seed in tuning_seeds
]
masked = [learned(of, method, s, rise) for of in whole for method in methods for s in sparsities for rise in rises]
part = {"train_examples": train_examples, "dev_examples": dev_examples}
answered = [
    tuned(model, "squad", seed, length=answer_length, saved=bool(guides), **part)
    for model in answering
    for seed in tuning_seeds
]
spans = [(of, learned(of, method, s, rises[0])) for of in answered for method in methods for s in answer_sparsities]
headed = [replace(mask, head=head) for _, mask in spans if mask.method == "smp_l" for head in answer_heads]
guided = [
    replace(mask, teacher=of, guided=guide) for of, mask in spans if mask.method != "movement" for guide in guides
]
grid = [*whole, *masked, *answered, *(mask for _, mask in spans), *headed, *guided]

# %% tags=["remove-cell"]
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import statistics as stats
from lottery import store as runs
from lottery.claims.a_teacher_adds_to_f1 import TOLD
from lottery.findings import learned_masks
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = learned_masks.scored(runs.rows(grid, Path(results)))
tables = {
    profile: runs.recorded(Path(records) / profile / "spans_and_roberta.parquet") for profile in ("miniature", "minilm")
}
recorded, bert = (learned_masks.scored(table) if len(table) else table for table in tables.values())
missing, missing_bert = (Markdown(runs.not_recorded("experiments/spans_and_roberta", name)) for name in tables)
published = pd.read_csv("book/published/jiang2023_results.csv")
no_tasks, no_answers = (Markdown(f"*Not part of this build: `{name}` is empty.*") for name in ("tasks", "answering"))
PLAIN = {"head": "random", "guided": ""}  # what all methods have
OF_FULL = {"method": learned_masks.FULL}


def title(method: str) -> str:
    """What a method is called."""
    return "full fine-tuning" if method == learned_masks.FULL else choose("mask_learning", method).TITLE


def colour(rows: pd.DataFrame) -> dict[str, int]:
    """A place in the colours for each method."""
    return {name: place for place, name in enumerate(rows.loc[rows["method"] != learned_masks.FULL, "method"].unique())}


def curve(ax: plt.Axes, rows: pd.DataFrame, value: str, place: int, label: str, line: str = "-") -> None:
    """Means over seeds and tasks against the share of weights that remains, bars from the lowest seed to the highest."""
    seeds = 100 * rows.groupby(["asked", "seed"])[value].mean()
    means = seeds.groupby("asked").agg(["mean", "min", "max"])
    spread = np.abs(means[["min", "max"]].sub(means["mean"], axis=0)).to_numpy().T
    ax.errorbar(100 * (1 - means.index), means["mean"], spread, label=label, linestyle=line, capsize=2,
                color=plots.COLOURS[place], marker=plots.MARKERS[place],
                fillstyle="full" if line == "-" else "none")  # fmt: skip


def compared(rows: pd.DataFrame, lines: list[tuple[str, str, dict, dict]]) -> pd.DataFrame:
    """Differences in points at each sparsity with 95 % intervals over seeds; of each its words, the metric, one, other."""
    told = {}
    for what, value, one, other in lines:
        for sparsity in sorted(set(rows["asked"]) - {0.0}):
            against = other if other == OF_FULL else other | {"asked": sparsity}
            found = learned_masks.difference(rows, value, one | {"asked": sparsity}, against)
            if len(found):
                interval = stats.mean_interval(found).told(100)
                told.setdefault(what, {})[f"{1 - sparsity:.0%} remain"] = interval
    return pd.DataFrame(told).T.fillna("").rename_axis("difference (points)")


def printed(table: int, index: list[str], **which: object) -> pd.DataFrame:
    """Numbers of a table of the paper in per cent, a column each share of weights that remains."""
    rows = published[published["table"] == table]
    for column, value in which.items():
        rows = rows[rows[column] == value]
    names = {"fine_tuning": title(learned_masks.FULL), "cap": "CAP"}
    rows = rows.sort_values(["metric", "teacher"], kind="stable")
    rows = rows.assign(
        method=[names.get(name) or title(name) for name in rows["method"]],
        teacher=rows["teacher"].map({True: "a teacher", False: "no teacher"}),
        told=[f"{100 * score:.1f}" if score == score else "did not converge" for score in rows["score"]],
    )
    found = rows.set_index([*index, "sparsity"])["told"].unstack(sort=False).sort_index(axis=1)
    return found.fillna("").rename(columns=lambda sparsity: f"{1 - sparsity:.0%} remain").rename_axis(columns=None)


# %% [markdown]
# (j10)=
# ## Answers that are a part of a text
#
# In SQuAD {cite:p}`rajpurkar2016` a question is asked about a paragraph, and the answer is some words of it. A model
# scores every token as the first and as the last word of the answer, and the span whose two scores add up to most is
# taken. The paper makes these two scores as it makes those of classes: the one of the word *yes* is that of a start, the
# one of *no* that of an end; its released code computes them with the whole frozen MLM head at every token, over all
# words of the vocabulary, of which two are read. Here the decoder has these two rows only. A paragraph that is too long
# for the model is read in windows that overlap, each beginning a third of `answer_length` tokens after the one before, as
# in BERT's own script {cite:p}`devlin2019`; each window is an example to train on, and the best span of all windows is the
# answer. *Exact match* counts answers that are an accepted one, but for capitals, punctuation and articles; *F1* is the
# harmonic mean of precision and recall of an answer's words. Both are computed by the rules of SQuAD's own script. The
# miniature asks who owns, eats or fears what, about two sentences of two nouns; windows are so small that many questions
# need two.


# %% tags=["hide-input"]
def answers_drawn(rows: pd.DataFrame) -> None:
    """F1 and exact match against the share of weights that remains: a row of two panels a model, a line each method."""
    rows = rows[rows["task"] == "squad"]
    names = list(rows["model"].unique())
    figure, panels = plt.subplots(len(names), 2, figsize=(7.0, 3.2 * len(names)), squeeze=False)
    for pair, model in zip(panels, names, strict=True):
        here = rows[rows["model"] == model]
        plain = here[(here["head"] == "random") & (here["guided"] == "")]
        for ax, value, name in zip(pair, ("score", "exact_match"), ("F1", "exact match"), strict=True):
            for method, place in colour(plain).items():
                curve(ax, plain[plain["method"] == method], value, place, title(method))
                taught = here[(here["method"] == method) & (here["guided"] == "released")]
                if len(taught):
                    curve(ax, taught, value, place, f"{title(method)}, a teacher", "--")
            others = here[(here["head"] != "random") & (here["method"] != learned_masks.FULL)]
            for place, (head, some) in enumerate(others.groupby("head", sort=False), start=len(colour(plain))):
                curve(ax, some, value, place, f"SMP-L, the head {head}", ":")
            full = 100 * here.loc[here["method"] == learned_masks.FULL, value].mean()
            ax.axhline(full, color="black", linestyle="--", linewidth=1, label=title(learned_masks.FULL))
            plots.remaining(ax, here.loc[here["method"] != learned_masks.FULL, "asked"])
            ax.set(ylabel=f"{name} (x 100)")
        pair[0].set_title(model, fontsize=10, loc="left")
    figure.legend(*panels[0][0].get_legend_handles_labels(), fontsize=8, ncols=3, loc="outside lower center")


# %% tags=["hide-input"] mystnb={"image": {"alt": "F1 and exact match of answers against the share of weights that remains, a line for each method, the full fine-tuned model as a dashed line."}, "figure": {"name": "spans-live", "caption": "Questions answered by masks, computed for this build. Points are means over seeds, bars span them."}}
answers_drawn(live) if answering else no_answers

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same on the recorded grid of the miniature, with a teacher too."}, "figure": {"name": "spans-recorded", "caption": "The same on the miniature's recorded grid; broken lines and hollow points are models that a teacher guided."}}
answers_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for a real BERT on a part of SQuAD."}, "figure": {"name": "j10-minilm", "caption": "The same for MiniLM, a real pre-trained BERT, on a part of SQuAD's questions."}}
answers_drawn(bert) if len(bert) else missing_bert


# %% tags=["hide-input"]
def part_told(runs: pd.DataFrame) -> Markdown:
    """How many questions the runs of a real BERT learn from, and are scored on."""
    train, dev = (
        " or ".join(f"{count:,.0f}" for count in runs[f"start.{split}_examples"].unique()) for split in ("train", "dev")
    )
    return Markdown(
        f"Of the real BERT the recorded runs learn from {train} questions, all on a part of SQuAD's training articles, and "
        f"are scored on {dev} of dev."
    )


part_told(tables["minilm"]) if len(bert) else missing_bert


# %% tags=["hide-input"]
def answers_compared(rows: pd.DataFrame) -> pd.DataFrame:
    """What methods, heads and teachers add to each other in F1, and the first of them in exact match, by model."""
    rows = rows[rows["task"] == "squad"]
    smp_l, smp_s, movement = ({"method": name} | PLAIN for name in ("smp_l", "smp_s", "movement"))
    lines = [
        ("SMP-L minus movement, F1", "score", smp_l, movement),
        ("SMP-L minus movement, exact match", "exact_match", smp_l, movement),
        ("SMP-S minus SMP-L, F1", "score", smp_s, smp_l),
        ("SMP-L minus full fine-tuning, F1", "score", smp_l, OF_FULL),
        ("the frozen MLM head minus a trained one, SMP-L, F1", "score", smp_l | {"head": "mlm"}, smp_l),
        ("a teacher as printed, SMP-L, F1", "score", smp_l | {"guided": "printed"}, smp_l),
        ("a teacher as released, SMP-L, F1", "score", smp_l | {"guided": "released"}, smp_l),
        ("a teacher as released, SMP-S, F1", "score", smp_s | {"guided": "released"}, smp_s),
    ]
    told = {model: compared(rows[rows["model"] == model], lines) for model in rows["model"].unique()}
    return pd.concat(told).fillna("")


answers_compared(live) if answering else no_answers

# %% tags=["hide-input"]
answers_compared(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
answers_compared(bert) if len(bert) else missing_bert

# %% [markdown]
# In brackets the 95 % interval over seeds (paired t), which one seed does not have.


# %% tags=["hide-input"]
def over_all(rows: pd.DataFrame, one: dict, other: dict) -> str:
    """One minus other in points, with its interval over seeds: the mean over the methods and sparsities of both."""
    varied = [column for column in ("method", "asked") if column not in one]
    places = rows.loc[rows["method"] != learned_masks.FULL, varied].drop_duplicates().to_dict("records")
    each = [learned_masks.difference(rows, "score", place | one, place | other) for place in places]
    if not (each := [found for found in each if len(found)]):
        return "not tried"
    values = pd.concat(each, axis=1).mean(axis=1, skipna=False)
    return stats.mean_interval(values).told(100)


def answers_told(rows: pd.DataFrame) -> Markdown:
    """What not touching the weights costs in F1, by model, and how well the whole model does."""
    rows, told = rows[rows["task"] == "squad"], []
    for model, here in rows.groupby("model", sort=False):
        difference = over_all(here, {"method": "smp_l"} | PLAIN, {"method": "movement"} | PLAIN)
        whole = 100 * here.loc[here["method"] == learned_masks.FULL, "score"].mean()
        told.append(f"{difference} points on the {model}, which has {whole:.1f} when it is fine-tuned whole")
    return Markdown(
        f"SMP-L minus movement in F1, the mean over the sparsities: {'; '.join(told)}. One answer to all, the first word of "
        f"the paragraph, has an F1 of {100 * rows['majority'].mean():.1f}."
    )


answers_told(live) if answering else no_answers

# %% tags=["hide-input"]
answers_told(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
answers_told(bert) if len(bert) else missing_bert

# %% [markdown]
# What the paper prints for BERT-base, in Table 1 and, for other masking functions, in Table 3:

# %% tags=["hide-input"]
printed(1, ["metric", "teacher", "method"], task="squad").rename({"exact_match": "exact match", "f1": "F1"})

# %% tags=["hide-input"]
printed(3, ["method"], task="squad", metric="f1")


# %% tags=["hide-input"]
def teacher_told() -> Markdown:
    """The sentence on teachers, beside what Table 1 gives."""
    rows = published[(published["table"] == 1) & (published["task"] == "squad")]
    scores = rows.pivot_table("score", index=["metric", "method", "sparsity"], columns="teacher")
    added = (100 * (scores[True] - scores[False])).round(1)

    def told(metric: str, method: str) -> str:
        return " and ".join(f"{added[metric, method, s]:.1f} with {1 - s:.0%}" for s in (0.9, 0.97))

    return Markdown(
        f"The paper says that a teacher improves the F1 of SMP-L by {TOLD['smp_l']} points and of SMP-S by "
        f"{TOLD['smp_s']}. By its Table 1 the F1 of SMP-L rises by {told('f1', 'smp_l')} of the weights, that of SMP-S by "
        f"{told('f1', 'smp_s')}; exact match rises by {told('exact_match', 'smp_l')} and by {told('exact_match', 'smp_s')}."
    )


teacher_told()

# %% [markdown]
# (j11)=
# ## RoBERTa
#
# RoBERTa {cite:p}`liu2019` has BERT's layers, so that the same matrices can be masked, and is else another model: no next
# sentence task, no token types, positions that are counted from 2 on, two separators between two texts, and pieces of
# words to which the blank before them belongs, so that the word for a label is *" great"* and not *"great"*. Its MLM head
# has the same parts under other names. The second miniature is made so: a stock RoBERTa of the same size, in byte pairs
# of its own, pre-trained on the same text for the same number of steps. As its pieces and its pre-training differ, scores
# are compared inside of each model, not between them.
#
# For BERT the sparsity rises along the cubic $s_t = s (1 - (1 - t / N)^3)$, for RoBERTa along the line $s_t = s t / N$.
# Why, the paper does not say, and the scripts that come with it never ask for the line. Here both models get both.


# %% tags=["hide-input"]
def models_drawn(rows: pd.DataFrame) -> None:
    """Mean score over the tasks against the share of weights that remains, a panel a model, a line a method and a rise."""
    rows = rows[rows["task"] != "squad"]
    names = list(rows["model"].unique())
    figure, panels = plt.subplots(1, len(names), figsize=(3.8 * len(names), 3.8), squeeze=False, sharey=True)
    for ax, name in zip(panels[0], names, strict=True):
        here = rows[rows["model"] == name]
        for method, place in colour(here).items():
            for rise, line in (("cubic", "-"), ("linear", "--")):
                some = here[(here["method"] == method) & (here["rise"] == rise)]
                if len(some):
                    curve(ax, some, "score", place, f"{title(method)}, {rise}", line)
        full = 100 * here.loc[here["method"] == learned_masks.FULL, "score"].mean()
        ax.axhline(full, color="black", linestyle="--", linewidth=1, label=title(learned_masks.FULL))
        plots.chance(ax, 100 * here["majority"].mean(), "one answer to all")
        plots.remaining(ax, here.loc[here["method"] != learned_masks.FULL, "asked"])
        ax.set_title(name, fontsize=10)
    panels[0][0].set(ylabel="mean score over the tasks (x 100)")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean score against the share of weights that remains, a panel for each model; a solid line for each method whose sparsity rises along a cubic, a broken one where it rises along a line; the full fine-tuned model is a dashed line."}, "figure": {"name": "roberta-live", "caption": "Masks on BERT and on RoBERTa, both of the miniature, computed for this build. Points are means over seeds, bars span them; hollow ones are of a sparsity that rises along a line."}}
models_drawn(live) if tasks else no_tasks

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same on the recorded grid of the miniature."}, "figure": {"name": "roberta-recorded", "caption": "The same on the miniature's recorded grid."}}
models_drawn(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def papers_rise(model: str) -> str:
    """Along what the paper lets the sparsity of such a model rise."""
    return "linear" if "roberta" in model.lower() else "cubic"


def models_compared(rows: pd.DataFrame) -> pd.DataFrame:
    """For each model the line minus the cubic, and masks minus fine-tuning, mean over the tasks."""
    rows = rows[rows["task"] != "squad"]
    found, full = [], []
    for model in rows["model"].unique():
        own = {"method": "smp_l", "rise": papers_rise(model)}
        lines = [
            (
                f"{model}, {title(method)}: the line minus the cubic",
                "score",
                *({"method": method, "rise": rise} for rise in ("linear", "cubic")),
            )
            for method in colour(rows)
        ]
        lines.append((f"{model}: SMP-L as in the paper minus movement", "score", own, own | {"method": "movement"}))
        whole = (f"{model}: SMP-L as in the paper minus full fine-tuning", "score", own, OF_FULL)
        here = rows[rows["model"] == model]
        found.append(compared(here, lines))
        full.append(compared(here, [whole]))
    return pd.concat([*found, *full]).fillna("").rename_axis("difference of scores (points), mean over the tasks")


models_compared(live) if tasks else no_tasks

# %% tags=["hide-input"]
models_compared(recorded) if len(recorded) else missing

# %% [markdown]
# The paper's Table 2, without a teacher; SMP is the better of SMP-L and SMP-S of each task, its choice made by these very
# scores; in brackets its deviations over seeds, of Table 7:

# %% tags=["hide-input"]
table = published[published["table"] == 2]
deviations = (100 * table["sd"]).map(lambda deviation: "" if np.isnan(deviation) else f" ({deviation:.2f})")
table = table.assign(score=(100 * table["score"]).map("{:.1f}".format) + deviations)
named = {"fine_tuning": title(learned_masks.FULL), "smp": "SMP", "supert": "SuperT"}
left = [f", {100 * (1 - sparsity):.3g} % remain" if sparsity else "" for sparsity in table["sparsity"]]
table.assign(method=table["method"].map(named) + left).pivot_table(
    "score", index=["model", "method"], columns="task", aggfunc="first", sort=False
).rename_axis(columns=None)


# %% tags=["hide-input"]
def printed_told() -> Markdown:
    """What SMP adds in Table 2, with its interval over the tasks, for both models."""
    rows = published[(published["table"] == 2) & (published["task"] != "average")]
    scores = 100 * rows.pivot_table("score", index="task", columns=["model", "method"])
    told = []
    for model in ("bert-base-uncased", "roberta-base"):
        more = scores[model, "smp"] - scores[model, "fine_tuning"]
        found = stats.mean_interval(more).told()
        told.append(f"{found} on {model}, more on {(more > 0.05).sum()} of {len(more)} tasks")
    return Markdown(
        f"What SMP adds there to full fine-tuning, in points with the 95 % interval over the tasks: {'; '.join(told)}."
    )


printed_told()


# %% tags=["hide-input"]
def rise_told(rows: pd.DataFrame) -> Markdown:
    """Whether the line does better than the cubic, by model."""
    rows = rows[rows["task"] != "squad"]
    told = [
        f"{over_all(rows[rows['model'] == model], {'rise': 'linear'}, {'rise': 'cubic'})} points on the {model}"
        for model in rows["model"].unique()
    ]
    return Markdown(f"The line minus the cubic, the mean over all methods, tasks and sparsities: {', '.join(told)}.")


rise_told(live) if tasks else no_tasks

# %% tags=["hide-input"]
rise_told(recorded) if len(recorded) else missing
