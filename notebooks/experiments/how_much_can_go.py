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
#     order: 10
# ---

# %% [markdown]
# # How much of it can go?
#
# Fine-tune a model on a task, set its smallest weights to zero, and see what is left of its score: right after the cut,
# and after a short retraining in which the removed weights stay at zero. How much can go is the first question anyone
# asks of a model. This page answers it for any BERT-shaped model and any task of the suite:
#
# ```
# .venv/bin/lottery run experiments/how_much_can_go \
#     -p model minilm -p task rte -p data_dir glue_data
# ```
#
# The numbers marked "this build" were computed when this book was built, for a model of your choice. Beside them stand
# recorded runs of a real pre-trained BERT on real data.

# %% tags=["parameters"]
model = "miniature"  # "miniature", "minilm", a folder, or a name of the hub
task = "cola"  # a file in lottery/tasks; or "own": a file of your own, which the lines from train_file on describe
more_tasks = []  # tasks beside it, in the same figures
data_dir = ""  # a downloaded glue_data folder, or "hub"; the miniature brings its own data
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
also = ""  # a task on which the same models are scored too, such as "hans" for those of "mnli"
train_file = ""  # .csv, .tsv or .jsonl; of tags .conll or .jsonl
dev_file = ""  # another, to score on; "": a share of train_file is held out for that
dev_share = 0.2  # that share
text_column = "text"
second_column = ""  # of a second text, for pairs
label_column = "label"  # "": there is none, and what a classifier of yours answers as it is counts as right
labels = "classes"  # what the labels are: "classes", "numbers" or "tags", one for each word
sparsities = [0.2, 0.4, 0.5, 0.6, 0.7]  # shares of the prunable weights to remove
seeds = [1]  # of the task's head, the order of its examples, dropout and the retraining
scope = "global"  # "global": the smallest weights of the whole model go; "local": of each matrix; "row": of each row
importance = "magnitude"  # a file in lottery/importance; "wanda" and "obs" go with `-p scope row`
texts = 256  # examples of the training set that these two read, of any file of your own as many as it has at most
embeddings = False  # whether the table of word embeddings is cut too
pooler = False  # whether the pooler is; see below what a global cut does to it
epochs = "auto"  # of the fine-tuning before the cut, 0: the model as it is; "auto": 3 of a published task, of a file of your own none where the model has a head for its classes, and else as many as raise the score on a part of it
retrain_epochs = "auto"  # of the retraining after it; "auto": 0.25, for a file of your own enough for 100 updates
batch_size = 32
learning_rate = 0.0  # 0.0: 5e-5, as is usual for BERT; 1e-3 for the miniature
max_length = 0  # tokens of an example, at most; 0: 128, or 64 for the miniature, which has no positions for more
miniature_steps = 3000  # of the miniature's pre-training
results = "results"
records = "book/records"
workers = 2
scheduler = ""


# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery import importance as scoring
from lottery.experiments import how_long
from lottery.experiments.calibration import Calibration
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.one_shot import OneShot
from lottery.experiments.starts import OWN, challenge
from lottery.experiments.studies import TaskStudy
from lottery.suite.given import given

globals().update(given("experiments/how_much_can_go", globals()))
if not seeds:
    raise ValueError("seeds = []: at least one is needed")
tasks = [task, *more_tasks]
if task in more_tasks:
    raise ValueError(f"more_tasks = {more_tasks}: {task!r} is the task already")
other = challenge(also, tasks, data_dir)
if set(tasks) - {OWN} and not any(sparsities):
    raise ValueError(f"sparsities = {sparsities}: give at least one share above 0")
longest = max_length or (64 if model == "miniature" else 128)
rate = learning_rate or (1e-3 if model == "miniature" else 5e-5)
study = replace(TaskStudy.from_cell(globals()), max_length=longest, takes_tags=True)
mine = study.own
dense = [study.tuned(name, seed, world=seed, learning_rate=rate, saved=True) for name in tasks for seed in seeds]
# The user's own model before anything is done to it, where it can be judged.
as_it_is = [replace(tuned, epochs=0.0, saved=False) for tuned in dense if how_long.is_ready(tuned.task, mine)][:1]


def texts_of(tuned: FineTuning) -> Calibration | None:
    """The texts that the score reads, where it reads some."""
    if not scoring.sees_data(importance):
        return None
    count = min(texts, len(tuned.tables(tuned.task)["train"]))
    return Calibration(
        of=tuned.start, task=tuned.task, split="train", texts=count, place=0, pairs=True, max_length=longest
    )


cuts = [
    OneShot(
        dense=tuned,
        importance=importance,
        scope=scope,
        embeddings=embeddings,
        pooler=cut_pooler,
        sparsity=sparsity,
        retrain_epochs=retrained,
        seed=tuned.seed,
        also=other,
        saved=tuned.task == OWN and retrained > 0 and sparsity > 0,  # yours is worth the room
        calibration=texts_of(tuned),
    )
    for tuned in dense
    for sparsity in dict.fromkeys([0.0, *sparsities])
    for retrained, cut_pooler in dict.fromkeys(
        [
            (0.0, pooler),
            (how_long.retraining(retrain_epochs, tuned), pooler),
            *([(0.0, not pooler)] if tuned.task != OWN else []),
        ]
    )
]
grid = [*as_it_is, *cuts]

# %% tags=["remove-cell"]
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from lottery import miniature, store
from lottery import statistics as stats
from lottery.choices import choose
from lottery.data import splitting
from lottery.data.examples import reading as read_by
from lottery.findings import full_models, one_shot, own_answers
from lottery.models import opening
from lottery.suite import plots, tables
from lottery.suite.chapter import between, how_long, how_many, perform, read_published, title
from lottery.suite.escaped import in_figure, in_markdown
from lottery.suite.in_short import InShort
from lottery.suite.notebooks import on_page
from lottery.tasks import Task, score
from lottery.training import evaluation

chapter = perform("experiments/how_much_can_go", grid, results, records, workers=workers, scheduler=scheduler)
live = store.rows(cuts, Path(results))
chapter = replace(chapter, live=live)  # without your model as it is, of which nothing was cut


@cache
def known(name: str) -> Task:
    """The task of that name; yours is made of your file."""
    return study.task_named(name)


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """The table with the names a reader sees: of the task, and of what was cut and done after the cut."""
    tasks = {name: known(name).TITLE for name in rows["dense.task"].unique()}
    treatment = [
        (f"retrained for {how_long(epochs)}" if epochs else "as cut")
        + ("" if cut == pooler else ", pooler too" if cut else ", not the pooler")
        for epochs, cut in zip(rows["retrain_epochs"], rows["pooler"], strict=True)
    ]
    return rows.assign(task=rows["dense.task"].map(tasks), treatment=treatment)


def drawn(table: pd.DataFrame, axes: dict) -> None:
    """A panel for each task: its score against the share of weights removed, as cut and retrained."""
    for name in table["dense.task"].unique():
        task = known(name)
        if (ax := axes.get(task.TITLE)) is None:
            continue
        rows = named(table[table["dense.task"] == name])
        plots.against_sparsity(rows, "score", by="treatment", scale=100, ax=ax)
        plots.chance(ax, 100 * rows["majority"].fillna(0).mean(), "majority-class baseline")
        ax.set(title=in_figure(task.TITLE), ylabel=f"{plots.metric(task.METRIC)} on dev (x 100)")


# %% tags=["remove-input"]
chapter.full_models()

# %% [markdown]
# ## On the model of this build

# %% tags=["hide-input"] mystnb={"image": {"alt": "Dev score on each task against the share of weights removed, as cut, after a short retraining, and with the pooler cut too; of a real BERT, recorded, and of the model of this build."}, "figure": {"name": "how-much", "caption": "As cut, a model keeps its score until about a third of its weights are gone; a short retraining moves that point to the right. One global magnitude cut of the layers: means and range over seeds; dashed, the majority-class baseline."}}
chapter.figure(drawn, lambda table: [known(name).TITLE for name in table["dense.task"].unique()], size=(3.0, 2.5))

# %% tags=["hide-input"]
competing = [f"{count:,}" for count in sorted(set(live["weights"]))]  # where a pooler is tried too, it makes two
Markdown(
    f"Model {in_markdown(Path(model).name)}, {how_many(len(seeds), 'seed')}, {how_many(len(live), 'run')}. The cuts rank "
    f"{competing[0]} weights{f' ({competing[-1]} with the pooler)' if len(competing) > 1 else ''} by {importance}, with "
    f"{scope} scope."
)


# %% tags=["hide-input"]
def in_words(table: pd.DataFrame) -> Markdown:
    """For each task: what the full model reaches, what goes for less than two points, and what the pooler does."""
    lines, pooled = [], one_shot.with_pooler(table).set_index("task")
    for name, kinds in one_shot.cuts(table).groupby("task", sort=False):
        rows = table[table["dense.task"] == name]
        whole = one_shot.points(rows)[False, 0.0][0.0]
        cut = kinds[~kinds["pooler"].astype(bool) & (kinds["retrain_epochs"] == 0)].iloc[0]
        guess = 100 * rows["majority"].fillna(0).mean()  # a constant answer correlates with nothing
        span = f"seeds {between(whole, '.1f')}; " if len(whole) > 1 else ""
        line = (
            f"- **{in_markdown(known(name).TITLE)}.** The full model reaches {plots.metric(known(name).METRIC)} {cut['whole']:.1f} "
            f"({span}majority-class baseline {guess:.1f}). "
        )
        if not cut["whole"] > guess + one_shot.WITHIN:
            line += "That is no more than two points above the baseline, so this task cannot show what a cut costs. "
        else:
            line += (
                f"Of the shares tried, up to **{cut['free']:.0%}** of its layers' weights can be cut at once for less than "
                f"two points on average. At {cut['most']:.0%}, {difference(cut)}. "
            )
        if name in pooled.index:
            line += (
                f"With the pooler's weights ranked as well, against the same cut without them: at {pooled.loc[name, 'share']:.0%}, "
                f"{difference(pooled.loc[name])}. "
            )
        if collapsed := int(rows["constant"].sum()):
            line += (
                f"{collapsed} of the {how_many(len(rows), 'run')} ended in a model that always gives the same answer. "
            )
        lines.append(line.rstrip())
    return Markdown("\n".join(lines))


def difference(row: pd.Series) -> str:
    """The mean difference of the scores of the same seeds, in words, with its interval."""
    if row["undefined"]:
        return (
            f"{row['undefined']} of {how_many(row['seeds'], 'model')} always give the same answer, which has no score, so "
            "there is no difference"
        )
    mean, low, high = row["change"]
    if row["seeds"] == 1:
        span = "one seed: no interval"
    elif np.isnan(low):
        span = f"the same for all {row['seeds']} seeds: no interval"
    else:
        span = f"95% interval over {row['seeds']} seeds {low:.1f} to {high:.1f}"
    return f"the score changes by {stats.signed(mean)} points ({span})"


# %% tags=["hide-input"]
counted = OWN in tasks and known(OWN).METRIC == "accuracy"  # right answers are counted; else a correlation


def answers(experiments: list[FineTuning | OneShot]) -> list[pd.DataFrame]:
    """What each of these runs answered to every row."""
    return [store.Run(each, Path(results)).read("answers.parquet") for each in experiments]


def metric(given: np.ndarray, labels: np.ndarray) -> float:
    """The score of answers to your task."""
    return score(known(OWN), given, labels)


def scored(experiments: list[FineTuning | OneShot]) -> str:
    """The score of the first of these runs, in words, with its interval over the rows."""
    one = own_answers.score(answers(experiments)[0], metric, counted=counted)
    return f"{plots.metric(known(OWN).METRIC)} **{one.in_words(100, '.1f')}**"


def mine_cut(share: float, after: bool) -> list[OneShot]:
    """The runs on your file at this sparsity, one a seed, retrained after the cut or not."""
    return [
        each
        for each in cuts
        if each.dense.task == OWN and each.sparsity == share and bool(each.retrain_epochs) == after
    ]


def is_clear(after: bool) -> bool:
    """Whether your full model, trained on as after a cut or not, is clearly better than the majority-class baseline."""
    guess = live.loc[live["dense.task"] == OWN, "majority"].fillna(0).iloc[0]
    return own_answers.score(answers(mine_cut(0.0, after))[0], metric, counted=counted).low > guess


def before_the_cut() -> list[str]:
    """What your model reaches as it is and trained, and whether it was trained long enough."""
    trained = [tuned for tuned in dense if tuned.task == OWN]
    guess = 100 * live.loc[live["dense.task"] == OWN, "majority"].fillna(0).iloc[0]
    lines = []
    if as_it_is:
        lines.append(f"Your model as it is reaches {scored(as_it_is)}; the majority-class baseline is {guess:.1f}.")
    elif trained[0].epochs == 0:
        lines.append(
            f"Under a head that was never trained it reaches {scored(trained)}; the majority-class baseline is {guess:.1f}."
        )
    if trained[0].epochs == 0:
        return lines
    rows, guessing = store.rows(trained, Path(results)), np.log(max(2, len(known(OWN).LABELS)))
    lines.append(
        f"Trained for {rows['steps'].iloc[0]:,} updates it reaches {scored(trained)}"
        + ("." if as_it_is else f"; the majority-class baseline is {guess:.1f}.")
    )
    if trained[0].epochs == "auto" and rows["still_rising"].any():
        lines.append(
            "**It has not been trained long enough**: its score on held-out rows was still rising when training ended. "
            "Give a number of epochs (`-p epochs`)."
        )
    elif known(OWN).LABELS and rows["train_loss"].mean() > guessing / 2:
        lines.append(
            f"**It has not been trained long enough**: its loss on its training rows is {rows['train_loss'].mean():.2f}, where "
            f"guessing has {guessing:.2f}. Give more epochs (`-p epochs`)."
        )
    return lines


@cache
def changes_of_mine(after: bool) -> dict[float, stats.Estimate]:
    """What each share removed changes in the score of your model, trained as long, with an interval."""
    whole = answers(mine_cut(0.0, after))
    return {
        share: own_answers.change(whole, answers(mine_cut(share, after)), metric, counted=counted)
        for share in dict.fromkeys(sparsities)
        if share and whole
    }


def free_of_mine(after: bool) -> float:
    """The largest share of your model that goes for less than two points; 0.0 where none does or nothing can be said."""
    changes = {share: change.mean for share, change in changes_of_mine(after).items()}
    return own_answers.free(changes, within=one_shot.WITHIN / 100) if changes and is_clear(after) else 0.0


def after_the_cut(after: bool) -> list[str]:
    """How much of your model can go, retrained after the cut or as it was cut."""
    changes, free = changes_of_mine(after), free_of_mine(after)
    if not changes:
        return []
    whole = mine_cut(0.0, after)
    how = f"Retrained for {how_long(whole[0].retrain_epochs)} after the cut" if after else "Cut and left as it is"
    if not is_clear(after):
        return [
            f"{how}: the full model is not clearly better than the majority-class baseline, so this cannot show what a cut costs."
        ]
    if free:
        row = store.rows(mine_cut(free, after), Path(results)).iloc[0]
        lines = [
            f"{how}, **{free:.0%} of the weights of its layers** ({row['removed'] / row['all_weights']:.0%} of the whole model) "
            f"can be cut for less than two points: {in_points(changes[free])} against the full model, trained as long."
        ]
    else:
        lines = [f"{how}, even {min(changes):.0%} costs two points or more: {in_points(changes[min(changes)])}."]
    gain = own_answers.change(answers(mine_cut(0.0, False)), answers(whole), metric, counted=counted)
    if after and gain.low > 0:
        lines.append(
            f"**The full model gains {in_points(gain)} by the same retraining**, so it had not been trained long enough."
        )
    return lines


def in_points(change: stats.Estimate) -> str:
    """A change of the score in points, with its interval; where both models are right and wrong alike there is none."""
    if np.isnan(change.mean):
        return "always the same answer, which has no score"
    if np.isnan(change.low) and not change.mean:
        return "no row changes from right to wrong or back"
    return f"{change.in_words(100)} points"


def classes_in_words(tables: dict[str, pd.DataFrame]) -> str:
    """Your classes, or types of entities, with their shares, the most frequent first; "" for numbers."""
    task, most = known(OWN), 10
    shares = task.shares(pd.concat(tables.values())["label"])
    if not shares:
        return ""
    what = "with entities of the types" if task.KIND == "tags" else "of the classes"
    by_share = [f"{in_markdown(name)} ({share:.0%})" for name, share in [*shares.items()][:most]]
    return f", {what} {', '.join(by_share)}{f' and {len(shares) - most} more' if len(shares) > most else ''}"


def mine_in_words() -> Markdown:
    """The answer for a file of your own: the model as it is, what training made of it, and how much of it can go."""
    task, start = known(OWN), next(tuned.start for tuned in dense if tuned.task == OWN)
    tables = start.tables(OWN)
    reading = read_by(tables["dev"], opening.tokenizer(model), longest)
    lines = [
        f"{in_markdown(task.TITLE)}: {len(tables['train']):,} rows to train on, {len(tables['dev']):,} to score on"
        f"{classes_in_words(tables)}. "
        f"{in_markdown(evaluation.head_in_words(model, task))} Intervals are 95% intervals over the rows scored, and over "
        "seeds where there are several."
    ]
    whole = pd.concat(tables.values(), ignore_index=True)
    if twins := splitting.also_in(tables["train"], tables["dev"]):
        lines.append(
            f"**{twins:,} of the rows to score on are also among the training rows**, so the scores are too high."
        )
    if task.LABELS and (torn := splitting.at_odds(whole)):
        lines.append(
            f"{torn:,} rows share their text with a row that has another label: no model can be right on all of them."
        )
    if reading["unknown"] > 0.5:
        lines.append(
            f"**{reading['unknown']:.0%} of the words are unknown to this model's tokenizer**, so it reads next to nothing of "
            "these texts: give a model made for their language."
        )
    lines += [*before_the_cut(), *after_the_cut(True), *after_the_cut(False)]
    lines.append(
        "Removed weights are set to zero. That alone makes a model neither smaller nor faster: for that, parts have to be cut "
        "out, or the weights stored in fewer bits."
    )
    return Markdown("\n\n".join(lines))


# %% tags=["hide-input", "answer"]
display(
    *([mine_in_words()] if OWN in tasks else []),
    *([in_words(live[live["dense.task"] != OWN])] if set(tasks) - {OWN} else []),
)


# %% tags=["hide-input", "answer"]
def kept_in_words(table: pd.DataFrame) -> Markdown | None:
    """Where mask and model lie of the largest cut of each kind that goes for next to nothing; of the first seed."""
    place = Path(on_page(results))
    lines, of_key = [], {store.key(cut): cut for cut in cuts}
    for kind in one_shot.cuts(table).itertuples():
        rows = table[table["dense.task"] == kind.task]
        guess = 100 * rows["majority"].fillna(0).mean()
        free = kind.free if kind.whole > guess + one_shot.WITHIN else 0.0
        if kind.task == OWN:
            free = free_of_mine(kind.retrain_epochs > 0)  # as the answer has it, which asks the rows
        if free == 0 or kind.pooler != pooler:
            continue
        keys = rows.set_index(["pooler", "retrain_epochs", "sparsity"])["key"]
        cut = of_key[keys.loc[[(kind.pooler, kind.retrain_epochs, free)]].iloc[0]]
        folder = place / "OneShot" / store.key(cut)
        whole = place / "FineTuning" / store.key(cut.dense) / "model"
        then = ", and retrained" if kind.retrain_epochs else ""
        use = f"the model `{folder}/model`" if cut.saved else f"to be put on `{whole}` by `lottery ticket apply`{then}"
        if cut.importance == "obs" and not cut.saved:
            use += "; `--texts FILE` then has the weights that stay make up for the others, as they did here"
        done = f"retrained for {how_long(kind.retrain_epochs)}" if kind.retrain_epochs else "as cut"
        lines.append(
            f"- {in_markdown(known(kind.task).TITLE)}, {free:.0%} removed, {done}: the mask is `{folder}/mask.safetensors`, {use}."
        )
    return Markdown("\n".join(lines)) if lines else None


kept_in_words(live) if any(sparsities) else None


# %% tags=["hide-input"]
def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean score over seeds, x 100, for each task and treatment at each sparsity; NaN where a run has no score."""
    means = named(rows).groupby(["task", "treatment", "sparsity"], sort=False)["score"].mean(skipna=False)
    return (100 * means.unstack("sparsity", sort=False)).round(1).rename(columns="{:.0%}".format)


def goes(rows: pd.DataFrame) -> pd.DataFrame:
    """The largest share tried that goes for less than two points, where the full model knows enough to lose some."""
    lines, levels = {}, 100 * rows.groupby("dense.task")["majority"].first().fillna(0)
    for kind in one_shot.cuts(rows).itertuples():
        knows = kind.whole > levels[kind.task] + one_shot.WITHIN
        if kind.pooler == pooler:
            after = f"retrained for {how_long(kind.retrain_epochs)}" if kind.retrain_epochs else "as cut"
            lines[known(kind.task).TITLE, after] = f"{kind.free:.0%}" if knows else "says nothing"
    return pd.Series(lines).rename_axis(["task", "after the cut"]).to_frame("goes") if lines else pd.DataFrame()


chapter.finding(
    goes,
    "About a third of the real BERT's layers' weights can be cut for less than two points, and half with a short "
    "retraining. Largest such share among those tried; a full model near the majority-class baseline says nothing.",
)

# %% tags=["hide-input"]
chapter.numbers(summary, "Mean scores over seeds (x 100) at each share removed.")

# %% [markdown]
# ### Training and dev sets


# %% tags=["hide-input"]
def data() -> pd.DataFrame:
    """What each task of this build is trained and scored on."""
    rows = []
    for name in tasks:
        what, tables = known(name), next(tuned.start for tuned in dense if tuned.task == name).tables(name)
        train, dev = tables["train"], tables["dev"]
        row = {"task": what.TITLE, "rows of train": len(train), "rows of dev": len(dev)}
        row["of these also in train"] = splitting.also_in(train, dev)
        if model not in miniature.NAMES:
            reading = read_by(dev, opening.tokenizer(model), longest)
            row["tokens of dev unknown"], row["texts of dev cut"] = f"{reading['unknown']:.0%}", f"{reading['cut']:.0%}"
        if what.KIND == "classification":
            shares = dev["label"].value_counts(normalize=True)
            row["labels of dev"] = ", ".join(f"{what.LABELS[label]} {share:.0%}" for label, share in shares.items())
        rows.append(row)
    return pd.DataFrame(rows).fillna("").set_index("task")


tables.numbers(data(), "What each task of this build is trained and scored on.")


# %% tags=["remove-input"]
def challenged(table: pd.DataFrame) -> pd.DataFrame:
    """Mean scores on the other task, x 100, as cut, at each sparsity."""
    rows = table[(table["retrain_epochs"] == 0) & (table["pooler"] == pooler)]
    columns = [column for column in table if column.startswith(f"{also}.") and column != f"{also}.constant"]
    return (100 * rows.groupby("sparsity")[columns].mean().T).round(1).rename(columns="{:.0%}".format)


if also:
    display(
        tables.numbers(
            challenged(live), f"The same models on {choose('tasks', also).TITLE}, scores (x 100) by share removed."
        )
    )

# %% [markdown]
# ## On a real BERT and real GLUE data
#
# The same notebook, run with the profile `minilm`: all-MiniLM-L6-v2 {cite:p}`reimers2019,wang2020`, a pre-trained
# BERT of six layers, fine-tuned on published training sets of GLUE and scored on their dev sets. The recorded runs are
# part of this book's source; nothing is trained to show them.

# %% tags=["hide-input"]
chapter.shown(in_words, "minilm")

# %% [markdown]
# ### Why the pooler is left out
#
# The pooler stands between the encoder and the task's head. Where its weights are small beside those of the layers, a
# cut that ranks the weights of the whole model can remove all of it. The head then sees the same vector for every
# sentence, and the score falls to the majority-class baseline at a sparsity at which the layers still work: compare the
# lines with and without the pooler. A cut that takes the same share of each matrix (`-p scope local`) leaves something of
# every matrix. In BERT itself the pooler was trained with next-sentence prediction; {cite:t}`gordon2020` and
# {cite:t}`chen2020` prune it. So check what a global cut has removed before you believe its score.
#
# ### What this does not say
#
# The seeds change the head, the order of examples and dropout, not the pre-trained model, so the intervals are those of
# fine-tuning this one model. Scores are on the dev set, because GLUE does not publish the labels of its test sets. The
# learning rate and the number of epochs were set beforehand. Leaving the pooler out was decided after seeing what cutting
# it does, so both are shown.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
bert = chapter.minilm
examples = read_published("glue_dev").set_index("task")["examples"]
silent = full_models.near_floor(full_models.full_models(bert), examples) if len(bert) else []
kinds = [row for row in (one_shot.cuts(bert).itertuples() if len(bert) else ()) if not row.pooler]
kinds = [row for row in kinds if row.task not in silent]
goes_as_cut = [f"**{row.free:.0%}** on {title(row.task)} ({row.whole:.1f})" for row in kinds if not row.retrain_epochs]
found = [
    f"The largest share of MiniLM's layers' weights that can be set to zero in one cut, without any training after it, "
    f"at a cost of less than {one_shot.WITHIN:g} points: {', '.join(goes_as_cut)}. Brackets hold the full model's score."
] * bool(kinds)
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="How many of a fine-tuned model's weights can be set to zero before its score falls?",
    done=(
        "A model is fine-tuned on a task. The smallest weights of its layers are set to zero in one cut, at "
        "several shares. Each cut model is scored as it is and after a short retraining in which the removed "
        "weights stay at zero."
    ),
    not_shown=(
        "One cut is the simplest of all methods: later chapters remove more. Zeros alone make a model "
        "neither smaller nor faster. The seeds change the fine-tuning, not the pre-trained model."
    ),
    found=found,
    numbers={
        f"{title(row.task)}, {'retrained' if row.retrain_epochs else 'as cut'}, {row.most:.0%} removed: change of the score (95% interval)": {
            "minilm": f"{row.change.in_words()} points"
        }
        for row in kinds
    },
)
