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
from lottery.experiments import learned_mask
from lottery.experiments.studies import TaskStudy

study = TaskStudy.from_cell(globals())
grid = []
for task in tasks:
    for seed in tuning_seeds:
        for weight_rate in weight_rates:
            whole = study.tuned(task, seed, world=world, learning_rate=weight_rate)
            grid.append(whole)
            for method in methods:
                tried = score_rates if choose("mask_learning", method).LEARNED else score_rates[:1]
                rates = [learned_mask.Rates(score_rate, weight_rate, weight_rate, weight_rate) for score_rate in tried]
                grid += [
                    learned_mask.beside(whole, method, sparsity, ramp=ramp, rates=each, strength=strength)
                    for sparsity in sparsities
                    for each in rates
                ]

# %% tags=["remove-cell"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown
from matplotlib import pyplot as plt

from lottery import store as runs
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "mask_rates.parquet")
missing = Markdown(runs.not_recorded("analyses/mask_rates", "miniature"))
FULL = "full fine-tuning"


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a method, rate of scores ("none" without any), rate of weights, task and sparsity: its mean score."""
    rows = runs[runs["experiment"].isin(["LearnedMask", "FineTuning"])]
    told = [
        (FULL, "none", row["learning_rate"], 0.0)
        if row["experiment"] == "FineTuning"
        else (
            choose("mask_learning", row["method"]).TITLE,
            f"{row['score_rate']:g}" if choose("mask_learning", row["method"]).LEARNED else "none",
            row["weight_rate"],
            row["sparsity"],
        )
        for row in rows.to_dict("records")
    ]
    names = ["method", "scores at", "weights at", "removed"]
    table = pd.DataFrame(told, columns=names).assign(
        task=rows["task"].to_list(), score=100 * rows["score"].astype(float).fillna(0).to_numpy()
    )
    return table.groupby([*names, "task"], sort=False)["score"].mean().reset_index()


def drawn(runs: pd.DataFrame) -> None:
    """A panel a method: mean score over tasks and sparsities, rates of scores in rows, of weights in columns."""
    rows = scored(runs)
    methods = list(rows["method"].unique())
    figure, panels = plt.subplots(-(-len(methods) // 2), 2, figsize=(7.0, 1.9 * -(-len(methods) // 2)), squeeze=False)
    for ax in panels.flat:
        ax.set_axis_off()
    for ax, method in zip(panels.flat, methods, strict=False):
        table = rows[rows["method"] == method].pivot_table(index="scores at", columns="weights at", values="score")
        table = table.loc[sorted(table.index, key=lambda rate: float(rate) if rate != "none" else 0.0)]
        ax.set_axis_on()
        ax.imshow(table, cmap="OrRd", aspect="auto")
        middle = (table.min().min() + table.max().max()) / 2
        for row, values in enumerate(table.to_numpy()):
            for column, value in enumerate(values):
                colour = "white" if value > middle else "black"
                ax.text(column, row, f"{value:.1f}", ha="center", va="center", color=colour, fontsize=9)
        ax.set_xticks(range(len(table.columns)), [f"{rate:g}" for rate in table.columns], fontsize=8)
        ax.set_yticks(range(len(table)), table.index, fontsize=8)
        ax.grid(visible=False)
        ax.set_title(method, fontsize=10)
    figure.supxlabel("learning rate of weights, or of the head alone", fontsize=9)
    figure.supylabel("learning rate of scores", fontsize=9)
    plt.show()


# %% [markdown]
# ## Mean scores over the tasks and sparsities

# %% tags=["hide-input"] mystnb={"image": {"alt": "For each method of this build a table of mean scores by the learning rates of scores and of weights; darker is better."}, "figure": {"name": "mask-rates-live", "caption": "Mean score by learning rate, computed for this build on few rates. Rows: rate of scores; columns: rate of weights."}}
drawn(live)

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded grid of more methods and rates, on a world of its own."}, "figure": {"name": "mask-rates-recorded", "caption": "The same, recorded on the world by which the rates of the other chapters are chosen."}}
drawn(recorded) if len(recorded) else missing


# %% tags=["hide-input"]
def best(runs: pd.DataFrame) -> pd.DataFrame:
    """For each method the best rates, how far the best is ahead of the worst, and what the rate of scores alone does."""
    rows = scored(runs)
    lines = []
    for method, some in rows.groupby("method", sort=False):
        found = some.groupby(["scores at", "weights at"])["score"].mean()
        scores, weights = found.idxmax()
        table = found.unstack()
        lines.append(
            {
                "method": method,
                "scores at": scores,
                "weights at": f"{weights:g}",
                "mean score": f"{table.max().max():.1f}",
                "worst": f"{table.min().min():.1f}",
                "largest effect of the scores' rate": f"{(table.max() - table.min()).max():.1f}",
            }
        )
    return pd.DataFrame(lines).set_index("method")


best(live)

# %% tags=["hide-input"]
best(recorded) if len(recorded) else missing

# %% [markdown]
# With so few seeds differences of a few points are noise: what is taken is one rate for all scores, one for weights, one
# for the weights of movement, whose scores follow from how they move, and one for a head over frozen weights, each from
# what does well. They stand in the first cell of {doc}`/experiments/mask_learning`. A method for which the table names a
# rate far from these is at a disadvantage there.
#
# One thing follows from theory. Where nothing presses on scores, as in movement, their rate does not matter: Adam's steps are
# in proportion to the rate, scores begin at 0, and only their order counts. What the last column shows for movement is
# then rounding, and how far training magnifies it.
