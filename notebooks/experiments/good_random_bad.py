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
#     order: 40
# ---

# %% [markdown]
# # The good, the random and the bad
#
# A search finds a part of a fine-tuned model that does nearly as well: the *good* subnetwork. Is it good because of what it
# consists of? {cite:t}`prasanna2020` hold it against two others of its size: a *random* one, and a *bad* one, made of what
# the search threw away. Each is scored as it is cut out, and again after the same part of the *pre-trained* model was
# fine-tuned by itself. If the good one were a winning ticket {cite:p}`frankle2019`, the others should not win. They report
# that when heads and MLPs are removed and the rest is trained again, random ones do about as well as the good ones, and even
# bad ones perform strongly: all tickets are winning. This chapter repeats that with parts of exactly one size, and says which of
# the differences three to five seeds can show.

# %% tags=["parameters"]
model = "miniature"  # or "minilm", a folder, a name of the Hugging Face hub: then with `data_dir`
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
world = 1  # the seed of the miniature and of its language
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola", "sst2"]  # files in lottery/tasks
tuning_seeds = [1, 2]  # of the fine-tunings
retrained_seeds = []  # those of them whose subnetworks are trained again; []: all
retrained_tasks = []  # likewise of the tasks; []: all
super_tasks = ["cola"]  # of the super-survivors, which need two seeds at least
longer_tasks = []  # of the longer retraining
released_tasks = ["cola"]  # of random heads and MLPs drawn as in the released code
prunings = ["structured", "magnitude"]
per_step = 0.1  # of the remaining weights, in magnitude pruning
baselines = ["cbow", "bilstm"]  # files in lottery/baselines
epochs = 2.0
longer = 2.0  # times as many epochs in the longer retraining
batch_size = 32
learning_rate = 1e-3
max_length = 64  # tokens of an example, at most
baseline_epochs = 5.0
baseline_learning_rate = 1e-2
baseline_width = 64
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments.baseline import Baseline
from lottery.experiments.component_search import ComponentSearch
from lottery.experiments.controls import Redrawn
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.magnitude_search import MagnitudeSearch
from lottery.experiments.pruned_score import PrunedScore
from lottery.experiments.starts import start
from lottery.experiments.subnetworks import Bad, Drawn, Survivors
from lottery.experiments.tickets import Ticket

dense = [
    FineTuning(
        start=start(model, task, data_dir, seed=world, miniature_steps=miniature_steps),
        task=task,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_length=max_length,
        seed=seed,
        saved=True,
    )
    for task in tasks
    for seed in tuning_seeds
]
searches = {
    "structured": lambda of: ComponentSearch(of=of, importance="sample", mode="both"),
    "magnitude": lambda of: MagnitudeSearch(of=of, per_step=per_step),
}


def retrained(of: FineTuning, kept, times: float = 1.0) -> FineTuning:
    """The pre-trained model less everything outside the mask, fine-tuned with the same seed."""
    return replace(of, start=Ticket(of=of.start, kept=kept), epochs=times * of.epochs, saved=False)


pruned, again = [], []
for of in dense:
    trained_again = of.seed in (retrained_seeds or tuning_seeds) and of.task in (retrained_tasks or tasks)
    for pruning in prunings:
        good = searches[pruning](of)
        kept = [good, Drawn(like=good, seed=of.seed), Bad(like=good, seed=of.seed)]
        if pruning == "structured":
            kept.append(Bad(like=good, seed=of.seed, disjoint=True))
            if of.task in released_tasks:
                kept.append(Drawn(like=good, seed=of.seed, recipe="released"))
        if pruning == "structured" and of.task in super_tasks:
            kept += [
                Survivors(
                    of=replace(good, of=replace(of, seed=tuning_seeds[0])),
                    seeds=tuple(tuning_seeds),
                    which=which,
                    seed=of.seed,
                )
                for which in ("good", "random", "bad")
            ]
        pruned += [PrunedScore(of=of, kept=part) for part in kept]
        if trained_again:
            again += [retrained(of, part) for part in kept]
            if of.task in longer_tasks:
                again += [retrained(of, part, times=longer) for part in kept[:3]]
    if trained_again:
        if of.task in longer_tasks:
            again.append(replace(of, epochs=longer * of.epochs, saved=False))
        drawn = Ticket(
            of=Redrawn(like=of.start, seed=of.seed), kept=Drawn(like=searches["structured"](of), seed=of.seed)
        )
        again.append(replace(of, start=drawn, saved=False))
plain = [
    Baseline(
        start=of.start,
        kind=kind,
        task=of.task,
        epochs=baseline_epochs,
        batch_size=batch_size,
        learning_rate=baseline_learning_rate,
        width=baseline_width,
        max_length=max_length,
        seed=of.seed,
    )
    for of in dense
    for kind in baselines
]
grid = [*dense, *pruned, *dict.fromkeys(again), *plain, *[searches[name](of) for name in prunings for of in dense]]

# %% tags=["remove-cell"]
from pathlib import Path

import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt

from lottery import statistics as stats
from lottery import store as runs
from lottery.choices import choose
from lottery.experiments.subnetworks import told
from lottery.findings.searches import sound, survivors
from lottery.suite import cluster, plots

plots.house_style()
cluster.map(grid, results, workers=workers, scheduler=scheduler)
live = runs.rows(grid, Path(results))
recorded = runs.recorded(Path(records) / "miniature" / "good_random_bad.parquet")
bert = runs.recorded(Path(records) / "minilm" / "good_random_bad.parquet")
missing, missing_bert = (
    Markdown(runs.not_recorded("experiments/good_random_bad", name)) for name in ("miniature", "minilm")
)
BARS = [
    ("full", False),
    ("good", False),
    ("good", True),
    ("random", False),
    ("random", True),
    ("bad", False),
    ("bad", True),
]


def scored(runs: pd.DataFrame) -> pd.DataFrame:
    """Every scored model with what it is in words; `score` is 0 where it is not defined."""
    rows = told(runs)
    titles = {name: choose("tasks", name).TITLE for name in rows["tuned_on"].unique()}
    return rows.assign(title=rows["tuned_on"].map(titles), score=rows["score"].fillna(0))


nothing = Markdown("*Every search of these runs says nothing, for the reasons told below: there is nothing to show.*")


def telling(runs: pd.DataFrame) -> pd.DataFrame:
    """The scored models of tasks and seeds of which no search was degenerate."""
    rows = scored(runs)
    return rows[rows["degenerate"] == ""]


# %% [markdown]
# (p4)=
# ## Three subnetworks of one size
#
# - **Good:** what the search keeps ({doc}`component_search`, {doc}`magnitude_search`).
# - **Random:** as many heads and as many MLPs, or as many weights, drawn from all. In the released code each head is drawn
#   by itself with the good one's share as its chance, so that sizes agree on average only; here they agree exactly.
# - **Bad:** what the search removed. Where that is less than it kept, some of the good ones are added, as in the paper: of
#   $n$ heads of which $k > n/2$ are kept, a bad subnetwork of the same size *must* share $2k - n$ with the good one. So
#   there is a second one, *bad, disjoint*, that takes nothing from the good one and may be smaller.
#
# Retrained means: the same part of the pre-trained model, under the same new head, is fine-tuned as the full model was.


# %% tags=["hide-input"]
def sizes(runs: pd.DataFrame) -> pd.DataFrame:
    """What the searches that say something keep, and how much of it a bad subnetwork has to share."""
    found = sound(runs[runs["experiment"] == "ComponentSearch"])
    lines = {}
    for task, rows in found.groupby("of.task", sort=False):
        kept, of = rows["heads"], rows["all_heads"]
        lines[choose("tasks", task).TITLE] = {
            "heads kept": f"{kept.mean():.1f} of {of.iloc[0]:.0f} ({kept.min():.0f} to {kept.max():.0f})",
            "MLPs kept": f"{rows['mlps'].mean():.1f} of {rows['all_mlps'].iloc[0]:.0f}",
            "their weights": f"{rows['share_kept'].mean():.0%}",
            "of the bad one's heads also good": f"{((2 * kept - of).clip(lower=0) / kept.clip(lower=1)).mean():.0%}",
        }
    cut = sound(runs[runs["experiment"] == "MagnitudeSearch"])
    for task, rows in cut.groupby("of.task", sort=False):
        lines.setdefault(choose("tasks", task).TITLE, {})["weights kept by magnitude"] = (
            f"{1 - rows['sparsity'].mean():.0%}"
        )
    return pd.DataFrame(lines).T.fillna("").rename_axis("task")


sizes(recorded if len(recorded) else live)

# %% [markdown]
# Of the miniature; means over the seeds. The real BERT:

# %% tags=["hide-input"]
sizes(bert) if len(bert) else missing_bert


# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of the full model and of its good, random and bad subnetworks of heads and MLPs, as cut out and retrained, for each task of this build."}, "figure": {"name": "good-random-bad-live", "caption": "Heads and MLPs removed, computed for this build: the full model, and good, random and bad subnetworks as cut out (pale) and retrained (dark). Dots are seeds. The dashed line is one answer to all; the dotted one the full model's mean less one standard deviation, which the paper takes for success."}}
def bars_drawn(runs: pd.DataFrame, pruning: str) -> None:
    """A panel for each task, bars as in the paper's Figure 2."""
    rows = telling(runs)
    rows = rows[rows["pruning"].isin(["", pruning]) & ~rows["longer"]]
    names = list(rows["title"].unique())
    if not names:
        display(nothing)
        return
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    _, panels = plt.subplots(lines, columns, figsize=(2.3 * columns + 0.4, 2.5 * lines), squeeze=False)
    colours = {"full": 6, "good": 0, "random": 4, "bad": 1}
    for ax in panels.flat[len(names) :]:
        ax.set_axis_off()
    for ax, name in zip(panels.flat, names, strict=False):
        some = rows[rows["title"] == name]
        for place, (kind, after) in enumerate(BARS):
            values = 100 * some.loc[(some["subnetwork"] == kind) & (some["retrained"] == after), "score"]
            if len(values):
                colour = plots.COLOURS[colours[kind]]
                ax.bar(place, values.mean(), color=colour, alpha=1.0 if after or kind == "full" else 0.4)
                ax.plot([place] * len(values), values, ".", color="black", markersize=3)
        whole = 100 * some.loc[some["subnetwork"] == "full", "score"]
        if len(whole) > 1:
            ax.axhline(whole.mean() - whole.std(), color="black", linestyle=":", linewidth=1)
        level = some["majority"].iloc[0]
        ax.axhline(0 if pd.isna(level) else 100 * level, color="grey", linestyle="--", linewidth=1)
        ax.set_title(name, fontsize=9)
        ax.set_xticks([0, 1.5, 3.5, 5.5], ["full", "good", "random", "bad"], fontsize=8)
    for ax in panels[:, 0]:
        ax.set_ylabel("score (x 100)")
    plt.show()


bars_drawn(live, "structured")

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for the recorded tasks and seeds of the miniature."}, "figure": {"name": "good-random-bad-recorded", "caption": "The same on the miniature's recorded tasks and seeds."}}
bars_drawn(recorded, "structured") if len(recorded) else missing

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for all-MiniLM-L6-v2 on the recorded tasks of GLUE."}, "figure": {"name": "p4-minilm", "caption": "The same for a real BERT, all-MiniLM-L6-v2, recorded."}}
bars_drawn(bert, "structured") if len(bert) else missing_bert

# %% [markdown]
# Weights removed by magnitude, over the whole model:

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score of the full model and of its good, random and bad subnetworks of weights, as cut out and retrained, for the recorded tasks of the miniature, or this build's where nothing is recorded."}, "figure": {"name": "good-random-bad-magnitude", "caption": "The same with single weights removed by magnitude: the miniature's recorded tasks, or this build's where nothing is recorded."}}
bars_drawn(recorded if len(recorded) else live, "magnitude")

# %% tags=["hide-input"] mystnb={"image": {"alt": "The same for all-MiniLM-L6-v2."}, "figure": {"name": "good-random-bad-magnitude-minilm", "caption": "The same for a real BERT, recorded."}}
bars_drawn(bert, "magnitude") if len(bert) else missing_bert


# %% tags=["hide-input"]
def contrasts(runs: pd.DataFrame) -> pd.DataFrame | Markdown:
    """Differences of scores between subnetworks after retraining, means over tasks, paired over seeds, in points."""
    rows = telling(runs)
    rows = rows[~rows["longer"]]
    if rows.empty:
        return nothing
    lines = []
    for pruning in ("structured", "magnitude"):
        table = rows[rows["pruning"] == pruning].pivot_table(
            index=["tuned_on", "trial"], columns=["subnetwork", "retrained"], values="score"
        )
        whole = rows[rows["subnetwork"] == "full"].set_index(["tuned_on", "trial"])["score"]
        pairs = {
            "full minus good, as cut": (whole, table.get(("good", False))),
            "full minus good": (whole, table.get(("good", True))),
            "good minus random": (table.get(("good", True)), table.get(("random", True))),
            "good minus bad": (table.get(("good", True)), table.get(("bad", True))),
            "random minus bad": (table.get(("random", True)), table.get(("bad", True))),
            "good minus bad, disjoint": (table.get(("good", True)), table.get(("bad, disjoint", True))),
        }
        for name, (one, other) in pairs.items():
            if one is None or other is None:
                continue
            differences = (100 * (one - other)).dropna()
            by_seed = differences.groupby("trial").mean()
            found = stats.mean_interval(by_seed)
            by_task = differences.groupby("tuned_on").mean()
            worst = by_task.abs().idxmax()
            lines.append(
                {
                    "removed": {"structured": "heads and MLPs", "magnitude": "weights"}[pruning],
                    "after retraining": name,
                    "mean over tasks": found.told(),
                    "largest on a task": f"{by_task[worst]:+.1f} ({choose('tasks', worst).TITLE})",
                }
            )
    return pd.DataFrame(lines).set_index(["removed", "after retraining"])


contrasts(recorded if len(recorded) else live)

# %% [markdown]
# The miniature: points of score, with 95 % intervals over the seeds (paired t). The real BERT:

# %% tags=["hide-input"]
contrasts(bert) if len(bert) else missing_bert


# %% tags=["hide-input"]
def left_out(runs: pd.DataFrame) -> Markdown:
    """What is left out of the figures, and what in them is a model that gives one answer to all."""
    silent = scored(runs)
    gone = silent[silent["degenerate"] != ""].groupby(["title", "degenerate"])["trial"].nunique()
    lines = [f"- {title}, {count} seed(s): {reason}." for (title, reason), count in gone.items()]
    rows = telling(runs)
    constant = rows[rows["constant"].astype(bool)]
    lines.append(
        f"- Of the {len(rows)} models shown {len(constant)} give one answer to all of dev, "
        f"{int(constant['retrained'].sum())} of them after retraining."
    )
    return Markdown("\n".join(["Left out, and degenerate:", "", *lines]))


left_out(recorded if len(recorded) else live)

# %% [markdown]
# (p13)=
# ## Every score
#
# Means over the seeds with their standard deviation, as in the paper's appendix; scores times 100.


# %% tags=["hide-input"]
def table(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a kind of model, one column a task."""
    rows = scored(runs)
    rows = rows[~rows["longer"]]
    cells = (100 * rows.set_index(["pruning", "subnetwork", "retrained", "title"])["score"]).groupby(
        level=[0, 1, 2, 3], sort=False
    )
    shown = cells.agg(lambda values: f"{values.mean():.1f}" + (f" ± {values.std():.1f}" if len(values) > 1 else ""))
    plain = runs[runs["experiment"] == "Baseline"]
    names = {"": "", "structured": "heads and MLPs", "magnitude": "weights", "super": "super-survivors"}
    table = shown.unstack("title").fillna("").reset_index()
    table["pruning"] = table["pruning"].map(names)
    table["retrained"] = table["retrained"].map({True: "retrained", False: ""})
    for kind, some in plain.groupby("kind"):
        values = (100 * some["score"].fillna(0)).groupby(some["task"]).agg(["mean", "std"])
        line = {choose("tasks", task).TITLE: f"{row['mean']:.1f} ± {row['std']:.1f}" for task, row in values.iterrows()}
        table = pd.concat([table, pd.DataFrame([{"subnetwork": kind, "pruning": "", "retrained": ""} | line])])
    majority = (100 * rows.groupby("title", sort=False)["majority"].first().fillna(0)).map("{:.1f}".format)
    table = pd.concat(
        [table, pd.DataFrame([{"subnetwork": "one answer to all", "pruning": "", "retrained": ""} | dict(majority)])]
    )
    return (
        table.fillna("")
        .rename(columns={"pruning": "removed by", "retrained": ""})
        .set_index(["removed by", "subnetwork", ""])
    )


table(recorded if len(recorded) else live)

# %% [markdown]
# (p6)=
# The last rows are what such models are to be held against: one answer to all; a bag of words and a BiLSTM, trained here
# on the task alone from nothing; and, among the subnetworks, *random, never trained*: a random part of a BERT of the same
# shape whose weights were drawn anew, so that only the shape is left. The real BERT:

# %% tags=["hide-input"]
table(bert) if len(bert) else missing_bert

# %% [markdown]
# (p5)=
# ## Super-survivors
#
# Heads and MLPs that the searches of *all* seeds keep. If importance meant something beyond one run, these should be the
# ones. How many would there be if every seed chose as many as it did, but by lot?


# %% tags=["hide-input"]
def counted(runs: pd.DataFrame) -> pd.DataFrame | Markdown:
    """Heads and MLPs kept in every seed, and in none, beside what independent choices of these sizes give."""
    found = survivors(runs[runs["experiment"] == "ComponentSearch"])
    return found.round(1) if len(found) else nothing


counted(recorded if len(recorded) else live)


# %% tags=["hide-input"]
def survivors_scored(runs: pd.DataFrame) -> pd.DataFrame | Markdown:
    """Scores of the super-survivors and of as many others, as cut out and retrained."""
    rows = telling(runs)
    if not (rows["pruning"] == "super").any():
        return nothing
    rows = rows[(rows["pruning"] == "super") | (rows["subnetwork"] == "full")]
    rows = rows[rows["title"].isin(rows.loc[rows["pruning"] == "super", "title"]) & ~rows["longer"]]
    cells = (100 * rows.set_index(["subnetwork", "retrained", "title"])["score"]).groupby(level=[0, 1, 2], sort=False)
    shown = cells.agg(lambda values: f"{values.mean():.1f} ({values.min():.1f} to {values.max():.1f})")
    return shown.unstack("title").fillna("").rename_axis(["subnetwork", "retrained"])


survivors_scored(recorded if len(recorded) else live)

# %% [markdown]
# Means over the seeds, in brackets their range. The *bad* ones are those removed in every seed, filled up from what some
# keep and some do not; the *random* ones are drawn from the latter. Where most heads survive always, neither group has
# enough: both then hold all that is no super-survivor, are filled up from the super-survivors by the same draw, and are
# one and the same. The real BERT:

# %% tags=["hide-input"]
counted(bert) if len(bert) else missing_bert

# %% tags=["hide-input"]
survivors_scored(bert) if len(bert) else missing_bert

# %% [markdown]
# (p7)=
# ## Retrained for longer
#
# Perhaps a bad subnetwork only needs more time. In the paper six epochs instead of three made most tasks *worse*. But
# training for longer may hurt any model on these tasks. What has to be compared is not the bad one with itself, but its gap
# to the full model *trained for as long*.


# %% tags=["hide-input"]
def longer_told(runs: pd.DataFrame) -> pd.DataFrame | Markdown:
    """The gap to the full model after the usual and after longer training, and its change, paired over seeds."""
    rows = telling(runs)
    if not rows["longer"].any():
        return Markdown("*None of these runs was trained for longer; it takes too long while a reader waits.*")
    rows = rows[rows["tuned_on"].isin(rows.loc[rows["longer"], "tuned_on"])]
    lines = []
    table = rows[rows["retrained"] | (rows["subnetwork"] == "full")].pivot_table(
        index=["tuned_on", "trial"], columns=["pruning", "subnetwork", "longer"], values="score"
    )
    for pruning, subnetwork in [pair for pair in dict.fromkeys(column[:2] for column in table) if pair[1] != "full"]:
        if (pruning, subnetwork, True) not in table:
            continue
        gaps = {late: 100 * (table["", "full", late] - table[pruning, subnetwork, late]) for late in (False, True)}
        by_seed = {late: gap.groupby("trial").mean().dropna() for late, gap in gaps.items()}
        change = stats.paired_difference(by_seed[True], by_seed[False])
        lines.append(
            {
                "removed": {"structured": "heads and MLPs", "magnitude": "weights"}.get(pruning, pruning),
                "subnetwork": subnetwork,
                "behind the full model": f"{by_seed[False].mean():+.1f}",
                "both trained for longer": f"{by_seed[True].mean():+.1f}",
                "change": change.told(),
            }
        )
    return pd.DataFrame(lines).set_index(["removed", "subnetwork"])


longer_told(recorded if len(recorded) else live)

# %% [markdown]
# Points of score, means over the tasks; in brackets the 95 % interval over the seeds (paired t). A change below 0 says that
# the subnetwork catches up.
