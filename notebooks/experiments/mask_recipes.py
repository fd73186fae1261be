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
# (x3-jiang)=
# # What does a learned mask need?
#
# {cite:t}`jiang2023` learn a mask over frozen weights, and name three things that this takes: a task head made of words
# that the model knows, a regulariser that pushes scores down, and, for their best numbers, a teacher. For each of the
# three, the paper says one thing and its code does another. Here each is varied alone, around one recipe, on the same
# data and for the same number of steps.
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
world = 1  # seed of the miniature's world and of its pre-training, and of a training on `text`
tuning_seeds = [1]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
text = ""  # for a model that is published without an MLM head: a file or folder of plain text to train one on first
text_steps = 1000  # of that training
text_frozen = False  # whether they train the heads alone, over an encoder that stays as it is
text_learning_rate = 5e-4
text_batch_size = 16  # pairs of passages
text_length = 64  # tokens of a pair, at most
tasks = ["sst2"]  # files in lottery/tasks, or "own": a file of your own
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
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.learned_mask import LearnedMask
from lottery.experiments.starts import OWN
from lottery.experiments.studies import MaskStudy, TaskStudy, TextStudy
from lottery.suite.given import given

globals().update(given("experiments/mask_recipes", globals()))


study, masks = TaskStudy.from_cell(globals()), MaskStudy.from_cell(globals())
HEAD = "mlm"  # of the base, as released


def tuned(task: str, seed: int) -> FineTuning:
    """The full model fine-tuned, its heads of pre-training trained first where there is text for that.

    On a file of your own, whose labels have no words, no head of pre-training is of use.
    """
    how = {"learning_rate": weight_rate, "saved": True}
    if text and task != OWN:
        return study.tuned_from(TextStudy.from_cell(globals()).start(world), task, seed, **how)
    return study.tuned(task, seed, world=world, **how)


def head_of(task: str) -> str:
    """The base's, or the trained one where the labels have no words."""
    return HEAD if study.task_named(task).WORDS else "random"


def variations(base: LearnedMask) -> list[dict[str, object]]:
    """What is changed of the base, one thing at a time; heads only for labels that have words."""
    others = heads if base.head == HEAD else []
    return [
        *({"head": head} for head in others),
        # Under a new head the regulariser is stronger than in the base.
        *({"head": head, "strength": 0.0} for head in others if head == "random"),
        *({"pressing": pressing} for pressing in pressings if pressing != "run"),
        *({"strength": other} for other in (0.0, *strengths)),
        *([{"summed": True}] if summed else []),
    ]


teachers = [tuned(task, seed) for task in tasks for seed in tuning_seeds]
bases = [masks.mask(teacher, method, sparsity) for teacher in teachers for sparsity in sparsities]
bases = [replace(base, head=head_of(base.task), strength=strength) for base in bases]
grid = [*teachers, *bases, *(replace(base, **change) for base in bases for change in variations(base))]
grid += [replace(base, released_words=True) for base in bases if hasattr(study.task_named(base.task), "RELEASED_WORDS")]
taught = [teacher for teacher in teachers if study.task_named(teacher.task).KIND != "regression"]
for teacher in taught:
    own = [base for base in bases if (base.task, base.seed) == (teacher.task, teacher.seed)]
    grid += [replace(base, teacher=teacher, guided=guide) for base in own for guide in guides]
rivals = [(teacher, name, sparsity) for teacher in taught for name in guided_methods for sparsity in sparsities]
for teacher, name, sparsity in rivals:
    head = head_of(teacher.task) if choose("mask_learning", name).FROZEN else "random"
    grid.append(replace(masks.mask(teacher, name, sparsity), teacher=teacher, head=head))

# %% tags=["remove-cell"]
from collections.abc import Callable

import pandas as pd
from IPython.display import Markdown

from lottery import statistics as stats
from lottery.choices import listed
from lottery.findings import learned_masks, mask_recipes, published
from lottery.findings.mask_recipes import BASE, GUIDED, HEADS, WORDS
from lottery.suite import plots, tables
from lottery.suite.chapter import by_remaining, how_many, perform, points, read_published, remain, title
from lottery.suite.in_short import InShort

chapter = perform("experiments/mask_recipes", grid, results, records, workers=workers, scheduler=scheduler)
jiang = read_published("jiang2023_results")

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# ## All of them at a glance
#
# The base is SMP-L as released: the frozen MLM head (on a file of your own, a new head that is trained), the
# regulariser as a mean of means that rises over the whole run, and no teacher. A point shows what one change adds to
# the mean score over the tasks.


# %% tags=["hide-input"] mystnb={"image": {"alt": "What each variation of the recipe adds to the base's mean score, a line each variation and sparsity, of a real BERT and of the miniature."}, "figure": {"name": "mask-recipes", "caption": "Most changes to the recipe add or cost little beside the interval. Differences from the base, mean scores over the tasks, with 95% intervals over seeds where there are several."}}
def against_base(runs: pd.DataFrame) -> pd.DataFrame:
    """A line for each recipe and sparsity."""
    lines = mask_recipes.against_base(mask_recipes.varied(runs, method))
    names = [f"{recipe}, {remain(asked)}" for recipe, asked in zip(lines["recipe"], lines["asked"], strict=True)]
    return lines.assign(name=names)


def drawn(lines: pd.DataFrame, axes: dict) -> None:
    """A line for each recipe and sparsity."""
    ax = axes["recipes"]
    plots.differences(lines, name="name", mean="mean", low="low", high="high", order=recipes, ax=ax)
    ax.set(xlabel="minus base, mean score over the tasks (points)")
    ax.tick_params("y", labelsize=8)


every = [against_base(rows)["name"] for rows in (chapter.miniature, chapter.live, chapter.minilm) if len(rows)]
recipes = [*dict.fromkeys(pd.concat(every))]
chapter.figure(drawn, ["recipes"], among=against_base, size=(4.8, 0.2 * len(recipes) + 1.0))


# %% tags=["hide-input"]
def silent_among(runs: pd.DataFrame) -> str:
    """How many of the masks do no better than the majority-class baseline."""
    masked = learned_masks.stuck(mask_recipes.varied(runs, method))
    return (
        f"{masked.sum() or 'none'} of {how_many(len(masked), 'mask')} {'does' if masked.sum() < 2 else 'do'} no better "
        f"than the majority-class baseline{'; a difference between two of these says nothing' if masked.sum() > 1 else ''}"
    )


def at_chance(runs: pd.DataFrame, source: str) -> Markdown:
    """How many of the masks say nothing, and what the full model scores."""
    rows = learned_masks.scored(runs)
    whole = rows.loc[rows["method"] == learned_masks.FULL, "score"]
    return Markdown(f"{source}: {silent_among(runs)}. Full fine-tuning scores {100 * whole.mean():.1f} on average.")


chapter.shown(at_chance, "live", named=True)

# %% tags=["hide-input"]
chapter.shown(at_chance, named=True)

# %% [markdown]
# The real BERT, all-MiniLM-L6-v2, is published without an MLM head. So one is first trained, together with the model,
# on paragraphs of Wikipedia, as in the chapters on {cite:t}`gordon2020`.

# %% tags=["hide-input"]
chapter.shown(at_chance, "minilm", named=True)

# %% [markdown]
# (j5)=
# ## The head: words for labels
#
# The paper prints the score of a label as $h_{[CLS]} \cdot e$: the product of the first token's output with the
# embedding of a word for the label, for example *great* for a positive review, both frozen. The code uses the whole MLM
# head instead: a dense layer, an activation and a LayerNorm come in between, and a bias after. And in the code the
# words for MNLI belong to the wrong labels: *yes* to contradiction, *maybe* to entailment, *no* to neutral. Table 4 of
# the paper compares its head with a new one that is trained. Our base has the whole MLM head, and words that belong to
# the names of the labels. What other heads and words add to that is in *All numbers*; the released words differ for
# MNLI alone.


# %% tags=["hide-input"]
def compared(runs: pd.DataFrame, *recipes: str) -> pd.DataFrame:
    """The score of the base, and what recipes, or those of the regulariser, add to it, a column each sparsity."""
    rows = mask_recipes.varied(runs, method)
    base = rows[rows["recipe"] == BASE].groupby("asked")["score"].mean()
    lines = {"base: mean score (x 100)": base.map(points)}
    added = mask_recipes.against_base(rows)
    for recipe in recipes or mask_recipes.pressed(rows):
        some = added[added["recipe"] == recipe]
        if len(some):
            lines[f"{recipe}: minus base (points)"] = {
                each.asked: stats.Estimate(*each[3:]).in_words() for each in some.itertuples()
            }
    return by_remaining(lines)


def of_the_head(runs: pd.DataFrame) -> pd.DataFrame:
    """What other heads and words add to the base."""
    return compared(runs, *HEADS.values(), WORDS)


chapter.numbers(of_the_head, "The base's score, and what other heads and words add to it.")


# %% tags=["hide-input"]
def printed(number: int, by: str, names: dict[object, str]) -> pd.DataFrame:
    """A table of the paper in points: a row a task and variant, a column each share of remaining weights."""
    rows = jiang[jiang["table"] == number].sort_values(["task", by])
    lines = {}
    for row in rows.to_dict("records"):
        lines.setdefault((title(row["task"]), names[row[by]]), {})[row["sparsity"]] = points(row["score"])
    return by_remaining(lines, ["task", "recipe"])


def made(names: dict[str, str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What makes such a table of our runs, {recipe: what the paper's is called}: means over the seeds."""

    def table(runs: pd.DataFrame) -> pd.DataFrame:
        rows = mask_recipes.varied(runs, method)
        rows = rows[rows["recipe"].isin(names)]
        lines = {}
        for (task, recipe, asked), score in (
            rows.groupby(["task", "recipe", "asked"], sort=False)["score"].mean().items()
        ):
            lines.setdefault((title(task), names[recipe]), {})[asked] = points(score)
        return by_remaining(lines)

    return table


OF_WORDS = {"label_words": "from label words", "random": "trained anew"}
chapter.numbers(
    made({BASE: OF_WORDS["label_words"], HEADS["random"]: OF_WORDS["random"]}),
    "Scores (x 100) under the two heads; in print Table 4.",
    printed=printed(4, "head", OF_WORDS),
)

# %% [markdown]
# (j6)=
# ## The regulariser
#
# The regulariser adds a multiple of the sum of $\sigma(S)$ to the loss. So all scores sink, and among scores below 0
# the highest sink fastest, which keeps masks changing after the sparsity has been reached. The paper prints a sum over
# all weights that rises with the sparsity. Its code takes the mean of the matrices' means, which rises over the whole
# run. Without the regulariser, says Table 5, sparse masks fall behind or do not converge. The strength of 400 is that
# of the code, so it belongs to the mean. The sum is tried at the same strength, since the paper names no other. It then
# pulls harder by a factor of the number of weights. If it fails, the printed formula cannot be what the authors ran.

# %% tags=["hide-input"]
PRESSED = {True: "with the regulariser", False: "without"}
made_pressed = made({BASE: PRESSED[True], mask_recipes.UNPRESSED: PRESSED[False]})


def without_it(runs: pd.DataFrame) -> pd.DataFrame:
    """What the base loses without its regulariser, means over the tasks, a row a share of remaining weights."""
    added = mask_recipes.against_base(mask_recipes.varied(runs, method))
    some = added[added["recipe"] == mask_recipes.UNPRESSED].sort_values("asked")
    return by_remaining({"": {each.asked: stats.Estimate(*each[3:]).in_words() for each in some.itertuples()}}).T


def without_it_printed() -> pd.DataFrame:
    """The same of the paper's Table 5, with the interval over its tasks."""
    more = published.added(jiang[jiang["table"] == 5], "pressed", False, True, ["task", "sparsity"])
    means = {sparsity: published.gains(some)[0].in_words() for sparsity, some in more.groupby("sparsity")}
    return by_remaining({"": means}).T.rename_axis("weights")


chapter.finding(
    without_it,
    "In print a mask loses more without its regulariser the less remains; on the miniature it gains where most "
    "remains. Without minus with the regulariser (points), means over tasks with 95% intervals over seeds, in print "
    "over tasks.",
    printed=without_it_printed(),
    nothing="*Nothing was tried without the regulariser.*",
)

# %% tags=["hide-input"]
chapter.numbers(compared, "The base's score, and what other regularisers add to it.")

# %% tags=["hide-input"]
chapter.numbers(made_pressed, "With and without the regulariser.", printed=printed(5, "pressed", PRESSED))

# %% [markdown]
# What the regulariser does to the heads of the model is measured in {doc}`/analyses/where_masks_keep`.
#
# (j7)=
# ## A teacher
#
# The teacher is the same model, fully fine-tuned. It says how likely each class is, $p_t$, and the masked model, $p_s$,
# learns from that. The paper adds $D_{KL}(p_s \| p_t)$ to the loss; the code takes half the loss and half
# $T^2 D_{KL}(p_t \| p_s)$ of distributions softened at $T = 2$, as {cite:t}`hinton2015` and {cite:t}`sanh2020` do.
# STS-B has no teacher here: its score is a single output, and over one class a teacher is always certain. The code
# halves the loss of STS-B and calls that a teacher.


# %% tags=["hide-input"]
def of_a_teacher(runs: pd.DataFrame) -> pd.DataFrame:
    """What a teacher adds to the base."""
    return compared(runs, *GUIDED)


chapter.numbers(of_a_teacher, "The base's score, and what a teacher adds to it.")


# %% tags=["hide-input"]
def teachers_printed() -> pd.DataFrame:
    """What a teacher adds in the paper's Table 1, in points, by method, task and remaining weights."""
    rows = published.one_metric(jiang[jiang["table"] == 1])
    added = published.added(rows, "teacher", True, False, ["method", "sparsity", "task"]).round(1)
    lines = {}
    for (name, sparsity, task), more in added.sort_index().items():
        lines.setdefault(f"{published.title(name)}, {remain(sparsity)}", {})[title(task)] = more
    return pd.DataFrame.from_dict(lines, orient="index")


tables.numbers(
    teachers_printed().map("{:+.1f}".format).rename_axis("method"),
    "In print, BERT-base: with a teacher minus without (points).",
)

# %% [markdown]
# In the lower row of the paper's Figure 1 all methods have the same teacher. The figure below shows the same, with the
# teacher as released. Methods that change no weight have the frozen head, the others a new one:


# %% tags=["hide-input"]
def taught_drawn(runs: pd.DataFrame, axes: dict) -> None:
    """Score against the share of weights that remains, a panel a task, a line each method with the teacher."""
    rows, every = mask_recipes.taught(runs, method), learned_masks.scored(runs)
    whole = every[every["method"] == learned_masks.FULL]
    for task in rows["task"].unique():
        ax, here = axes.get(title(task)), rows[rows["task"] == task]
        if ax is None:
            continue
        for name in rows["title"].unique():
            some, style = here[here["title"] == name], "--" if name.endswith("no teacher") else "-"
            left = 100 * (1 - some["asked"])
            plots.spread(left, 100 * some["score"], name, ax=ax, linestyle=style)
        full = whole.loc[whole["task"] == task, "score"].mean()
        plots.of_task(ax, study.task_named(task), full=full, majority=here["majority"].mean(), name="the teacher")
        plots.remaining(ax, here["asked"])


def taught_compared(runs: pd.DataFrame) -> pd.DataFrame:
    """The base's method minus each other, both with the teacher, in points, mean over the tasks."""
    rows, own = mask_recipes.taught(runs, method), learned_masks.title(method)
    lines = {}
    for name in rows["title"].unique():
        if name != own:
            advantages = learned_masks.advantages(rows, {"title": own}, {"title": name})
            lines[f"{own} minus {name}"] = {asked: each.in_words() for asked, each in advantages.items()}
    return by_remaining(lines).rename_axis("difference")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Score against the share of weights that remains, for each task a panel and for each method with a teacher a line; the teacher itself is a dashed line."}, "figure": {"name": "guided", "caption": "With a teacher, too, masks over frozen weights keep up with methods that train the weights. Means over seeds, bars span them; broken lines have no teacher, and the dashed line is the teacher itself."}}
chapter.figure(
    taught_drawn,
    lambda runs: [*mask_recipes.taught(runs, method)["task"].map(title).unique()],
    among=lambda runs: runs if len(mask_recipes.taught(runs, method)) else runs[:0],
    size=(3.0, 2.5),
)

# %% tags=["hide-input"]
chapter.numbers(taught_compared, "Differences of scores with a teacher (points), means over the tasks.")

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["the_regulariser_matters", "label_words_help", "a_teacher_always_helps"])
short.summary()


# %% tags=["remove-input", "in-short"]
def of_the_real_bert(runs: pd.DataFrame) -> str:
    """On how little a real BERT was tried, and how many of its masks say nothing."""
    rows = mask_recipes.varied(runs, method) if len(runs) else runs
    if rows.empty:
        return "No real BERT was tried."
    tasks = listed([title(task) for task in rows["task"].unique()], "and")
    seeds = how_many(rows["seed"].nunique(), "seed")
    return f"The real BERT was trained with {seeds} on {tasks}: there {silent_among(runs)}."


short.box(
    question="What does a learned mask need: the head made of label words, the regulariser, the teacher?",
    done=(
        "Each of the three is varied alone around one recipe, on the same data and for as many steps. Both what the "
        "paper prints and what its code does are run. Methods that train the weights are given the same teacher for "
        "comparison."
    ),
    not_shown=of_the_real_bert(chapter.minilm),
)
