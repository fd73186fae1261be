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
# # Which strength and which learning rate does each method get?
#
# A comparison of methods is fair if each is trained in a way that suits it. The paper's values are those for BERT-base
# on large data: learning rates of $2 \cdot 10^{-2}$ for scores and $3 \cdot 10^{-5}$ for weights, and a strength of 400
# for the regulariser. On another model none of them need be right. Here they are chosen on a **world of its own**, of
# which no other chapter reports anything, so no reported number has a part in the choice. A real BERT has no worlds: for
# it they are chosen with a seed of its own, but by the same sentences that other chapters score on. A method of which
# more settings are tried has more chances, so this page's grid has equally many for every method; where recorded runs
# have not, the box says so. The build's own figure is made on the other chapters' world and only shows how it is done.
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
world = 1  # seed of the miniature's world and of its pre-training; that of the recorded grid is another
tuning_seeds = [1]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["cola"]  # files in lottery/tasks, or "own": a file of your own
methods = [
    "smp_l",
    "magnitude",
]  # of lottery/mask_learning, those that aim at a sparsity, and "full" for the whole model
pressed_too = []  # of the methods that the paper gives no regulariser, those also tried with that of the others
pressed = []  # of lottery/mask_learning, those that aim at no sparsity, regularised until they have it
sparsities = [0.9]  # shares of the weights of the layers' matrices to remove
strengths = [0.0, 16.0, 400.0]  # of the regulariser, where there is one; rates are tried at the middle one
score_rate = 6e-2  # in the middle of those that are tried, for the scores
weight_rate = 3e-3  # for weights, where they are trained, and the head over them
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
head_rate = 1e-3  # for the head over weights that stay as they are
factor = 3.0  # from one rate to the next; its root, where nothing but one rate is tried
epochs = 6.0  # of training
ramp = 0.5  # share of the steps over which the sparsity rises
batch_size = 32
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace
from math import sqrt

from lottery.choices import choose
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.studies import FULL, PRESSED, MaskStudy, TaskStudy, require_aimed
from lottery.suite.given import given

globals().update(given("analyses/mask_rates", globals()))
require_aimed([name for name in methods if name != FULL])
require_aimed(pressed, "pressed", aimed=False)
if not strengths:
    raise ValueError("strengths: give at least one, such as 400.0")
study, masks = TaskStudy.from_cell(globals()), MaskStudy.from_cell(globals() | {"strength": 1.0})
middle = strengths[len(strengths) // 2]
count = len(strengths) + 4  # settings of each method: the strengths, and two more of each of two rates


def line(rate: float, count: int, step: float) -> list[float]:
    """So many rates around one, each a step from the next."""
    return [float(f"{rate * step ** (number - (count - 1) // 2):.2g}") for number in range(count)]


def tried(whole: FineTuning, method: str, sparsity: float, *, regularised: bool) -> list[LearnedMask]:
    """The masks of a method at all its settings, each varied alone around the middle."""
    how = choose("mask_learning", method)
    base = masks.mask(whole, method, sparsity, pressed=regularised and not how.STRENGTH)
    base = base if how.AIMED else masks.pressed(whole, method, sparsity)
    if not regularised:
        return [replace(base, weight_rate=rate) for rate in line(base.weight_rate, count, sqrt(factor))]
    base = replace(base, strength=middle) if how.AIMED else base
    of_scores = 3 if how.AIMED else (count + 1) // 2
    of_weights = 3 if how.AIMED else count + 1 - of_scores
    return [
        *(replace(base, strength=strength) for strength in (strengths if how.AIMED else [])),
        *(replace(base, score_rate=rate) for rate in line(base.score_rate, of_scores, factor)),
        *(replace(base, weight_rate=rate) for rate in line(base.weight_rate, of_weights, factor)),
    ]


grid = []
for whole in [
    study.tuned(task, seed, world=world, learning_rate=weight_rate) for task in tasks for seed in tuning_seeds
]:
    for name in methods:
        if name == FULL:
            grid += [replace(whole, learning_rate=rate) for rate in line(weight_rate, count, sqrt(factor))]
            continue
        own = bool(choose("mask_learning", name).STRENGTH)
        grid += [mask for sparsity in sparsities for mask in tried(whole, name, sparsity, regularised=own)]
    more = [*pressed_too, *pressed]
    grid += [mask for name in more for asked in sparsities for mask in tried(whole, name, asked, regularised=True)]
grid = list(dict.fromkeys(grid))

# %% tags=["remove-cell"]
import pandas as pd
from IPython.display import Markdown

from lottery.findings import mask_rates
from lottery.findings.mask_rates import VARIED
from lottery.suite import plots
from lottery.suite.chapter import how_many, perform
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("analyses/mask_rates", grid, results, records, workers=workers, scheduler=scheduler)

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# ## Mean scores over the tasks and sparsities
#
# For each method, the strength and the two rates are each varied alone, around one common setting. A method without a
# regulariser should have only one rate that matters, so as many values of it are tried as the others have settings. The
# rate of scores should not matter where nothing else pulls on them, as in movement: Adam's steps are proportional to the
# rate, scores begin at 0, and only their order counts. For soft movement and L0 the strength is searched for at each setting.


# %% tags=["hide-input"]
def drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A panel for each thing that was varied: mean score over tasks, sparsities and seeds, a line a method."""
    for name, words in VARIED.items():
        if (ax := axes.get(words)) is None:
            continue
        for method, some in rows.groupby("method", sort=False):
            means = mask_rates.along(some, name)
            ax.plot(means.index, means, label=method, **look(method))
        if name == "strength":
            ax.set_xscale("symlog", linthresh=1)
        else:
            ax.set_xscale("log")
            plots.ticks_at(ax, rows[name].dropna())
        ax.set(xlabel=words, ylabel="mean score (x 100)")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean score of each method against each setting that was varied, of the strength of the regulariser, the learning rate of scores and that of weights, a panel each."}, "figure": {"name": "mask-rates", "caption": "A bad setting can cost many points. Mean score by each setting that was varied, on a world, or for the real BERT with a seed of fine-tuning, that no other chapter reports."}}
def varied(rows: pd.DataFrame) -> list[str]:
    """What was varied of some method."""
    methods = [some for _, some in rows.groupby("method")]
    return [words for name, words in VARIED.items() if any(len(mask_rates.along(some, name)) for some in methods)]


chapter.figure(drawn, varied, among=mask_rates.scored)


# %% tags=["hide-input"]
def best(runs: pd.DataFrame) -> pd.DataFrame:
    """For each method the best setting, how far the worst is behind, and how many others may be as good."""
    table = mask_rates.best(mask_rates.scored(runs))
    texts = {words: table[name].map("{:g}".format).replace("nan", "") for name, words in VARIED.items()}
    texts |= {
        "mean score": table["best"].map("{:.1f}".format),
        "the worst": table["worst"].map("{:.1f}".format),
        "settings": table["tried"],
        "others not told apart": table["level"],
        "best at an end of the grid": table["at_end"].map(lambda names: ", ".join(VARIED[name] for name in names)),
    }
    return pd.DataFrame(texts)


chapter.finding(
    best,
    "A bad setting can cost many points. The best setting of each method, with its mean score and that of the worst.",
    what="The best setting of each method, with its mean score and that of the worst.",
)


# %% tags=["hide-input"]
def telling(table: pd.DataFrame) -> pd.Series:
    """Of which methods the settings change the score, so that one is the best."""
    return table["best"] > table["worst"]


def told(runs: pd.DataFrame, source: str) -> Markdown:
    """Which grids have to be widened, and the best settings as other chapters' `chosen` takes them, in words."""
    table = mask_rates.best(mask_rates.scored(runs))
    ends = [
        f"{name} ({', '.join(VARIED[each] for each in at_end)})" for name, at_end in table["at_end"].items() if at_end
    ]
    wider = (
        f"The best value lies at an end of the grid for {'; '.join(ends)}: a better one may lie beyond, so try more "
        "there."
        if ends
        else "No best value lies at an end of the grid."
    )
    chosen = []
    for name, row in table[telling(table)].iterrows():
        own = ", ".join(f"{each}: {row[each]:g}" for each in VARIED if pd.notna(row[each]))
        chosen.append(f"{row['key']}{PRESSED if name.endswith(', regularised') else ''}: {{{own}}}")
    taken = f"\n\nFor a profile's `chosen`: `{{{', '.join(chosen)}}}`" if chosen else ""
    return Markdown(f"**{source}:** {wider}{taken}")


def briefly(runs: pd.DataFrame, source: str) -> Markdown:
    """The best settings, what a bad one costs, and how many grids are too narrow, in a few sentences."""
    table = mask_rates.best(mask_rates.scored(runs))
    settings = [
        f"{name} with "
        + " and ".join(f"{words} at {row[each]:g}" for each, words in VARIED.items() if pd.notna(row[each]))
        for name, row in table[telling(table)].iterrows()
    ]
    bests = f"The best settings: {'; '.join(settings)}. " if settings else ""
    alike = table.index[~telling(table)]
    same = f"No setting changes the score of {' and '.join(alike)}. " if len(alike) else ""
    cost, ends = table["best"] - table["worst"], int(table["at_end"].map(len).gt(0).sum())
    fewest, most = table["tried"].min(), table["tried"].max()
    unequal = f" Of some methods {fewest} settings were tried, of others {most}, which favours these."
    alone = " One seed tells no two settings apart." if len({*runs["seed"]}) == 1 else ""
    return Markdown(
        f"**{source}.** {bests}{same}A method's best setting is ahead of its worst by {cost.min():.1f} points "
        f"({cost.idxmin()}) to {cost.max():.1f} points ({cost.idxmax()}). {ends} of "
        f"{how_many(len(table), 'method')} {'has' if ends == 1 else 'have'} the best value at an end of the grid, so "
        f"a better one may lie beyond.{unequal if fewest < most else ''}{alone}"
    )


chapter.shown(told, "live", named=True)

# %% tags=["hide-input"]
chapter.shown(told, named=True)

# %% tags=["hide-input"]
chapter.shown(told, "minilm", named=True)

# %% [markdown]
# Settings that these seeds do not tell apart may be equally good, and it is chance which of them comes first. The first
# is taken all the same, for all methods alike and before anything is reported. The chapters that learn masks
# ({doc}`/experiments/mask_learning`, {doc}`/experiments/all_methods`) take it by their parameter `chosen`. Where that
# is empty, a chapter has one rate for all scores, one for weights, one for the weights of movement, one for a head over
# frozen weights, and one strength, which are given in its first cell.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
found = [chapter.shown(briefly, name, named=True) for name in ("miniature", "minilm")]
tables = {"miniature": chapter.miniature, "minilm": chapter.minilm}
settings = {name: mask_rates.best(mask_rates.scored(rows)) for name, rows in tables.items() if len(rows)}
every = [*dict.fromkeys(method for best in settings.values() for method in best.index)]
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Which strength of the regulariser and which learning rates suit each method?",
    done=(
        "Each setting is varied around a middle, on a world, or for the real BERT with a seed of fine-tuning, of which "
        "no other chapter reports anything. Where a method aims at no sparsity, its strength is searched for at each "
        "setting. Other chapters can then take the best setting of each method."
    ),
    not_shown=(
        "Settings that the seeds do not tell apart may be equally good. A best setting at the end of a grid may have a "
        "better one beyond. What does best in one setting may not be best beside another rate, another task or share, "
        "and on the real BERT it is chosen by the sentences that other chapters score on."
    ),
    found=found,
    numbers={
        f"{method}: mean score (x 100) of the best setting and of the worst": {
            name: f"{best.loc[method, 'best']:.1f} and {best.loc[method, 'worst']:.1f}"
            for name, best in settings.items()
            if method in best.index
        }
        for method in every[:4]
    },
)
