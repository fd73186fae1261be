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
#     part: smaller
#     order: 12
# ---

# %% [markdown]
# (x7)=
# (x16)=
# # The smaller model
#
# A weight that is set to zero is still stored and still multiplied. The file stays as large and the answer takes as long.
# To be smaller and faster, a model has to lose whole pieces: attention heads, the neurons of its feed-forward networks,
# layers. This page measures what that saves, in milliseconds and megabytes, and what it costs, in points. Beside it stand
# the simpler things to try first: 8-bit numbers instead of 32-bit ones, and leaving out some layers.
#
# - **Heads, neurons, both**: those that matter least go. On a task, the importance of each is computed exactly, by one
#   backward pass over examples. In a sentence encoder it is how far the sentence vectors move without it, which takes no
#   labels.
# - **Layers**: the upper ones go, or some are left out so that those that stay are evenly spread.
# - **Torch-Pruning**: that library chooses the heads and neurons to cut, the same number in each layer.
# - **Zeros**: the smallest single weights are set to zero.
# - **Words used**: the table of word embeddings keeps only the word pieces that the training set uses. That saves bytes but
#   no time, and changes answers to texts made of these pieces by rounding at most, so the figure leaves it out.
# - **int8**: ONNX with 8-bit weights, by the dynamic quantisation of ONNX Runtime.
#
# A model that is cut on a task is trained further, with the full model as its teacher. A sentence encoder is scored as cut,
# without any training. The models are timed in turns, all of them in every round, so that other programs slow all of them
# alike. You can run this page on a file of your own: {doc}`/your_own` says how, and how to make just one smaller model.

# %% tags=["parameters"]
model = "miniature"  # "miniature", "minilm", a folder, or a name of the hub
data_dir = ""  # a downloaded glue_data folder, or "hub"; the miniature brings its own data
train_file = ""  # of the task "own": .csv, .tsv or .jsonl, one row an example
dev_file = ""  # another, to score on; "": a share of train_file is held out for that
dev_share = 0.2  # that share
text_column = "text"
second_column = ""  # of a second text, for pairs
label_column = "label"  # "": there is none, and what a classifier of yours answers as it is counts as right
labels = "classes"  # what the labels are: "classes" or "numbers"
task = "sst2"  # of classes, or "own", a file of your own: the model is fine-tuned, cut and healed on it
encoder_task = "stsb"  # of pairs with a number each, or "own": the encoder is cut and left as it is; "": none
share = 0.5  # of what goes
ways = ["heads", "neurons", "both", "first_layers", "spread_layers", "torch_pruning", "zeros"]
healed_ways = ["heads", "neurons", "both", "first_layers", "spread_layers", "torch_pruning", "zeros"]  # on the task
in_8_bits = ["nothing", "both"]  # which of them, and whether the full model, are written with 8 bits, too
fewer_words = ["both"]  # which are written with the words of the training set alone, too, as they are packed
compared = ["first_layers", "spread_layers", "torch_pruning"]  # to these "both" is compared, row by row
shown = [32, 16, 1]  # texts read at once, tokens of each, and threads: what the figure's times are of
shapes = [[1, 16, 1]]  # others, for the first of the tasks
rounds = 9
epochs = 2.0
batch_size = 32
learning_rate = 1e-3
examples = 0  # as of how_much_can_go
dev_examples = 0
healing_epochs = 2.0
healing_rate = 5e-4
max_length = 64
pooling = ""  # "mean" of the tokens' vectors, or the "first"; "": as the model itself says, else the mean
shown_commands = ["inspect", "vocabulary", "shrink", "measure"]  # whose words stand at the end
worlds = [1]  # of the miniature
seeds = [1]
miniature_steps = 3000
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
import importlib.util
from dataclasses import replace

from lottery import miniature
from lottery.experiments.cut_classifier import CutClassifier
from lottery.experiments.cut_encoder import CutEncoder
from lottery.experiments.form_change import FormChange
from lottery.experiments.form_times import FormTimes
from lottery.experiments.saved_form import SavedForm
from lottery.experiments.studies import TaskStudy
from lottery.models import exporting
from lottery.models import pooling as folders
from lottery.pruning.ways import PACKAGE
from lottery.suite.given import given

globals().update(given("experiments/smaller_model", globals()))
for shape in [shown, *shapes]:
    if len(shape) != 3:
        raise ValueError(
            f"shown, shapes: {shape} are not three numbers: texts read at once, tokens of each, and threads"
        )
without = [name for name in (PACKAGE, *exporting.PACKAGES) if importlib.util.find_spec(name) is None]
tasks = [task, *([encoder_task] if encoder_task else [])]
study, world = TaskStudy.from_cell(globals()), worlds[0]
tuned = study.tuned(task, seeds[0], learning_rate=learning_rate, world=world, saved=True)
cut = {"way": "both", "share": share}
healed = {"epochs": healing_epochs, "batch_size": batch_size, "learning_rate": healing_rate, "seed": seeds[0]}
cuts = [CutClassifier(of=tuned, **cut, **healed)]
if encoder_task:
    of_pairs = study.task_named(encoder_task)
    if of_pairs.KIND != "regression" or not of_pairs.PAIR:
        raise ValueError(
            f"encoder_task = {encoder_task!r} has no pairs with a number each: give 'stsb', 'own' with such a file, or ''"
        )
    pooled = pooling or ("mean" if model in miniature.NAMES else folders.pooling(model))
    start = study.start(encoder_task, world=world)
    cuts.append(CutEncoder(start=start, task=encoder_task, **cut, pooling=pooled, max_length=max_length, seed=0))
forms, changes, times = [], [], []
for of in cuts:
    tried = healed_ways if isinstance(of, CutClassifier) else ways
    here = [way for way in tried if way != "torch_pruning" or PACKAGE not in without]
    packed = [] if {*exporting.PACKAGES} & {*without} else [way for way in in_8_bits if way in ("nothing", *here)]
    named = {"nothing": of.whole} | {way: replace(of, way=way) for way in here}
    of_this = {(way, "torch"): SavedForm(of=each, form="torch") for way, each in named.items()}
    of_this |= {(way, "int8"): SavedForm(of=named[way], form="int8") for way in packed}
    whole, both = of_this["nothing", "torch"], of_this.get(("both", "torch"))
    beside = [name for name in of_this if name != ("nothing", "torch")]
    spared = {
        (way, form): replace(each, of=replace(each.of, fewer_words=True))
        for (way, form), each in of_this.items()
        if way in fewer_words
    }
    drawn = seeds if isinstance(of, CutClassifier) else [0]
    changes += [
        FormChange(of=form, against=whole, seeds=drawn)
        for form in [*of_this.values(), *spared.values()]
        if form != whole
    ]
    others = [of_this[way, "torch"] for way in compared if both and way in here]
    changes += [FormChange(of=both, against=other, seeds=drawn) for other in others]
    forms += [form for change in changes for form in change.preceding]
    times += [
        FormTimes(
            of=SavedForm(of=of, form="torch"),
            ways=[way for way, _ in beside],
            forms=[form for _, form in beside],
            batch_size=size,
            length=length,
            threads=threads,
            rounds=rounds,
        )
        for size, length, threads in [shown, *(shapes if of is cuts[0] else [])]
    ]
grid = [*dict.fromkeys(forms), *changes, *times]

# %% tags=["remove-cell"]
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import Markdown

from lottery import store
from lottery.choices import choose, listed
from lottery.findings import smaller_forms
from lottery.models.folders import weights_bytes
from lottery.suite import plots
from lottery.suite.chapter import between, perform, title
from lottery.suite.in_short import InShort
from lottery.suite.palette import look
from lottery.suite.transcript import transcript

chapter = perform("experiments/smaller_model", grid, results, records, workers=workers, scheduler=scheduler)


def shape_of(rows: pd.DataFrame) -> tuple[int, int, int]:
    """The shape of a batch at which the forms of every task were timed, of these the largest."""
    return max(smaller_forms.shapes_of_all(rows))


def in_words(shape: tuple[int, int, int]) -> str:
    """The shape of a batch in words."""
    size, length, threads = shape
    texts = f"{size} texts" if size > 1 else "one text"
    return f"{texts} of {length} tokens, {threads} thread{'s' * (threads > 1)}"


def tasks_of(rows: pd.DataFrame) -> list[str]:
    """The tasks, in their order."""
    return [*dict.fromkeys(smaller_forms.scores(rows).index.get_level_values("task"))]


def drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A panel a task: the score against how many times as fast a form is, a point a form."""
    shape = shape_of(rows)
    for task in tasks_of(rows):
        ax = axes[title(task)]
        table = smaller_forms.beside(rows, task, shape)
        whole = table.loc[smaller_forms.WHOLE, "score"].mean
        ax.axhspan(100 * (whole - smaller_forms.WITHIN), 100 * whole, color="grey", alpha=0.15, linewidth=0)
        for (way, form), row in table[
            ~table.index.get_level_values("form").str.endswith(smaller_forms.USED)
        ].iterrows():
            change, faster = row["change"], row["faster"]
            reach = [[100 * (change.mean - change.low)], [100 * (change.high - change.mean)]]
            ends = [[faster.mean - faster.low], [faster.high - faster.mean]]
            hollow = {} if form == "torch" else {"markerfacecolor": "white"}
            style = look(smaller_forms.WAYS[way]) | hollow | {"linestyle": "none", "markersize": 7}
            y = 100 * (whole + change.mean)
            ax.errorbar(faster.mean, y, reach, ends, label=smaller_forms.named(way, form), elinewidth=0.9, **style)
        ax.set(xlabel="times as fast", ylabel=f"{plots.metric(study.task_named(task).METRIC)} on dev (x 100)")
        ax.set_title(title(task), fontsize=10)
        ax.set_xlim(left=0)


def told(rows: pd.DataFrame) -> Markdown:
    """For each task what the full model scores, and what is shown to lose less than a point, the fastest first."""
    shape, lines = shape_of(rows), []
    for task in tasks_of(rows):
        table = smaller_forms.beside(rows, task, shape)
        whole = table.loc[smaller_forms.WHOLE]
        if smaller_forms.says_nothing(whole):
            lines.append(
                f"- **{title(task)}** tells nothing: the full model scores {whole['score'].in_words(100, '.1f')}, which is not "
                "clearly above the majority-class baseline."
            )
            continue
        free = table.drop(index=smaller_forms.WHOLE)
        free = free[free["change"].map(smaller_forms.without_loss)]
        free = free.iloc[sorted(range(len(free)), key=lambda place: -free["faster"].iloc[place].mean)]
        best = [
            f"{smaller_forms.named(*index)} ({row['faster'].mean:.1f} times as fast, {row['bytes'] / 1e6:.1f} MB)"
            for index, row in free.iterrows()
        ]
        named = listed(best, "and") if best else "none of the smaller forms"
        lines.append(
            f"- **{title(task)}**: the full model scores {whole['score'].in_words(100, '.1f')} and takes "
            f"{whole['bytes'] / 1e6:.1f} MB. Shown to lose less than a point: {named}."
        )
    return Markdown(f"Timed on {in_words(shape)}:\n\n" + "\n".join(lines))


def half_in_words(rows: pd.DataFrame) -> Markdown | None:
    """What the model without half of its heads and neurons scores, how fast and how large it is, in 32 and in 8 bits."""
    shape, lines = shape_of(rows), []
    for task in tasks_of(rows):
        table = smaller_forms.beside(rows, task, shape)
        whole = table.loc[smaller_forms.WHOLE]
        if smaller_forms.says_nothing(whole) or ("both", "torch") not in table.index:
            continue
        words = [
            f"{row['change'].in_words(100)} points, {row['faster'].mean:.1f} times as fast, {row['bytes'] / 1e6:.0f} MB"
            for row in (table.loc["both", form] for form in ("torch", "int8") if ("both", form) in table.index)
        ]
        lines.append(
            f"- **{title(task)}**: {words[0]} instead of {whole['bytes'] / 1e6:.0f} MB"
            + (f"; with 8-bit weights as well, {words[1]}." if words[1:] else ".")
        )
    removed = rows.loc[rows["of.way"] == "both", "of.share"].max()
    return (
        Markdown(
            f"Change of the score, speed and size with {removed:.0%} of heads and neurons gone:\n\n" + "\n".join(lines)
        )
        if lines
        else None
    )


def compared_in_words(rows: pd.DataFrame) -> Markdown | None:
    """The model without half of its heads and neurons against other cuts of the same share, on the same rows."""
    lines = [
        f"- {title(task)}, against *{smaller_forms.named(way, form)}*: {row['change'].in_words(100)} points"
        for (task, _, _, way, form), row in smaller_forms.against(rows).iterrows()
    ]
    if not lines:
        return None
    return Markdown(
        "The score with heads and neurons gone minus the score of another cut of the same share, on the same rows of dev, "
        "with 95% intervals. Above 0, cutting heads and neurons is better:\n\n" + "\n".join(lines)
    )


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Every form: score, change, size, and time at one shape of a batch."""
    lines, shape = {}, shape_of(rows)
    for task in tasks_of(rows):
        for (way, form), row in smaller_forms.beside(rows, task, shape).iterrows():
            is_whole = (way, form) == smaller_forms.WHOLE
            lines[title(task), smaller_forms.named(way, form)] = {
                "score (x 100)": row["score"].in_words(100, ".1f"),
                "change (points)": "" if is_whole else row["change"].in_words(100),
                "parameters": f"{row['numbers'] / 1e6:.2f} M",
                "MB": f"{row['bytes'] / 1e6:.1f}",
                "ms": f"{1000 * row['seconds']:.1f}",
                "times as fast": "" if is_whole else row["faster"].in_words(1, ".2f"),
            }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(["task", "model"])


def of_forms(rows: pd.DataFrame) -> pd.DataFrame:
    """What each form changes in the score and in time, the whole vocabulary kept."""
    table = numbers(rows)[["change (points)", "times as fast"]]
    used = table.index.get_level_values("model").str.endswith(smaller_forms.USED)
    return table[~used & (table["change (points)"] != "")]


def all_times(rows: pd.DataFrame) -> pd.DataFrame:
    """How many times as fast every form is at every shape of a batch that was timed, of the task timed at most."""
    timed = smaller_forms.times(rows)
    most = timed.index.get_level_values("task").value_counts().index[0]
    lines = {}
    for (*shape, way, form), row in timed.loc[most].iterrows():
        is_whole = (way, form) == smaller_forms.WHOLE
        text = f"{1000 * row['seconds']:.1f} ms" if is_whole else row["faster"].in_words(1, ".2f")
        lines.setdefault(smaller_forms.named(way, form), {})[in_words(tuple(shape))] = text
    return pd.DataFrame.from_dict(lines, orient="index").T.rename_axis("a batch of")


def load_in_words(rows: pd.DataFrame) -> Markdown:
    """What else the machine did while the times were taken, and on what it was."""
    timed = rows[rows["experiment"] == "FormTimes"]
    clocked = (
        " With more threads they are wall-clock time, and only ratios between models timed in turns mean something."
        if (timed["threads"] > 1).any()
        else ""
    )
    return Markdown(
        f"While the models were timed, the machine had a load of {between(timed['load'], '.1f')}. With one thread, times are "
        f"processor time, which depends little on the load.{clocked}"
    )


# %% [markdown]
# ## A real BERT
#
# The model is all-MiniLM-L6-v2. For SST-2 it is fine-tuned, cut, and trained again for as long. For STS-B it is the
# published sentence encoder, cut and not trained again.

# %% tags=["remove-input"]
chapter.shown(told, "minilm")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Score on dev against how many times as fast each smaller form is as the full model, a panel for each task, of a real BERT and of the miniature."}, "figure": {"name": "smaller", "caption": "Cutting heads and neurons keeps more of the score than leaving out as many layers, and int8 saves more time than either. Bars are 95% intervals; in the grey band less than a point is lost; white marks are int8."}}
chapter.figure(drawn, lambda rows: [*map(title, tasks_of(rows))], live=False, scale="", size=(4.2, 3.2))

# %% tags=["remove-input"]
chapter.shown(compared_in_words, "minilm")

# %% tags=["hide-input"]
chapter.finding(
    of_forms,
    "Cutting half of the heads and neurons and using 8 bits instead of 32 saves more time than either alone. Change of the "
    "score, and speed as a multiple of the full model's at the largest batch, with 95% intervals.",
    live=False,
)

# %% tags=["hide-input"]
chapter.numbers(numbers, "Every form: score, size and time.")

# %% [markdown]
# How much faster a smaller model is depends on how many texts it reads at once and on their length: see *All numbers*.

# %% tags=["hide-input"]
chapter.numbers(
    all_times,
    "How many times as fast as the full model each form is, by the shape of a batch; for the full model, its time.",
)

# %% tags=["remove-input"]
chapter.shown(load_in_words, "minilm")

# %% [markdown]
# ## On the model of this build
#
# The miniature is so small that much of its time is spent outside its layers, and much of its size is its table of word
# embeddings. So cutting half of its heads and neurons saves less than half.

# %% tags=["remove-input"]
Markdown(
    f"*Left out, because not installed here: {listed([f'`{name}`' for name in without], 'and')}. `pip install 'lottery[onnx,bench]'` brings them.*"
) if without else None

# %% tags=["remove-input"]
told(chapter.live)

# %% tags=["remove-input"]
compared_in_words(chapter.live)

# %% tags=["remove-input"]
load_in_words(chapter.live)

# %% [markdown]
# (what-the-commands-print)=
# ### What the commands print
#
# {doc}`/your_own` says how to make a smaller model of your own. Here its commands are run on the fine-tuned model of this
# build, with 400 of its sentences and their labels in a file. They ask for the best model that is a tenth smaller.


# %% tags=["remove-input"]
def called(names: list[str]) -> Markdown | None:
    """The commands of the smaller model, typed where the fine-tuned model and a file of its sentences lie."""
    if not names:
        return None
    run, labels = store.perform(tuned, Path(results)), choose("tasks", task).LABELS
    weights = run.path / "model"
    some = tuned.tables(task)["train"].head(400)
    own = ["--train-file", "feedback.csv", "--text-column", "comment", "--label-column", "sentiment"]
    own += ["--max-length", f"{max_length}"]
    most = f"{0.9 * weights_bytes(weights) / 1e6:.1f}"
    words = {
        "inspect": ["inspect", "model"],
        "vocabulary": ["vocabulary", "model", "feedback.csv", "--text-column", "comment", "-o", "words"],
        "shrink": ["shrink", "model", "-o", "small", *own, "--size", most, "--epochs", "3", "--learning-rate", "5e-4"],
        "measure": ["measure", "model", "small", *own],
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "model").symlink_to(weights.resolve())
        named = some["label"].map(dict(enumerate(labels)))
        pd.DataFrame({"comment": some["first"], "sentiment": named}).to_csv(folder / "feedback.csv", index=False)
        return Markdown("\n\n".join(transcript([words[name] for name in names], folder)))


called(shown_commands)

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
found = [chapter.shown(each, "minilm") for each in (half_in_words, told, compared_in_words)]
of_half = of_forms(chapter.minilm) if len(chapter.minilm) else pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []]))
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="What does a model gain in time and size when whole pieces of it go, and what does that cost in points?",
    done=(
        "Half of a model's heads, neurons, both, or layers are cut. The full and the cut model are also written with "
        "8-bit weights. A model that is cut on a task is trained further, with the full model as its teacher. Scores "
        "are compared row by row, and the models are timed in turns."
    ),
    not_shown="Times are those of one machine's processor. On others, and on a GPU, the order may change.",
    found=found[:2],
    numbers={
        f"{task}, {form}: change of the score, and times as fast as the full model (95% intervals)": {
            "minilm": f"{row['change (points)']} points, {row['times as fast']}"
        }
        for (task, form), row in of_half.iterrows()
        if form == smaller_forms.named("both", "torch")
    },
)
