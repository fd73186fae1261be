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
# The previous chapters learn masks over the frozen weights of BERT for tasks of classification. {cite:t}`jiang2023` go
# two steps further: to SQuAD, where the answer is a part of a text, and to RoBERTa, for which they let the sparsity
# rise in another way, without saying why. Here both are tried with the same methods and budgets.

# %% tags=["parameters"]
models = ["miniature"]  # or "minilm", a folder, a name of the hub: then with `data_dir`
data_dir = ""  # for any model but the miniatures: a downloaded glue_data folder, with SQuAD in it, or "hub"
world = 1  # seed of the miniature's world and of its pre-training
tuning_seeds = [1]  # of the head, the order of the examples and noise
miniature_steps = 3000  # of the miniature's pre-training
tasks = ["sst2"]  # files in lottery/tasks, of classes; []: none
methods = ["smp_l", "smp_s", "movement"]  # of lottery/mask_learning, those that aim at a sparsity
sparsities = [0.5]  # shares of the weights of the layers' matrices to remove
rises = ["cubic"]  # along which the sparsity rises
answering = ["miniature"]  # of the models, those that answer questions on a text
answer_sparsities = [0.5]  # to which; along the first of the rises
answer_heads = ["mlm"]  # of lottery/task_heads, tried with SMP-L beside the head "random", which all methods have
guides = []  # recipes by which a teacher of spans is listened to: "printed", "released"; []: none is tried
answer_length = 24  # tokens of a question and a window of its paragraph, at most: 384 in the released scripts
examples = 0  # of the examples, or questions, to train on, so many, of a published task; 0: all
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

from lottery.experiments.studies import MaskStudy, TaskStudy, require_aimed, require_named_apart
from lottery.suite.given import given

globals().update(given("experiments/spans_and_roberta", globals()))
if not rises:
    raise ValueError("rises: the sparsity rises along something; give 'cubic', 'linear' or both")
require_aimed(methods)
require_named_apart(models)
require_named_apart(answering, "answering")
study, masks = TaskStudy.from_cell(globals()), MaskStudy.from_cell(globals())
whole = [
    replace(study, model=model).tuned(task, seed, world=world, learning_rate=weight_rate)
    for model in models
    for task in tasks
    for seed in tuning_seeds
]
masked = [
    replace(masks.mask(of, method, sparsity), rise=rise)
    for of in whole
    for method in methods
    for sparsity in sparsities
    for rise in rises
]
readers = [replace(study, model=model, max_length=answer_length) for model in answering]
answered = [
    reader.tuned("squad", seed, world=world, learning_rate=weight_rate, saved=bool(guides))
    for reader in readers
    for seed in tuning_seeds
]
spans = [(of, masks.mask(of, method, each)) for of in answered for method in methods for each in answer_sparsities]
spans = [(of, replace(mask, rise=rises[0])) for of, mask in spans]
grid = [*whole, *masked, *answered, *(mask for _, mask in spans)]
grid += [replace(mask, head=head) for _, mask in spans if mask.method == "smp_l" for head in answer_heads]
taught = [(of, mask) for of, mask in spans if mask.method != "movement"]
grid += [replace(mask, teacher=of, guided=guide) for of, mask in taught for guide in guides]

# %% tags=["remove-cell"]
from functools import partial

import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes

from lottery.findings.learned_masks import FULL, scored, title
from lottery.suite import plots
from lottery.suite.chapter import how_many, model_title, perform, read_published
from lottery.suite.chapter import title as task_title
from lottery.suite.in_short import InShort

chapter = perform("experiments/spans_and_roberta", grid, results, records, workers=workers, scheduler=scheduler)
NO_SPANS = "*`answering` is empty.*"


def spans_of(runs: pd.DataFrame) -> pd.DataFrame:
    """The models that answer questions by spans, scored."""
    return scored(runs[runs["task"] == "squad"])


answers = partial(chapter.shown, among=spans_of, nothing=NO_SPANS)

# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# (j10)=
# (j10-minilm)=
# ## Answers that are a part of a text
#
# In SQuAD {cite:p}`rajpurkar2016` a question is asked about a paragraph, and the answer is some words of it. A model
# scores every token as the first and as the last word of the answer, and the span with the highest sum of the two
# scores is taken. The paper gets these two scores as it gets those of classes: the score of the word *yes* marks a
# start, that of *no* an end. Its released code computes them with the whole frozen MLM head at every token, over all
# words of the vocabulary, although only two are used. Here the decoder has these two rows only. A paragraph that is too
# long for the model is read in overlapping windows, each beginning a third of `answer_length` tokens after the previous
# one, as in BERT's own script {cite:p}`devlin2019`. Each window is an example to train on, and the best span of all
# windows is the answer. *Exact match* counts answers that equal an accepted one, ignoring capitals, punctuation and
# articles. *F1* is the harmonic mean of precision and recall of an answer's words. Both follow the rules of SQuAD's own
# script. The miniature asks who owns, eats or fears what, about two sentences of two nouns; windows are so small that
# many questions need two.


# %% tags=["hide-input"]
def curve(ax: Axes, rows: pd.DataFrame, value: str, label: str, line: str = "-") -> None:
    """Means over seeds and tasks against the share of weights that remains, bars from the lowest seed to the highest."""
    seeds = 100 * rows.groupby(["asked", "seed"])[value].mean()
    left, fill = 100 * (1 - seeds.index.get_level_values("asked")), "full" if line == "-" else "none"
    plots.spread(left, seeds, label, ax=ax, linestyle=line, fillstyle=fill)


def framed(ax: Axes, rows: pd.DataFrame, value: str = "score") -> None:
    """The full model's line, and the shares of weights that remain as ticks."""
    whole = rows["method"] == FULL
    ax.axhline(100 * rows.loc[whole, value].mean(), color="black", linestyle="--", linewidth=1, label=title(FULL))
    plots.remaining(ax, rows.loc[~whole, "asked"])


VALUES = {"F1": "score", "exact match": "exact_match"}


def answers_of(rows: pd.DataFrame) -> list[str]:
    """Both measures of each model."""
    return [f"{model_title(name)}: {measure}" for name in rows["model"].unique() for measure in VALUES]


def answers_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """F1 and exact match against the share of weights that remains: two panels a model, a line each method."""
    for panel, ax in axes.items():
        of, name = panel.split(": ")
        value, here = VALUES[name], rows[rows["model"].map(model_title) == of]
        masked = here[(here["method"] != FULL) & (here["guided"] != "printed")]
        for (method, head, guided), some in masked.groupby(["method", "head", "guided"], sort=False):
            usual = title(method) + (", a teacher" if guided else "")
            label, line = (usual, "--" if guided else "-") if head == "random" else (f"SMP-L, the head {head}", ":")
            curve(ax, some, value, label, line)
        framed(ax, here, value)
        ax.set(ylabel=f"{name} (x 100)")
        ax.set_title(of, fontsize=10)


# %% tags=["hide-input"] mystnb={"image": {"alt": "F1 and exact match of answers against the share of weights that remains, a line for each method, the full fine-tuned model as a dashed line; of a real BERT and of the miniature."}, "figure": {"name": "spans", "caption": "A mask answers questions about as well as full fine-tuning, dashed, as long as half of the weights remain, and less well beyond. Means over seeds, bars span them; broken lines have a teacher."}}
chapter.figure(answers_drawn, answers_of, among=spans_of, nothing=NO_SPANS, size=(3.4, 2.8))

# %% tags=["hide-input"]
ENOUGH = 0.6  # of F1: below, a model has hardly learnt to answer


def part_of_squad(runs: pd.DataFrame) -> Markdown:
    """How many questions the runs of a real BERT learn from and are scored on, and whether it has learnt to answer."""
    train, dev = (
        " or ".join(f"{count:,.0f}" for count in runs[f"start.{split}_examples"].unique()) for split in ("train", "dev")
    )
    return Markdown(
        f"The recorded runs of the real BERT learn from {train} questions, all on a part of SQuAD's training "
        f"articles, and are scored on {dev} questions of dev. {learnt(runs)}"
    )


def learnt(runs: pd.DataFrame) -> str:
    """The full model's F1 beside the printed one of BERT-base, and what follows where it is far below."""
    printed = read_published("jiang2023_results").query(
        "task == 'squad' and method == 'fine_tuning' and metric == 'f1'"
    )
    whole = runs.loc[runs["experiment"] == "FineTuning", "score"].mean()
    theirs = printed["score"].max()
    line = f"The full model reaches an F1 of {100 * whole:.1f}; in print BERT-base has {100 * theirs:.1f}."
    if whole > ENOUGH:
        return line
    return (
        f"{line} **So it was not trained for long enough to answer.** Neither the scores of its masks nor their order "
        "in the figure says anything about the methods."
    )


chapter.shown(part_of_squad, "minilm")


# %% tags=["hide-input"]
from lottery.findings.learned_masks import WHOLE, advantages, over_all
from lottery.suite.chapter import by_remaining

PLAIN = {"head": "random", "guided": ""}  # what all methods have


def compared(rows: pd.DataFrame, pairs: list[tuple[str, str, dict, dict]]) -> dict[str, dict[float, str]]:
    """Differences in points by sparsity with 95% intervals over seeds; of each its words, the metric, one and other."""
    lines = {}
    for what, value, one, other in pairs:
        if more := advantages(rows, one, other, value):
            lines[what] = {asked: each.in_words() for asked, each in more.items()}
    return lines


def answers_compared(rows: pd.DataFrame) -> pd.DataFrame:
    """What methods, heads and teachers add to each other in F1, and the first of them in exact match, by model."""
    smp_l, smp_s, movement = ({"method": name} | PLAIN for name in ("smp_l", "smp_s", "movement"))
    pairs = [
        ("SMP-L minus movement, F1", "score", smp_l, movement),
        ("SMP-L minus movement, exact match", "exact_match", smp_l, movement),
        ("SMP-S minus SMP-L, F1", "score", smp_s, smp_l),
        ("SMP-L minus full fine-tuning, F1", "score", smp_l, WHOLE),
        ("the frozen MLM head minus a trained one, SMP-L, F1", "score", smp_l | {"head": "mlm"}, smp_l),
        ("a teacher as printed, SMP-L, F1", "score", smp_l | {"guided": "printed"}, smp_l),
        ("a teacher as released, SMP-L, F1", "score", smp_l | {"guided": "released"}, smp_l),
        ("a teacher as released, SMP-S, F1", "score", smp_s | {"guided": "released"}, smp_s),
    ]
    lines = {
        (model_title(model), what): line
        for model in rows["model"].unique()
        for what, line in compared(rows[rows["model"] == model], pairs).items()
    }
    return by_remaining(lines, [None, "difference (points)"])


chapter.numbers(
    answers_compared, "What methods, heads and teachers add to each other (points).", among=spans_of, nothing=NO_SPANS
)

# %% [markdown]
# The 95% intervals are over seeds (paired t); a single seed has none.


# %% tags=["hide-input"]
def cost_of_freezing(rows: pd.DataFrame, source: str) -> Markdown:
    """What not touching the weights costs in F1, by model, and how well the full model does."""
    phrases = []
    for model, here in rows.groupby("model", sort=False):
        more = over_all(here, {"method": "smp_l"} | PLAIN, {"method": "movement"} | PLAIN, ["asked"])
        whole = 100 * here.loc[here["method"] == FULL, "score"].mean()
        phrases.append(
            f"{f'{more.in_words()} points' if more else 'not tried'} on {model_title(model)}, where full fine-tuning "
            f"has {whole:.1f}"
        )
    return Markdown(
        f"{source}: SMP-L minus movement in F1, mean over the sparsities: {'; '.join(phrases)}. Always answering with "
        f"the first word of the paragraph has an F1 of {100 * rows['majority'].mean():.1f}."
    )


answers(cost_of_freezing, "live", named=True)

# %% tags=["hide-input"]
answers(cost_of_freezing, named=True)

# %% tags=["hide-input"]
answers(cost_of_freezing, "minilm", named=True)

# %% [markdown]
# Here is what the paper prints for BERT-base beside ours, from its Table 1 and, for other masking functions, its Table
# 3:


# %% tags=["hide-input"]
from lottery.findings import published
from lottery.suite import tables
from lottery.suite.chapter import points

jiang = read_published("jiang2023_results")


def printed(rows: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Scores that the paper prints in points, a row a method and each of these columns, a column each share."""
    rows = rows.sort_values(["metric", "teacher"], kind="stable").assign(
        method=rows["method"].map(published.title),
        teacher=rows["teacher"].map({True: "a teacher", False: "no teacher"}),
        metric=rows["metric"].map({"exact_match": "exact match", "f1": "F1"}),
    )
    lines = {}
    for row in rows.to_dict("records"):
        lines.setdefault(tuple(row[name] for name in names), {})[row["sparsity"]] = points(row["score"])
    table = by_remaining(lines)
    table.index = pd.MultiIndex.from_tuples(lines, names=names)
    return table


squad = jiang[jiang["task"] == "squad"]
tables.numbers(
    printed(squad[squad["table"] == 1], "metric", "teacher", "method"),
    "In print, Table 1 of Jiang et al. on SQuAD, BERT-base (x 100).",
)


# %% tags=["hide-input"]
def f1_made(rows: pd.DataFrame) -> pd.DataFrame:
    """F1 of one model's masks without a teacher, a row a method, a column each share."""
    rows = rows[(rows["method"] == FULL) | ((rows["head"] == PLAIN["head"]) & (rows["guided"] == PLAIN["guided"]))]
    means = rows[rows["model"] == rows["model"].iloc[0]].groupby(["method", "asked"], sort=False)["score"].mean()
    lines = {}
    for (method, asked), score in means.items():
        lines.setdefault(title(method), {})[0.0 if method == FULL else asked] = points(score)
    return by_remaining(lines).rename_axis("method")


def f1_printed() -> pd.DataFrame:
    """The same of BERT-base, of Tables 1 and 3."""
    rows = squad[(squad["metric"] == "f1") & ~squad["teacher"] & squad["table"].isin([1, 3])]
    rows = rows.drop_duplicates(["method", "sparsity"]).sort_values("table", kind="stable")
    return printed(rows, "method").rename_axis("method")


chapter.finding(
    f1_made,
    "In print, masks over frozen weights answer better than movement, which trains the weights, but with a tenth of "
    "the weights or fewer less well than full fine-tuning. F1 (x 100) without a teacher, means over seeds; the real "
    "BERT was not trained for long enough.",
    printed=f1_printed(),
    among=spans_of,
)

# %% tags=["hide-input"]
tables.numbers(
    printed(squad[(squad["table"] == 3) & (squad["metric"] == "f1")], "method"),
    "In print, Table 3 of Jiang et al. on SQuAD, BERT-base: F1 (x 100).",
)


# %% tags=["hide-input"]
from lottery.claims.a_teacher_adds_to_f1 import SAID


def teacher_adds() -> Markdown:
    """The sentence on teachers, beside what Table 1 gives."""
    over = ["metric", "method", "sparsity"]
    more = published.added(squad[squad["table"] == 1], "teacher", True, False, over).round(1)

    def by(metric: str, method: str) -> str:
        return " and ".join(f"{more[metric, method, sparsity]:.1f} with {1 - sparsity:.0%}" for sparsity in (0.9, 0.97))

    return Markdown(
        f"The paper says that a teacher improves the F1 of SMP-L by {SAID['smp_l']} points and of SMP-S by "
        f"{SAID['smp_s']}. In its Table 1, the F1 of SMP-L rises by {by('f1', 'smp_l')} of the weights, that of SMP-S "
        f"by {by('f1', 'smp_s')}; exact match rises by {by('exact_match', 'smp_l')} and by "
        f"{by('exact_match', 'smp_s')}."
    )


teacher_adds()

# %% [markdown]
# (j11)=
# ## RoBERTa
#
# RoBERTa {cite:p}`liu2019` has BERT's layers, so the same matrices can be masked. Otherwise it is another model: it has
# no next-sentence task and no token types, positions are counted from 2 on, two separators stand between two texts, and
# a piece of a word includes the blank before it, so that the word for a label is *" great"* and not *"great"*. Its MLM
# head has the same parts under other names. The second miniature is made in this way: a stock RoBERTa of the same size,
# with byte pairs of its own, pre-trained on the same text for the same number of steps. As its pieces and its
# pre-training differ, scores are compared within each model, not between them.
#
# For BERT the sparsity rises along the cubic $s_t = s (1 - (1 - t / N)^3)$, for RoBERTa along the line $s_t = s t / N$.
# The paper does not say why, and its scripts never ask for the line. Here both models get both.


# %% tags=["hide-input"]
def classes_of(runs: pd.DataFrame) -> pd.DataFrame:
    """The models that tell classes apart, scored."""
    return scored(runs[runs["task"] != "squad"])


classes = partial(chapter.shown, among=classes_of, nothing="*`tasks` is empty.*")


def models_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Mean score over the tasks against the share of weights that remains, a panel a model, a line a method and a rise."""
    for name, ax in axes.items():
        here = rows[rows["model"].map(model_title) == name]
        for method in here.loc[here["method"] != FULL, "method"].unique():
            for rise, line in (("cubic", "-"), ("linear", "--")):
                some = here[(here["method"] == method) & (here["rise"] == rise)]
                if len(some):
                    curve(ax, some, "score", f"{title(method)}, {rise}", line)
        framed(ax, here)
        plots.chance(ax, 100 * here["majority"].mean(), "majority-class baseline")
        ax.set_title(name, fontsize=10)
        ax.set(ylabel="mean score over the tasks (x 100)")


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean score against the share of weights that remains, a panel for each model; a solid line for each method whose sparsity rises along a cubic, a broken one where it rises along a line; the full fine-tuned model is a dashed line."}, "figure": {"name": "roberta", "caption": "On the miniature, masks over RoBERTa do as masks over BERT do, each compared with its own full fine-tuning, dashed. Means over seeds, bars span them; on broken lines the sparsity rises along a line."}}
chapter.figure(
    models_drawn,
    lambda rows: [*map(model_title, rows["model"].unique())],
    among=lambda runs: scored(runs[runs["task"] != "squad"]) if len(runs) else runs,
    nothing="*`tasks` is empty.*",
    size=(3.6, 3.0),
)


# %% tags=["hide-input"]
def papers_rise(model: str) -> str:
    """Along what the paper lets the sparsity of such a model rise."""
    return "linear" if "roberta" in model.lower() else "cubic"


def models_compared(rows: pd.DataFrame) -> pd.DataFrame:
    """For each model the line minus the cubic, and masks minus fine-tuning, mean over the tasks."""
    lines, whole = {}, {}
    for model, here in rows.groupby("model", sort=False):
        own = {"method": "smp_l", "rise": papers_rise(model)}
        pairs = [
            (
                f"{model}, {title(method)}: the line minus the cubic",
                "score",
                *({"method": method, "rise": rise} for rise in ("linear", "cubic")),
            )
            for method in rows.loc[rows["method"] != FULL, "method"].unique()
        ]
        pairs.append((f"{model}: SMP-L as in the paper minus movement", "score", own, own | {"method": "movement"}))
        lines |= compared(here, pairs)
        whole |= compared(here, [(f"{model}: SMP-L as in the paper minus full fine-tuning", "score", own, WHOLE)])
    return by_remaining(lines | whole).rename_axis("difference of scores (points), mean over the tasks")


chapter.numbers(
    models_compared,
    "The line minus the cubic, and masks minus fine-tuning (points), means over the tasks.",
    among=classes_of,
    nothing="*`tasks` is empty.*",
)

# %% [markdown]
# *All numbers* includes the paper's Table 2, without a teacher, with the deviations over seeds from its Table 7. There,
# SMP is the better of SMP-L and SMP-S on each task, chosen by these very scores.


# %% tags=["hide-input"]
def printed_of_models() -> pd.DataFrame:
    """Table 2 of the paper with the deviations of its Table 7: a row a model and method, a column a task."""
    rows, lines = jiang[jiang["table"] == 2], {}
    for row in rows.to_dict("records"):
        left = f", {100 * (1 - row['sparsity']):.3g}% remain" if row["sparsity"] else ""
        line = lines.setdefault((row["model"], published.title(row["method"]) + left), {})
        line[row["task"]] = points(row["score"], row["sd"])
    table = pd.DataFrame.from_dict(lines, orient="index")
    return table.rename(columns=lambda name: name if name == "average" else task_title(name)).rename_axis(
        ["model", "method"]
    )


tables.numbers(
    printed_of_models(), "In print, Table 2 of Jiang et al.: scores (x 100), deviations over seeds in brackets."
)


# %% tags=["hide-input"]
def printed_gains() -> Markdown:
    """What SMP adds in Table 2, with its interval over the tasks, for both models."""
    rows = jiang[(jiang["table"] == 2) & (jiang["task"] != "average")]
    phrases = []
    for model in ("bert-base-uncased", "roberta-base"):
        more = published.added(rows[rows["model"] == model], "method", "smp", "fine_tuning", ["task"])
        mean, gained, _ = published.gains(more)
        phrases.append(f"{mean.in_words()} on {model}, above 0 on {gained} of {how_many(len(more), 'task')}")
    return Markdown(
        "In that table, SMP minus full fine-tuning, in points with the 95% interval over the tasks: "
        f"{'; '.join(phrases)}."
    )


printed_gains()


# %% tags=["hide-input"]
def line_or_cubic(rows: pd.DataFrame, source: str) -> Markdown:
    """Whether the line does better than the cubic, by model."""
    phrases = []
    for model, here in rows.groupby("model", sort=False):
        more = over_all(here, {"rise": "linear"}, {"rise": "cubic"}, ["method", "asked"])
        phrases.append(f"{f'{more.in_words()} points' if more else 'not tried'} on {model_title(model)}")
    begun = f"{source}: the line minus the cubic, mean over all methods, tasks and sparsities"
    return Markdown(f"{begun}: {'; '.join(phrases)}.")


classes(line_or_cubic, "live", named=True)

# %% tags=["hide-input"]
classes(line_or_cubic, named=True)

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["masks_suit_two_models", "answers_need_no_fine_tuning", "a_teacher_adds_to_f1"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question="Do learned masks answer questions on a text, and do they suit RoBERTa?",
    done=(
        "The methods of the previous chapters are trained on questions whose answer is a part of a text, and on a "
        "miniature with RoBERTa's tokens and training. The sparsity rises along two curves. The gains that the paper "
        "states are recomputed from its tables."
    ),
    found=[
        answers(partial(cost_of_freezing, source="On the miniature")),
        classes(partial(line_or_cubic, source="On the miniature")),
        *short.by_claims(),
    ],
    not_shown="The real BERT was trained on SQuAD for too short a time to compare its scores with those in print.",
)
