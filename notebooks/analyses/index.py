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
# again with one command, the small ones in minutes on a laptop without a network, and stands beside the number that the
# paper printed.

# %% tags=["parameters", "remove-cell"]
records = "book/records"

# %% tags=["remove-cell"]
import pandas as pd
from IPython.display import Markdown

from lottery.choices import choose
from lottery.findings import one_shot, sentences, smaller_forms
from lottery.statistics import dev_sets
from lottery.suite import ledger, plots
from lottery.suite.chapter import how_long, read_published, recorded, title
from lottery.suite.given import given
from lottery.suite.holes import absent

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
# ## What goes for nothing
#
# all-MiniLM-L6-v2 is a BERT that thousands of programs use to tell which sentences mean the same. Its smallest weights
# are set to zero, and nothing is trained.


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
    told = f"Of 100 points, a perfect agreement with people on STS-B's dev set, it reaches **{as_it_is.in_words(100, '.1f')}**. "
    if not free:
        return Markdown(told + "No share that was tried goes for less than a point.")
    random = scores["at random"][scores["at random"].index >= free].iloc[:1]
    return Markdown(
        f"{told}With **{free:.0%} of its layers' weights** gone it still has "
        f"**{scores['by size'][free].in_words(100, '.1f')}**, a loss of less than a point. "
        + ", ".join(f"At {share:.0%} it has {score.mean * 100:.1f}" for share, score in further.items()).replace(
            ", At", ", at"
        )
        + "".join(
            f". Which weights go matters: with {share:.0%} gone at random it has {score.mean * 100:.1f}"
            for share, score in random.items()
        )
        + ". In brackets stand 95 % intervals."
    )


encoder_told(encoder) if len(encoder) else missing


# %% tags=["remove-input"] mystnb={"image": {"alt": "Agreement of all-MiniLM-L6-v2 with people's judgement of how alike sentences are, against the share of its weights removed, the smallest and at random, without any training; recorded."}, "figure": {"name": "index-encoder", "caption": "A sentence encoder on STS-B's dev set, its smallest weights set to zero, or as many at random. Nothing is trained. Bars span the draws."}}
def encoder_drawn(rows: pd.DataFrame) -> None:
    """The score against the share removed, by size and at random."""
    weights = rows[(rows["unit"] == "weights") & (rows["scope"] == "global") & ~rows["embeddings"].astype(bool)]
    kinds = [
        pd.concat(
            [rows[rows["sparsity"] == 0], weights[(weights["importance"] == each) & (weights["sparsity"] > 0)]]
        ).assign(kind=f"weights {how}")
        for how, each in KINDS.items()
    ]
    (ax,) = plots.panels(1, columns=1, size=(5.5, 3.2))
    plots.against_sparsity(pd.concat(kinds), "score", by="kind", scale=100, ax=ax)
    ax.set(xlabel="removed (%)", ylabel="score (x 100)")
    ax.legend()


encoder_drawn(encoder) if len(encoder) else missing

# %% [markdown]
# {doc}`/experiments/without_training` has heads and MLPs, too, and the command for your own model and sentences.

# %% [markdown]
# Zeros are stored and multiplied all the same. What is cut out whole makes the model smaller and faster:


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
            f"- **{title(task)}**: {share:.0%} of its heads and neurons gone, {small['change'].in_words(100)} points of "
            f"{100 * whole:.1f}, {small['faster'].mean:.1f} times as fast, {small['bytes'] / 1e6:.0f} MB instead of "
            f"{before:.0f}"
        )
        if ("both", "int8") in table.index:
            packed = table.loc["both", "int8"]
            line += (
                f"; and with weights of 8 bits {packed['change'].in_words(100)} points, {packed['faster'].mean:.1f} times "
                f"as fast, {packed['bytes'] / 1e6:.0f} MB"
            )
        lines.append(line + ".")
    return Markdown(
        "\n".join([*lines, "", "{doc}`/experiments/smaller_model` has the rest, beside what one would try instead."])
    )


smaller_told(smaller) if len(smaller) else missing

# %% [markdown]
# ## The same BERT on tasks that it is trained for


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
                f"- **{title(task)}** says nothing: the full model reaches {cut['whole']:.1f}, which on {examples[task]} "
                f"examples is not clearly above the {levels[task]:.1f} of the majority-class baseline."
            )
            continue
        lines.append(
            f"- **{title(task)}:** the full model reaches {plots.metric(choose('tasks', task).METRIC)} {cut['whole']:.1f} "
            f"(majority class {levels[task]:.1f}). Up to {cut['free']:.0%} of the weights of its layers go in one "
            f"cut for less than two points, up to {retrained['free']:.0%} with "
            f"{how_long(retrained['retrain_epochs'])} of retraining. With {cut['most']:.0%} removed it scores {cut['left']:.1f}."
        )
    head = (
        f"all-MiniLM-L6-v2, a pre-trained BERT of six layers, fine-tuned on GLUE's own data with "
        f"{rows['dense.seed'].nunique()} seeds, then cut by magnitude:"
    )
    return Markdown("\n".join([head, "", *lines]))


bert_told(bert) if len(bert) else missing

# %% [markdown]
# The chapter {doc}`/experiments/how_much_can_go` draws it, and tells the rest.


# %% [markdown]
# ## What the papers ask
#
# The book follows three papers, checks what they claim, and goes on where they stop:
#
# - {cite:t}`gordon2020` prune BERT by magnitude *while it is pre-trained* and ask what that does to the tasks it is
#   fine-tuned on later. They see three regimes: a little pruning costs nothing, more takes knowledge away, still more
#   keeps the model from fitting the task at all.
# - {cite:t}`prasanna2020` prune the *fine-tuned* model, weight by weight or by whole heads and MLPs, and retrain the good
#   parts, random parts, and even the bad ones. Are the survivors the same from run to run, and do they mean anything?
# - {cite:t}`jiang2023` never fine-tune a weight. They learn only *which* weights to keep, and adapt the model to a task
#   by that alone.


# %% tags=["remove-input"]
def claims_told() -> Markdown:
    """How many of the papers' claims hold, in print and on a real BERT."""
    verdicts = ledger.weighed(records, CHAPTERS).verdicts
    return Markdown(
        f"Their sentences, one by one: of {len(verdicts)} claims, **in print** {ledger.headline(verdicts['published'])}. "
        f"**On a real BERT** {ledger.headline(verdicts['minilm'])}. Each stands, with its evidence, in "
        "{doc}`/analyses/claims`, and what the undecided ones would take in {doc}`/analyses/what_it_would_take`."
    )


claims_told()

# %% [markdown]
# ## What the miniature shows
#
# Every experiment runs first on a miniature: a made-up language, small enough to know everything about, and a small BERT
# that learns it in minutes. It shows how pruning works and lets you try things. It is a model of its own and no evidence
# about BERT, so what it shows does not count in the two numbers above. The evidence is in the papers' printed numbers and
# in runs of a real pre-trained BERT on real data, which stand beside it and are marked as such.


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
# Every figure, table and procedure of the three papers, with a link to its place, or "not yet".
# :::
#
# :::{grid-item-card} Methods
# :link: methods
# :link-type: doc
# The words, the formulas, and where the papers' text and their code part ways.
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
