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
#     order: 75
# ---

# %% [markdown]
# # Which learning rate does each method get?
#
# A comparison of methods is fair when each is trained at a rate that suits it. The papers take theirs from BERT-base on
# large data, $2 \cdot 10^{-2}$ for scores and $3 \cdot 10^{-5}$ for weights; on the miniature neither need be right. Rates
# are chosen here on a **world of its own**, in whose language no other chapter prunes or masks a model, so that nothing is
# chosen on what is reported. The build's own figure is made on the other chapters' world and only shows how it is done.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
world = 1  # seed of the miniature's world and of its pre-training; that of the recorded grid is 6
tuning_seeds = [0]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola"]  # files in lottery/tasks
methods = ["smp_l", "movement", "magnitude"]  # of lottery/mask_learning
sparsities = [0.9]  # shares of the weights of the layers' matrices to remove
score_rates = [2e-2, 6e-2]  # learning rates of scores
weight_rates = [1e-3, 3e-3]  # of weights, where they are trained, and of the head
strength = 400.0  # of the regulariser of those methods that the paper gives one
epochs = 6.0  # of training
ramp = 0.5  # share of the steps over which the sparsity rises
batch_size = 32
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery.choices import choose
from lottery.experiments.studies import MaskStudy, TaskStudy
from lottery.suite.given import given

globals().update(given("analyses/mask_rates", globals()))
study = TaskStudy.from_cell(globals())
grid = []
for task in tasks:
    for seed in tuning_seeds:
        for weight_rate in weight_rates:
            whole = study.tuned(task, seed, world=world, learning_rate=weight_rate)
            grid.append(whole)
            for method in methods:
                tried = score_rates if choose("mask_learning", method).LEARNED else score_rates[:1]
                alike = dict.fromkeys(("weight_rate", "joint_rate", "head_rate"), weight_rate)
                masks = [MaskStudy(ramp=ramp, strength=strength, score_rate=rate, **alike) for rate in tried]
                grid += [each.mask(whole, method, sparsity) for sparsity in sparsities for each in masks]

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd

from lottery.findings import mask_rates
from lottery.suite import plots
from lottery.suite.chapter import perform

chapter = perform("analyses/mask_rates", grid, results, records, workers=workers, scheduler=scheduler)

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# ## Mean scores over the tasks and sparsities


# %% tags=["hide-input"]
def drawn(runs: pd.DataFrame) -> None:
    """A panel a method: mean score over tasks and sparsities, rates of scores in rows, of weights in columns."""
    rows = mask_rates.scored(runs)
    methods = rows["method"].unique()
    axes = plots.panels(len(methods), size=(3.5, 1.9))
    for ax, method in zip(axes, methods, strict=True):
        some = rows[rows["method"] == method]
        table = some.pivot_table(index="scores_at", columns="weights_at", values="score")
        table = table.loc[sorted(table.index, key=lambda rate: 0.0 if rate == mask_rates.NO_RATE else float(rate))]
        ax.imshow(table, cmap="OrRd", aspect="auto")
        middle = (table.min().min() + table.max().max()) / 2
        for (row, column), score in np.ndenumerate(table.to_numpy()):
            colour = "white" if score > middle else "black"
            ax.text(column, row, f"{score:.1f}", ha="center", va="center", color=colour, fontsize=9)
        ax.set_xticks(range(len(table.columns)), [f"{rate:g}" for rate in table.columns], fontsize=8)
        ax.set_yticks(range(len(table)), table.index, fontsize=8)
        ax.grid(visible=False)
        ax.set_title(method, fontsize=10)
    axes[0].figure.supxlabel("learning rate of weights, or of the head alone", fontsize=9)
    axes[0].figure.supylabel("learning rate of scores", fontsize=9)


# %% tags=["hide-input"] mystnb={"image": {"alt": "For each method of this build a table of mean scores by the learning rates of scores and of weights; darker is better."}, "figure": {"name": "mask-rates-live", "caption": "Mean score by learning rate, computed for this build on few rates. Rows: rate of scores; columns: rate of weights."}}
chapter.shown(drawn, "live")

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded grid of more methods and rates, on a world of its own."}, "figure": {"name": "mask-rates-recorded", "caption": "The same, recorded on the world by which the rates of the other chapters are chosen."}}
chapter.shown(drawn)


# %% tags=["hide-input"]
def best(runs: pd.DataFrame) -> pd.DataFrame:
    """For each method the best rates, how far the best is ahead of the worst, and what the rate of scores alone does."""
    table = mask_rates.best(mask_rates.scored(runs))
    texts = {
        "scores at": table["scores_at"],
        "weights at": table["weights_at"].map("{:g}".format),
        "mean score": table["best"].map("{:.1f}".format),
        "worst": table["worst"].map("{:.1f}".format),
        "largest effect of the scores' rate": table["by_scores"].map("{:.1f}".format),
        "best at an end of the grid": table["at_end"].map(", ".join),
    }
    return pd.DataFrame(texts)


chapter.shown(best, "live")

# %% tags=["hide-input"]
chapter.shown(best)

# %% [markdown]
# With so few seeds differences of a few points are noise: what is taken is one rate for all scores, one for weights, one
# for the weights of movement, whose scores follow from how they move, and one for a head over frozen weights, each from
# what does well. They stand in the first cell of {doc}`/experiments/mask_learning`. A method for which the table names a
# rate far from these is at a disadvantage there. Where the best rate is the last one that was tried, in the last column, a
# better one may lie beyond; where no more than two were tried, any rate is.
#
# One thing follows from theory. Where nothing presses on scores, as in movement, their rate does not matter: Adam's steps are
# in proportion to the rate, scores begin at 0, and only their order counts. What the last column shows for movement is
# then rounding, and how far training magnifies it.
