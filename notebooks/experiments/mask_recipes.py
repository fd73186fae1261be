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
#     order: 20
# ---

# %% [markdown]
# # What does a learned mask need?
#
# {cite:t}`jiang2023` learn a mask over frozen weights, and name three things that it takes: a head for the task made of
# words that the model knows, a regulariser that presses scores down, and, for their best numbers, a teacher. In each the
# paper says one thing and its code does another. Here each is varied alone, around one recipe, on the same data and for the
# same number of steps.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
world = 1  # seed of the miniature's world and of its pre-training, and of a training on `text`
tuning_seeds = [1]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
text = ""  # for a model that is published without an MLM head: a file or folder of plain text to train one on first
text_steps = 1000  # of that training
text_learning_rate = 5e-4
text_batch_size = 16  # pairs of passages
text_length = 64  # tokens of a pair, at most
tasks = ["cola", "sst2"]  # files in lottery/tasks
sparsities = [0.9]  # shares of the weights of the layers' matrices to remove
method = "smp_l"  # a file in lottery/mask_learning
heads = ["embedding", "random"]  # files in lottery/task_heads, tried beside the MLM head, which is that of the base
strength = 400.0  # of the regulariser
strengths = []  # others that are tried
pressings = ["ramp", "run"]  # when it rises: with the sparsity, as printed, or over the whole run, as released
summed = True  # whether it is also tried as a sum over all weights, as printed, instead of a mean of means
guides = ["released"]  # how a teacher is listened to: "printed", "released"; []: no teacher is tried
guided_methods = []  # of lottery/mask_learning, those tried with a teacher as released beside the method above
epochs = 6.0  # of training
ramp = 0.5  # share of the steps over which the sparsity rises
batch_size = 32
score_rate = 6e-2  # learning rate of scores
weight_rate = 3e-3  # of the teacher, and of weights where the method trains them
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
head_rate = 1e-3  # of the head where it is trained
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


def begun(task: str) -> dict:
    """What the trainings on a task begin from, and the task's data where that does not bring it."""
    if not text:
        return {"start": starts.start(model, task, data_dir, seed=world, miniature_steps=miniature_steps)}
    headed = starts.pretrained(
        model,
        text,
        seed=world,
        miniature_steps=miniature_steps,
        text_steps=text_steps,
        text_learning_rate=text_learning_rate,
        text_batch_size=text_batch_size,
        text_length=text_length,
    )
    return {"start": headed, "data": starts.task_data(model, task, data_dir)}


teachers = [
    FineTuning(
        **begun(task),
        task=task,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=weight_rate,
        max_length=max_length,
        seed=seed,
        saved=True,
    )
    for task in tasks
    for seed in tuning_seeds
]
HEAD = "mlm"  # of the base, as released
rates = learned_mask.Rates(score_rate, weight_rate, joint_rate, head_rate)
bases = [
    replace(
        learned_mask.beside(teacher, method, sparsity, ramp=ramp, rates=rates, strength=strength),
        head=HEAD,
        strength=strength,
    )
    for teacher in teachers
    for sparsity in sparsities
]
of = {(teacher.task, teacher.seed): teacher for teacher in teachers}
variations = [
    *({"head": head} for head in heads),
    *({"pressing": pressing} for pressing in pressings if pressing != "run"),
    *({"strength": other} for other in (0.0, *strengths)),
    *([{"summed": True}] if summed else []),
]
varied = [replace(base, **change) for base in bases for change in variations]
varied += [
    replace(base, released_words=True) for base in bases if hasattr(choose("tasks", base.task), "RELEASED_WORDS")
]
taught = {place: teacher for place, teacher in of.items() if choose("tasks", teacher.task).KIND != "regression"}
guided = [
    replace(base, teacher=taught[base.task, base.seed], guided=guide)
    for base in bases
    if (base.task, base.seed) in taught
    for guide in guides
]
rivals_guided = [
    replace(
        learned_mask.beside(teacher, other, sparsity, ramp=ramp, rates=rates, strength=strength),
        teacher=teacher,
        **({"head": HEAD} if choose("mask_learning", other).FROZEN else {}),
    )
    for teacher in taught.values()
    for other in guided_methods
    for sparsity in sparsities
]
grid = [*teachers, *bases, *varied, *guided, *rivals_guided]

# %% tags=["remove-cell"]
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import statistics as stats
from lottery import store as runs
from lottery.findings import learned_masks
from lottery.findings.published import one_metric
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded, bert = (
    runs.recorded(Path(records) / profile / "mask_recipes.parquet") for profile in ("miniature", "minilm")
)
missing, missing_bert = (
    Markdown(runs.not_recorded("experiments/mask_recipes", name)) for name in ("miniature", "minilm")
)
published = pd.read_csv("book/published/jiang2023_results.csv")
HEADS = {"embedding": "the bare embedding", "random": "a new head, trained"}
WORDS = "the words as released"
GUIDED = ("a teacher, as printed", "a teacher, as released")
BASE = "base"


def told(runs: pd.DataFrame) -> pd.DataFrame:
    """The masks learned by the method of the base, with what was varied in words in the column `recipe`, BASE for none.

    A score that is not defined is 0. The strength of the base is the one that most of them have.
    """
    rows = runs[(runs["experiment"] == "LearnedMask") & (runs["method"] == method)]
    usual = rows["strength"].mode()[0]
    return rows.assign(
        recipe=[_recipe(row, usual) for row in rows.to_dict("records")], score=rows["score"].astype(float).fillna(0)
    )


def _recipe(row: dict, usual: float) -> str:
    if row["teacher"] == "FineTuning":
        return f"a teacher, as {row['guided']}"
    if row["released_words"]:
        return WORDS
    if row["summed"]:
        return "the regulariser as a sum"
    if row["strength"] != usual:
        return f"strength {row['strength']:g}" if row["strength"] else "no regulariser"
    if row["pressing"] != "run":
        return "the regulariser rising with the sparsity"
    return HEADS.get(row["head"], BASE)


def pressed(runs: pd.DataFrame) -> list[str]:
    """The recipes of these runs that differ from the base by the regulariser."""
    found = told(runs)["recipe"].unique()
    return [recipe for recipe in found if recipe not in (BASE, WORDS, *HEADS.values(), *GUIDED)]


def against_base(runs: pd.DataFrame) -> pd.DataFrame:
    """Each recipe minus the base in points, mean over the tasks, at each sparsity, with its 95 % interval over seeds."""
    rows, lines = told(runs).set_index(["seed", "task"]), []
    base = rows[rows["recipe"] == BASE]
    for (recipe, sparsity), some in rows[rows["recipe"] != BASE].groupby(["recipe", "sparsity"], sort=False):
        values = learned_masks.by_seed(some["score"], base.loc[base["sparsity"] == sparsity, "score"]).dropna()
        if len(values):
            found = stats.mean_interval(100 * values)
            lines.append({"recipe": recipe, "sparsity": sparsity, **found._asdict(), "told": found.told()})
    return pd.DataFrame(lines)


def silent(runs: pd.DataFrame) -> Markdown:
    """How many of the models do no better than one answer to all, and what the teachers score."""
    masked, whole = told(runs), runs[runs["experiment"] == "FineTuning"]
    at_chance = int((masked["score"] <= masked["majority"].fillna(0)).sum())
    return Markdown(
        f"Of {len(masked)} masks {at_chance} do no better than one answer to all: a difference between two of these says "
        f"nothing. Fine-tuned whole, the model scores {100 * whole['score'].astype(float).fillna(0).mean():.1f} on average."
    )


def table(runs: pd.DataFrame, *recipes: str) -> pd.DataFrame:
    """The score of the base, and what recipes add to it where they were tried, a column each sparsity."""
    rows, found = told(runs), against_base(runs)
    base = rows[rows["recipe"] == BASE].groupby("sparsity")["score"].mean()
    lines = {"base: mean score (x 100)": {sparsity: f"{100 * score:.1f}" for sparsity, score in base.items()}}
    for recipe in [name for name in recipes if name in set(found["recipe"])]:
        some = found[found["recipe"] == recipe]
        lines[f"{recipe}: minus base (points)"] = dict(zip(some["sparsity"], some["told"], strict=True))
    return pd.DataFrame(lines).T.fillna("").rename(columns=lambda sparsity: f"{1 - sparsity:.0%} remain")


def printed(number: int, by: str) -> pd.DataFrame:
    """A table of the paper in per cent: a row a task and variant, a column each share of remaining weights."""
    rows = published[published["table"] == number]
    rows = rows.assign(task=rows["task"].map(lambda task: choose("tasks", task).TITLE), score=100 * rows["score"])
    found = rows.pivot_table(index=["task", by], columns="sparsity", values="score", dropna=False, sort=True)
    return found.map(lambda score: "did not converge" if np.isnan(score) else f"{score:.1f}").rename(
        columns=lambda sparsity: f"{1 - sparsity:.0%} remain"
    )


# %% [markdown]
# ## All of them at a glance
#
# The base is SMP-L as released: the frozen MLM head, the regulariser as a mean of means that rises over the whole run, no
# teacher. A point is what one change adds to the mean score over the tasks.


# %% tags=["hide-input"]
def drawn(runs: pd.DataFrame) -> None:
    """A line for each recipe and sparsity."""
    found = against_base(runs)
    recipes = pd.Categorical(found["recipe"], found["recipe"].unique())
    found = found.assign(recipe=recipes).sort_values(["recipe", "sparsity"])
    names = [f"{recipe}, {1 - s:.0%} remain" for recipe, s in zip(found["recipe"], found["sparsity"], strict=True)]
    (ax,) = plots.panels(1, size=(7.0, 0.32 * len(found) + 1.2))
    plots.differences(found.assign(name=names), name="name", mean="mean", low="low", high="high", ax=ax)
    ax.set(xlabel="minus base, mean score over the tasks (points)")


# %% tags=["hide-input"] mystnb={"image": {"alt": "What each variation of the recipe adds to the base's mean score, a line each variation and sparsity of this build."}, "figure": {"name": "mask-recipes-live", "caption": "What each change to the recipe adds, computed for this build; with one seed there is no interval."}}
drawn(live)

# %% tags=["hide-input"]
silent(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded tasks of the miniature, with intervals over seeds."}, "figure": {"name": "mask-recipes-recorded", "caption": "The same on the miniature's recorded grid, with 95 % intervals over seeds."}}
drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
silent(recorded) if len(recorded) else missing

# %% [markdown]
# And a real BERT, all-MiniLM-L6-v2. It is published without an MLM head, so one is trained first, with
# the model, on paragraphs of Wikipedia, as in the chapters on {cite:t}`gordon2020`.

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for a real BERT on CoLA."}, "figure": {"name": "mask-recipes-minilm", "caption": "The same for MiniLM on CoLA."}}
drawn(bert) if len(bert) else missing_bert

# %% tags=["hide-input"]
silent(bert) if len(bert) else missing_bert

# %% [markdown]
# (j5)=
# ## The head: words for labels
#
# The paper prints the score of a label as $h_{[CLS]} \cdot e$, the product of the first token's output with the word
# embedding of a word for the label, such as *great* for a praising review, both frozen. The code reads the whole MLM head
# there instead: a dense layer, an activation and a LayerNorm stand between, and a bias comes after. And in the code the
# words of MNLI stand for the wrong labels: *yes* for contradiction, *maybe* for entailment, *no* for neutral. Table 4 of
# the paper compares its head with a new one that is trained. What our other readings of the head add to the whole MLM head
# and to words that belong to the names of labels; the words as released differ for MNLI alone:

# %% tags=["hide-input"]
table(live, *HEADS.values(), WORDS)

# %% tags=["hide-input"]
table(recorded, *HEADS.values(), WORDS) if len(recorded) else missing

# %% tags=["hide-input"]
table(bert, *HEADS.values(), WORDS) if len(bert) else missing_bert

# %% tags=["hide-input"]
printed(4, "head")

# %% [markdown]
# (j6)=
# ## The regulariser
#
# It adds a multiple of the sum of $\sigma(S)$ to the loss, so that all scores sink, and among scores below 0 the highest
# sink fastest: so masks keep changing when the sparsity has been reached. The paper prints a sum over all weights, and lets
# it rise with the sparsity; its code takes the mean over each matrix, and the mean of these, and lets it rise over the
# whole run. Without it, says Table 5, sparse masks fall behind or do not converge. The strength of 400 is that of the
# code, so it belongs to the mean: the sum is tried at the same strength, since the paper names no other, and presses as
# many times as hard as there are weights. That it fails says that the formula cannot be what ran, and nothing more.

# %% tags=["hide-input"]
table(live, *pressed(live))

# %% tags=["hide-input"]
table(recorded, *pressed(recorded)) if len(recorded) else missing

# %% tags=["hide-input"]
table(bert, *pressed(bert)) if len(bert) else missing_bert

# %% tags=["hide-input"]
printed(5, "pressed")

# %% [markdown]
# What it does to the heads of the model, {doc}`/analyses/where_masks_keep` measures.
#
# (j7)=
# ## A teacher
#
# The same model, fine-tuned whole, tells how likely it holds each class to be. The paper adds $D_{KL}(p_s \| p_t)$ to the
# loss; the code takes half the loss and half $T^2 D_{KL}(p_t \| p_s)$ of distributions softened at $T = 2$, as
# {cite:t}`hinton2015` and {cite:t}`sanh2020` do. A number on a scale is one class, of which a teacher is always certain,
# so that STS-B has none here; the code halves its loss and calls that a teacher.

# %% tags=["hide-input"]
table(live, *GUIDED)

# %% tags=["hide-input"]
table(recorded, *GUIDED) if len(recorded) else missing

# %% tags=["hide-input"]
table(bert, *GUIDED) if len(bert) else missing_bert


# %% tags=["hide-input"]
def teachers_printed() -> pd.DataFrame:
    """What a teacher adds in the paper's Table 1, in points, by method, task and remaining weights."""
    rows = one_metric(published[published["table"] == 1])
    scores = rows.pivot_table(index=["method", "sparsity"], columns=["teacher", "task"], values="score")
    added = (100 * (scores[True] - scores[False])).dropna(how="all").round(1)
    names = [f"{choose('mask_learning', method).TITLE}, {1 - sparsity:.0%} remain" for method, sparsity in added.index]
    return added.set_axis(names).rename(columns=lambda task: choose("tasks", task).TITLE).rename_axis(None, axis=1)


teachers_printed()

# %% [markdown]
# In Figure 1 of the paper the lower row is of methods that all have the same teacher. So here, as released; methods that
# change no weight have the frozen head, the others a new one:


# %% tags=["hide-input"]
def together(runs: pd.DataFrame) -> pd.DataFrame:
    """What a teacher guided as released, and the base without one, with the method in words in the column `name`."""
    base = told(runs)
    base = base[base["recipe"] == BASE].assign(name=lambda rows: title(rows["method"]) + ", no teacher")
    rows = runs[(runs["experiment"] == "LearnedMask") & runs["teacher"].notna() & (runs["guided"] == "released")]
    rows = rows.assign(name=title(rows["method"]), score=rows["score"].astype(float).fillna(0))
    return pd.concat([rows, base[base["task"].isin(rows["task"])]], ignore_index=True)


def title(methods: pd.Series) -> pd.Series:
    """What methods are called."""
    return methods.map(lambda name: choose("mask_learning", name).TITLE)


def together_drawn(runs: pd.DataFrame) -> None:
    """Score against the share of weights that remains, a panel a task, a line each method with the teacher."""
    rows, whole = together(runs), runs[runs["experiment"] == "FineTuning"]
    tasks, names = rows["task"].unique(), rows["name"].unique()
    lines = -(-len(tasks) // 2)
    figure, panels = plt.subplots(lines, 2, figsize=(7.6, 3.0 * lines + 0.6), squeeze=False)
    for ax, task in zip(panels.flat, tasks, strict=False):
        here = rows[rows["task"] == task]
        for number, name in enumerate(names):
            means = here[here["name"] == name].groupby("sparsity")["score"].agg(["mean", "min", "max"])
            spread = np.abs(means[["min", "max"]].sub(means["mean"], axis=0)).to_numpy().T
            look = {"color": plots.COLOURS[number], "marker": plots.MARKERS[number], "label": name}
            style = "--" if name.endswith("no teacher") else "-"
            ax.errorbar(100 * (1 - means.index), 100 * means["mean"], 100 * spread, linestyle=style, capsize=2, **look)
        full = whole.loc[whole["task"] == task, "score"].astype(float).mean()
        ax.axhline(100 * full, color="black", linestyle="--", label="the teacher")
        plots.chance(ax, 100 * here["majority"].astype(float).fillna(0).mean(), "one answer to all")
        plots.remaining(ax, here["sparsity"]).set(ylabel=f"{choose('tasks', task).METRIC} (x 100)")
        ax.set_title(choose("tasks", task).TITLE, fontsize=10)
    for ax in list(panels.flat)[len(tasks) :]:
        ax.set_visible(False)
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)


def together_compared(runs: pd.DataFrame) -> pd.DataFrame:
    """The base's method minus each other, both with the teacher, in points, mean over the tasks."""
    rows = together(runs).set_index(["seed", "task"])
    (own,) = title(pd.Series([method]))
    lines = {}
    for name in rows["name"].unique():
        if name == own:
            continue
        found = {}
        for sparsity, some in rows[rows["name"] == name].groupby("sparsity"):
            ours = rows.loc[(rows["name"] == own) & (rows["sparsity"] == sparsity), "score"]
            values = learned_masks.by_seed(ours, some["score"]).dropna()
            found[f"{1 - sparsity:.0%} remain"] = stats.mean_interval(values).told(100)
        lines[f"{own} minus {name}"] = found
    return pd.DataFrame(lines).T.rename_axis("difference of scores (points), mean over the tasks")


no_teacher = Markdown("*Not part of this build: `guides` lacks `released`.*")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Score against the share of weights that remains, for each task of this build a panel and for each method with a teacher a line; the teacher itself is a dashed line."}, "figure": {"name": "guided-live", "caption": "Methods with a teacher, computed for this build. Points are means over seeds, bars span them."}}
together_drawn(live) if "released" in guides else no_teacher

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded tasks of the miniature."}, "figure": {"name": "guided-recorded", "caption": "The same on the miniature's recorded grid."}}
together_drawn(recorded) if len(recorded) else missing

# %% tags=["hide-input"]
together_compared(recorded) if len(recorded) else missing
