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
# ---

# %% [markdown]
# # How much of a language model can go?
#
# A pre-trained language model has far more weights than its tasks seem to need. Remove some: which ones, how many, at
# which moment, and what does the model forget? Every figure of this book is computed by a notebook that you can run
# again with one command, and stands beside the number that the paper printed, where there is one. The small notebooks
# run in minutes on a laptop without a network.

# %% tags=["parameters", "remove-cell"]
records = "book/records"

# %% tags=["remove-cell"]
import pandas as pd
from IPython.display import Markdown

from lottery.choices import choose
from lottery.findings import learned_masks, movement, one_shot, sentences, smaller_forms, ways_to_cut
from lottery.statistics import Estimate, dev_sets
from lottery.suite import ledger, plots
from lottery.suite.chapter import between, how_long, how_many, read_published, recorded, title
from lottery.suite.columns import side_by_side
from lottery.suite.given import given
from lottery.suite.holes import absent
from lottery.suite.interactive import interactive
from lottery.suite.palette import COLOURS, look

globals().update(given("analyses/index", globals()))
# The chapters that measure claims. This page is made anew when their records change, because they are named here.
CHAPTERS = [
    *("gordon_pruning", "gordon_masks", "gordon_movement", "gordon_weights", "gordon_recipes"),
    *("gordon_loss_and_features", "open_questions", "rewinding"),
    *("good_random_bad", "mask_agreement", "attention_patterns"),
    *("component_search", "magnitude_search", "component_importance"),
    *("mask_learning", "mask_recipes", "spans_and_roberta", "mask_files"),
]
plots.house_style()
encoder = recorded(records, "minilm", "without_training")
smaller = recorded(records, "minilm", "smaller_model")
bert = recorded(records, "minilm", "how_much_can_go")
missing = absent("*Nothing is recorded of this model.*")

# %% [markdown]
# ## What can be removed at no cost
#
# all-MiniLM-L6-v2 is a BERT that thousands of programs use to tell which sentences mean the same. Here its smallest
# weights are set to zero, and nothing is trained.


# %% tags=["remove-input"]
KINDS = {"by size": "magnitude", "at random": "random"}


def encoder_told(rows: pd.DataFrame) -> Markdown:
    """What goes of the sentence encoder without a loss, and what is left of it further on and at random."""
    whole = rows[rows["sparsity"] == 0].iloc[0]
    cuts = sentences.by_kind(rows)["score"].sort_index()
    scores = {how: cuts.loc["weights", importance, "global", False] for how, importance in KINDS.items()}
    free = sentences.free(sentences.by_kind(rows))["weights", "magnitude", "global", False]
    further = scores["by size"][scores["by size"].index > free]
    as_it_is = sentences.estimate(whole["score"], whole["score_error"])
    told = f"On STS-B's dev set, where 100 is perfect agreement with people, it scores **{as_it_is.in_words(100, '.1f')}**. "
    if not free:
        return Markdown(told + "No share that was tried is shown to cost less than a point.")
    random = scores["at random"][scores["at random"].index >= free].iloc[:1]
    return Markdown(
        f"{told}With **{free:.0%} of its layers' weights** gone it still scores "
        f"**{scores['by size'][free].in_words(100, '.1f')}**, shown to be a loss of less than a point. "
        + ", ".join(
            f"{'at' if place else 'At'} {share:.0%}{'' if place else ' it scores'} {score.mean * 100:.1f}"
            for place, (share, score) in enumerate(further.items())
        )
        + "".join(
            f". Which weights go matters: with {share:.0%} gone at random it scores {score.mean * 100:.1f}"
            for share, score in random.items()
        )
        + ". Brackets hold 95% intervals."
    )


encoder_told(encoder) if len(encoder) else missing


# %% tags=["remove-input"] mystnb={"image": {"alt": "Points that all-MiniLM-L6-v2 loses by cuts of several kinds against the share removed, a panel for each task, recorded."}, "figure": {"name": "index-cuts", "caption": "In a real BERT, all-MiniLM-L6-v2, the smallest weights go at less cost than random weights or whole layers. Points against the full model of the same study; bars are 95% intervals over pairs, examples or seeds. With a script, choose the task, the way and the share."}}
SHOWN = [
    *("weights by size", "weights by OBS, of each row", "weights at random", "weights by size, retrained"),
    *("heads by size", "heads and neurons gone", "upper layers gone"),
]
POINTS = "points from the full model"


def studied(task: str, trained: bool) -> str:
    """A study as a reader knows it: of one task there may be two, whose full models differ."""
    return title(task) if trained else f"{title(task)}, without training"


def cuts_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """The change of one task's score against the share removed, a line a way; bars are intervals."""
    ax = axes[POINTS]
    for way in (way for way in SHOWN if way in set(rows["way"])):
        some = rows[rows["way"] == way].sort_values("removed")
        mean, low, high = (100 * pd.Series([getattr(each, end) for each in some["change"]]) for end in Estimate._fields)
        ax.errorbar(100 * some["removed"], mean, [mean - low, high - mean], label=way, capsize=2, **look(way))
    ax.axhline(0, color="black", linestyle="--", linewidth=0.8)
    ax.set(xlabel="removed (%)", ylabel=POINTS, xlim=(0, 100))


cuts = ways_to_cut.cuts(
    encoder=encoder,
    one_cut=bert,
    learned=recorded(records, "minilm", "mask_learning"),
    smaller=smaller,
    files=recorded(records, "minilm", "mask_files"),
    examples=read_published("glue_dev").set_index("task")["examples"],
)
tables = {studied(*of): some for of, some in cuts.groupby(["task", "trained"], sort=False)}
if tables:
    side_by_side(tables, cuts_drawn, lambda _: [POINTS], scale="x")
missing if cuts.empty else None


# %% tags=["remove-input"]
def cut_facts(row: dict[str, object]) -> dict[str, object]:
    """A way to cut and what it costs, as the script reads it."""
    change, faster = row["change"], row["faster"]
    exact = {name: round(row[name], 4) for name in ("removed", "full", "score")}
    told = {name: row[name] for name in ("way", "over", "zeros", "bytes", "mask")}
    spanned = {"change": round(change.mean, 4), "low": round(change.low, 4), "high": round(change.high, 4)}
    times = [round(each, 2) for each in faster] if isinstance(faster, Estimate) else None
    return {"task": studied(row["task"], row["trained"])} | told | exact | spanned | {"faster": times}


def zeros_told() -> str:
    """What weights save that are set to zero, and where they are."""
    zeroed = ways_to_cut.zeroed(smaller)
    if zeroed.empty:
        return "Zeros are still stored and multiplied."
    saved = [
        f"on {title(task)} {row['bytes'] / 1e6:.0f} MB, {row['faster'].in_words(1, '.1f')} times as fast"
        for task, row in zeroed.iterrows()
    ]
    return f"Zeros are still stored and multiplied: {'; '.join(saved)}."


facts = {"cuts": [cut_facts(row) for row in cuts.to_dict("records")], "zeros": zeros_told(), "colour": COLOURS[0]}
interactive("ways_to_cut", facts, figure="index-cuts") if len(cuts) else missing

# %% [markdown]
# {doc}`/experiments/without_training` cuts heads and MLPs, too, and gives the command for your own model and sentences.

# %% [markdown]
# Zeros are still stored and multiplied. Only cutting out whole pieces makes the model smaller and faster:


# %% tags=["remove-input"]
def smaller_told(rows: pd.DataFrame) -> Markdown:
    """What the heads and neurons that go cost on each task, how much faster the rest is and how small, and with 8 bits."""
    shape, lines = max(smaller_forms.shapes_of_all(rows)), []
    share = rows.loc[rows["of.way"] == "both", "of.share"].max()
    for task in dict.fromkeys(smaller_forms.scores(rows).index.get_level_values("task")):
        table = smaller_forms.beside(rows, task, shape)
        before = table.loc[smaller_forms.WHOLE, "bytes"] / 1e6
        whole = table.loc[smaller_forms.WHOLE, "score"].mean
        small = table.loc["both", "torch"]
        line = (
            f"- **{title(task)}**, where the full model scores {100 * whole:.1f}: with {share:.0%} of its heads and neurons "
            f"gone the score changes by {small['change'].in_words(100)} points, and the model is "
            f"{small['faster'].mean:.1f} times as fast and takes {small['bytes'] / 1e6:.0f} MB instead of {before:.0f} MB"
        )
        if ("both", "int8") in table.index:
            packed = table.loc["both", "int8"]
            line += (
                f". With 8-bit weights as well: {packed['change'].in_words(100)} points, {packed['faster'].mean:.1f} times "
                f"as fast, {packed['bytes'] / 1e6:.0f} MB"
            )
        lines.append(line + ".")
    return Markdown(
        "\n".join(
            [
                *lines,
                "",
                "{doc}`/experiments/smaller_model` gives all the numbers, beside simpler ways to save time and bytes.",
            ]
        )
    )


smaller_told(smaller) if len(smaller) else missing

# %% [markdown]
# ## The same BERT, fine-tuned


# %% tags=["remove-input"]
def bert_told(rows: pd.DataFrame) -> Markdown:
    """For each task: what goes in one cut, as it is and retrained, and what is left where it breaks."""
    lines = []
    levels = 100 * rows.groupby("dense.task")["majority"].first()
    examples = read_published("glue_dev").set_index("task")["examples"]
    for task, kinds in one_shot.cuts(rows[~rows["pooler"]]).groupby("task", sort=False):
        cut, retrained = kinds.iloc[0], kinds.iloc[-1]
        if not dev_sets.above(choose("tasks", task).METRIC, cut["whole"] / 100, levels[task] / 100, examples[task]):
            lines.append(
                f"- **{title(task)}** tells nothing: the full model reaches {cut['whole']:.1f}, which on {examples[task]} "
                f"examples is not clearly above the majority-class baseline, {levels[task]:.1f}."
            )
            continue
        floor = "" if pd.isna(levels[task]) else f" (majority class {levels[task]:.1f})"
        lines.append(
            f"- **{title(task)}:** the full model reaches {plots.metric(choose('tasks', task).METRIC)} {cut['whole']:.1f}"
            f"{floor}. Of its layers' weights, up to {cut['free']:.0%} can be cut at once for less than two points; with "
            f"{how_long(retrained['retrain_epochs'])} of retraining, up to {retrained['free']:.0%}. With "
            f"{cut['most']:.0%} removed and no retraining it scores {cut['left']:.1f}."
        )
    head = (
        f"all-MiniLM-L6-v2, a pre-trained BERT of six layers, fine-tuned on GLUE's own data with "
        f"{rows['dense.seed'].nunique()} seeds, then cut by magnitude:"
    )
    return Markdown("\n".join([head, "", *lines]))


bert_told(bert) if len(bert) else missing

# %% [markdown]
# The chapter {doc}`/experiments/how_much_can_go` shows these cuts in a figure, with the rest of the numbers.


# %% [markdown]
# ## What the papers ask
#
# The book follows three papers, checks their claims, and goes on where they stop:
#
# - {cite:t}`gordon2020` prune BERT by magnitude *while it is pre-trained* and ask what that does to the tasks it is
#   fine-tuned on later. They see three regimes: a little pruning costs nothing, more takes knowledge away, still more
#   keeps the model from fitting the task at all.
# - {cite:t}`prasanna2020` prune the *fine-tuned* model, weight by weight or by whole heads and MLPs, and retrain the good
#   parts, random parts, and even the bad ones. Are the survivors the same from run to run, and do they mean anything?
# - {cite:t}`jiang2023` never fine-tune a weight. They learn only *which* weights to keep, and that alone adapts the model
#   to a task.


# %% tags=["remove-input"]
def claims_told() -> Markdown:
    """How many of the papers' claims hold, in print and on a real BERT."""
    verdicts = ledger.weighed(records, CHAPTERS).verdicts
    return Markdown(
        f"We checked {len(verdicts)} claims, theirs and those of {{cite:t}}`chen2020` on tickets. By the numbers **in print**, {ledger.headline(verdicts['published'])}. "
        f"**On a real BERT**, {ledger.headline(verdicts['minilm'])}. {{doc}}`/analyses/claims` gives each claim with its "
        "evidence, and {doc}`/analyses/what_it_would_take` says what the undecided ones would need."
    )


claims_told()

# %% [markdown]
# ## What these measurements add


# %% tags=["remove-input"]
def noise_found(rows: pd.DataFrame) -> str:
    """What noise does to the order of magnitudes beside fine-tuning, on a real BERT."""
    places = movement.places(movement.rates_compared(rows))
    return (
        f"Rank a real BERT's weights by magnitude. Fine-tuning moves the smallest tenth {places.ratio:.1f} times as far in "
        f"that order as the largest tenth. Normal noise of the same size, which knows no task, moves it "
        f"{places.noise:.1f} times as far."
    )


def schedule_found(rows: pd.DataFrame) -> str:
    """How much further weights move after the first epoch, with one schedule, and with the released code's."""
    once, last, grown = movement.growth(movement.epochs_compared(rows))
    printed = read_published("gordon2020_movement_by_epoch").pivot_table("movement_mean", "task", "epochs")
    theirs = printed[12] / printed[1] - 1
    return (
        "The released code restarts the learning rate each epoch, lower every time. Under it BERT-base's weights move "
        f"{between(theirs, '.0%')} further in twelve epochs than in one. With one schedule over all epochs the miniature's "
        f"weights move {between([each.mean for each in grown.values()], '.0%')} further in {last:g} than in "
        f"{once:g}."
    )


def regulariser_found(rows: pd.DataFrame) -> str:
    """What the regulariser of SMP adds to movement, at the least sparsity that was tried on the task of most runs."""
    scored = learned_masks.scored(rows)
    masked = scored[scored["title"].isin([MOVEMENT, REGULARISED, "SMP-L"])]
    task = masked["task"].value_counts().idxmax()
    masked = masked[masked["task"] == task]
    least = masked["asked"].min()
    means = 100 * masked[masked["asked"] == least].groupby("title")["score"].mean()
    return (
        f"On {title(task)} with {least:.0%} of a real BERT's weights removed, movement pruning scores {means[MOVEMENT]:.1f}, and "
        f"{means[REGULARISED]:.1f} with the regulariser that SMP has. SMP-L, which never fine-tunes a weight, scores "
        f"{means['SMP-L']:.1f} (means over {how_many(masked['seed'].nunique(), 'seed')})."
    )


MOVEMENT, REGULARISED = "movement", "movement, regularised"
FOUND = [  # the title, the figure that it comes from with a column and what that shows, the rows, and what is made of them
    (
        "Noise moves small weights further than large ones, too",
        (
            "gordon-movement-places",
            1,
            "Share of all movement by place in the order: fine-tuning as bars, noise as a line.",
        ),
        recorded(records, "minilm", "gordon_movement"),
        noise_found,
    ),
    (
        "With one schedule, weights go on moving after the first epoch",
        ("gordon-movement-epochs", 1, "Mean movement of weights against the number of epochs."),
        recorded(records, "miniature", "gordon_movement"),
        schedule_found,
    ),
    (
        "Movement pruning fails without a regulariser",
        ("mask-learning", 2, "Score against the weights that remain, a line a method."),
        recorded(records, "minilm", "mask_learning"),
        regulariser_found,
    ),
]


def card(heading: str, figure: str, column: int, shows: str, words: str) -> str:
    """A finding with a small picture of a column of its figure, and the way to it."""
    options = [
        f":img-top: thumbnails/{figure}.{column}.svg",
        f":img-alt: {shows}",
        f":link: {figure}",
        ":link-type: ref",
    ]
    return "\n".join([f":::{{grid-item-card}} {heading}", *options, "", words, ":::"])


cards = [card(heading, *figure, tell(rows)) for heading, figure, rows, tell in FOUND if len(rows)]
Markdown("\n\n".join(["::::{grid} 1 1 3 3\n:gutter: 3", *cards, "::::"])) if cards else missing

# %% [markdown]
# ## What the miniature shows
#
# Every experiment runs first on a miniature: a made-up language, small enough to know everything about, and a small BERT
# that learns it in minutes. It shows how pruning works and lets you try things. It is no evidence about BERT, so what it
# shows is not counted in the verdicts above. The evidence is the papers' printed numbers and runs of a real pre-trained
# BERT on real data, which stand beside it and are marked as such.


# %% [markdown]
# {doc}`How the miniature is made </experiments/world>`, and
# {doc}`what pruning does to it </experiments/gordon_pruning>`.
#
# ## Find your way
#
# ::::{grid} 1 1 2 2
# :gutter: 3
#
# :::{grid-item-card} What is in this book
# :link: what_is_in_this_book
# :link-type: doc
# Every figure, table and procedure of the three papers, with a link to its place in the book, or "not yet".
# :::
#
# :::{grid-item-card} Methods
# :link: methods
# :link-type: doc
# The terms, the formulas, and where the papers' text and code disagree.
# :::
#
# :::{grid-item-card} Use it yourself
# :link: your_own
# :link-type: doc
# Explore, run batches, read, or bring your own model and data: four ways, with the commands.
# :::
#
# :::{grid-item-card} How this was made
# :link: how_this_was_made
# :link-type: doc
# The runs behind these pages: models, data, seeds, versions, and the time they took.
# :::
#
# :::{grid-item-card} References
# :link: references
# :link-type: doc
# The papers, data sets and tools this book stands on.
# :::
# ::::
