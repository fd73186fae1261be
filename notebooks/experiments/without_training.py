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
#     order: 20
# ---

# %% [markdown]
# (x14)=
# # What a cut costs without any training
#
# Every other chapter trains: before the cut, after it, or during it. Each training has a seed, a learning rate and a number
# of epochs, and what a cut costs depends on them. A sentence encoder needs none of that. It turns a sentence into a vector
# as it is, and the cosine of two vectors says how alike the two sentences are. So here is what a cut costs by itself, in
# two numbers that need no training seed.
#
# - **The score**: the correlation of the cosines with people's judgement of how alike the sentences are.
# - **The nearness**: how little the vectors move, as the cosine of each sentence's vector with the one that the full model
#   makes of it. This needs no labels, so any sentences will do.
#
# Weights are removed by size, at random, or by a score for which the model first reads some texts, without labels: Wanda
# {cite:p}`sun2023`, or OBS {cite:p}`hassibi1993,frantar2023`, which adjusts the remaining weights to make up for those
# removed. Does it matter which texts they read? See {doc}`/analyses/calibration`.
#
# For a model and pairs of your own:
#
# ```
# .venv/bin/lottery run experiments/without_training \
#     -p model minilm -p task own -p train_file pairs.csv \
#     -p text_column question -p second_column answer
# ```
#
# `-p label_column score` names a column of numbers that say how alike the two texts are. Without it, only the nearness is
# reported.

# %% tags=["parameters"]
model = "miniature"  # "miniature", "minilm", a folder such as sentence-transformers writes, or a name of the hub
task = "stsb"  # pairs with a number each; or "own": a file of your own
data_dir = ""  # a downloaded glue_data folder, or "hub"; the miniature brings its own data
train_file = ""  # .csv, .tsv or .jsonl, of pairs on which nothing is trained
text_column = "text"
second_column = ""
label_column = ""  # of numbers, how alike; "": there are none
sparsities = [0.2, 0.4, 0.6, 0.8]  # shares of the weights to remove, or of the heads or of the MLPs
units = ["weights", "heads", "mlps"]  # what is cut
importances = ["magnitude", "random"]  # files in lottery/importance; for heads and MLPs in lottery/component_importance
reading = ["wanda", "obs"]  # files in lottery/importance that read texts first: weights are compared within their row
texts = 256  # that these read: of a task's training set, or of a file of your own its first texts as they come
scopes = ["global", "local"]  # "global": the smallest weights of the whole model go; "local": of each matrix
with_embeddings = []  # of `scopes`, those in which the table of word embeddings is cut too, beside
random_seeds = [1]  # of a choice at random
seeds = [1]  # of the miniature
pooling = ""  # "mean" of the tokens' vectors, the "first" or "max"; "": as the model itself says, else the mean
max_length = 64  # tokens of a sentence, at most
miniature_steps = 3000
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery import importance as scoring
from lottery import miniature
from lottery.experiments import Start, starts
from lottery.experiments.calibration import Calibration
from lottery.experiments.sentence_similarity import SentenceSimilarity
from lottery.models import pooling as folders
from lottery.suite.given import given

globals().update(given("experiments/without_training", globals()))
if task == starts.OWN:
    mine = starts.Pairs(model=model, file=train_file, first=text_column, second=second_column, label=label_column)
    begun = [starts.pairs(mine)]
else:
    worlds = seeds if model in miniature.NAMES else seeds[:1]
    begun = [starts.start(model, task, data_dir, seed=world, miniature_steps=miniature_steps) for world in worlds]
starts.check_length(model, max_length, False)
if begun[0].task_named(task).KIND != "regression" or not begun[0].task_named(task).PAIR:
    raise ValueError(f"task = {task!r} has no pairs with a number each: give 'stsb', or 'own' with a file of pairs")
if strange := [name for name in importances if scoring.sees_data(name)] if "weights" in units else []:
    raise ValueError(f"importances = {importances}: {strange[0]!r} reads texts first, so give it as `reading`")
pooled = pooling or ("mean" if model in miniature.NAMES else folders.pooling(model))
kinds = [(unit, scope, False) for unit in units for scope in (scopes if unit == "weights" else ["global"])]
kinds += [("weights", scope, True) for scope in with_embeddings if "weights" in units]


def texts_of(start: Start) -> Calibration:
    """The texts that a score reads: at most as many as there are, of the training set where there is one."""
    tables = start.tables(task)
    split = "train" if "train" in tables else "dev"
    count = min(texts, len(tables[split]))
    return Calibration(of=start, task=task, split=split, texts=count, place=0, pairs=False, max_length=max_length)


cuts = [
    SentenceSimilarity(
        start=start,
        task=task,
        unit=unit,
        importance=importance,
        scope=scope,
        embeddings=embeddings,
        sparsity=sparsity,
        pooling=pooled,
        max_length=max_length,
        seed=seed,
    )
    for start in begun
    for unit, scope, embeddings in kinds
    for importance in importances
    for sparsity in dict.fromkeys(sparsities)
    if importance != "random" or (scope == "global" and not embeddings)
    for seed in (random_seeds if importance == "random" else [0])
]
if "weights" in units:
    cuts += [
        SentenceSimilarity(
            start=start,
            task=task,
            unit="weights",
            importance=importance,
            scope="row",
            embeddings=False,
            sparsity=sparsity,
            pooling=pooled,
            max_length=max_length,
            seed=0,
            calibration=texts_of(start),
        )
        for start in begun
        for importance in reading
        for sparsity in dict.fromkeys(sparsities)
    ]
whole = dict.fromkeys(before for cut in cuts for before in cut.preceding)
grid = [*whole, *cuts]

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
from IPython.display import Markdown

from lottery.findings import sentences
from lottery.suite import plots
from lottery.suite.chapter import perform
from lottery.suite.in_short import InShort

chapter = perform("experiments/without_training", grid, results, records, workers=workers, scheduler=scheduler)


VALUES = {"score (x 100)": "score", "nearness to the full model (x 100)": "nearness"}


def values_of(runs: pd.DataFrame) -> list[str]:
    """What is known of the cuts: a score where the pairs have one, and the nearness."""
    return [name for name, column in VALUES.items() if runs[column].notna().any()]


def drawn(runs: pd.DataFrame, axes: dict) -> None:
    """The score and the nearness against the share removed, a line a kind of cut."""
    whole, cut = runs[runs["sparsity"] == 0], runs[runs["sparsity"] > 0]
    kinds = cut[sentences.KIND].drop_duplicates()
    rows = pd.concat([whole.drop(columns=sentences.KIND).merge(kinds, how="cross"), cut])
    rows = rows.assign(kind=rows.apply(sentences.named, axis=1))
    for name, ax in axes.items():
        plots.against_sparsity(rows, VALUES[name], by="kind", scale=100, ax=ax)
        ax.set(xlabel="removed (%)", ylabel=name)


def in_words(runs: pd.DataFrame) -> Markdown:
    """The full model, and up to which share each kind of cut is shown to cost less than a point."""
    whole, cuts = runs[runs["sparsity"] == 0].iloc[0], sentences.by_kind(runs)
    worlds = runs["start.seed"].nunique() if "start.seed" in runs else 1
    if np.isnan(whole["score"]):
        return Markdown("These pairs have no numbers that say how alike they are, so only the nearness is reported.")
    if worlds > 1:
        return Markdown(f"Points are means over {worlds} miniatures, each with its own language; bars span them.")
    score = sentences.estimate(whole["score"], whole["score_error"])
    parts = []
    for kind, share in sentences.free(cuts).items():
        name = sentences.named(dict(zip(sentences.KIND, kind, strict=True)))
        if kind[1] != "random":
            parts.append(f"- {name}: " + (f"**{share:.0%}**" if share else "none of the shares tried"))
    pairs = "the mean of Pearson's and Spearman's correlation, in points, with the 95% interval over the pairs of dev"
    return Markdown(
        f"The full model scores **{score.in_words(100, '.1f')}**: {pairs}. The largest share tried up to which each cut is "
        "shown to cost less than one point:\n\n" + "\n".join(parts)
    )


def briefly(runs: pd.DataFrame) -> Markdown:
    """Up to which share a cut of each unit is shown to cost less than a point, at best, in a sentence."""
    shares = sentences.free(sentences.by_kind(runs)).reset_index(name="share")
    chosen = shares[shares["importance"] != "random"].sort_values("share", ascending=False, kind="stable")
    parts = [
        f"{unit} {f'**{share:.0%}**' if share else 'none of the shares tried'} ({how})"
        for (unit, _, how), share in (
            (sentences.named(row).partition(" "), row["share"]) for _, row in chosen.drop_duplicates("unit").iterrows()
        )
    ]
    return Markdown(
        f"The largest share shown to cost less than one point, by the best choice for each unit: {'; '.join(parts)}."
    )


def beside_random(runs: pd.DataFrame) -> Markdown:
    """Whether a score's choice of each kind of unit does better than one at random."""
    lines = []
    for (unit, importance), row in sentences.against_random(sentences.by_kind(runs)).iterrows():
        of = {"unit": unit, "importance": importance, "scope": "global", "embeddings": False}
        lines.append(
            f"- {sentences.named(of)}: better at {row['better']} of {row['shares']} shares, worse at {row['worse']}"
        )
    return Markdown(
        "Compared with cutting as many of the same units at random; *better* and *worse* mean that the two intervals do not "
        "overlap:\n\n" + "\n".join(lines)
    )


def free_shares(runs: pd.DataFrame) -> pd.DataFrame:
    """Up to which share each kind of cut is shown to cost less than a point, a row a kind; none where nothing is scored."""
    cuts = sentences.by_kind(runs)
    if cuts["change"].map(lambda change: np.isnan(change.mean)).all():
        return pd.DataFrame()
    shares = {
        sentences.named(dict(zip(sentences.KIND, kind, strict=True))): f"{share:.0%}" if share else "none"
        for kind, share in sentences.free(cuts).items()
        if kind[1] != "random"
    }
    return pd.Series(shares).rename_axis("cut").to_frame("share")


def numbers(runs: pd.DataFrame) -> pd.DataFrame:
    """All numbers: a row a kind of cut, a column a share removed."""
    cuts = sentences.by_kind(runs).reset_index()
    table = pd.DataFrame(
        {
            "cut": cuts.apply(sentences.named, axis=1),
            "removed": cuts["sparsity"].map("{:.0%}".format),
            "change of the score (points)": [change.in_words(100) for change in cuts["change"]],
            "nearness (x 100)": [near.in_words(100, ".1f") for near in cuts["nearness"]],
        }
    )
    table = table.set_index(["cut", "removed"])
    return table if cuts["change"].map(lambda change: not np.isnan(change.mean)).any() else table.iloc[:, 1:]


# %% [markdown]
# ## A real sentence encoder
#
# The model is all-MiniLM-L6-v2, scored on the 1,500 pairs of STS-B's dev set. A sentence's vector is the mean of its
# tokens' vectors, as the model was published. Nothing is trained. Brackets hold 95% intervals over the pairs or, for cuts
# at random, over the draws.

# %% tags=["remove-input"]
chapter.shown(in_words, "minilm")

# %% tags=["remove-input"]
chapter.shown(beside_random, "minilm")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Correlation with people's judgement, and the cosine with the vectors of the full model, against the share of weights, heads or MLPs removed, of a real BERT and of the miniature."}, "figure": {"name": "without-training", "caption": "Without training, half of a sentence encoder's weights can go by size at little cost, and more by a score that reads texts; heads and MLPs cannot. Score: correlation with people's judgement on STS-B; nearness: cosine with the full model's vectors."}}
chapter.figure(drawn, values_of, size=(4.2, 2.9))

# %% tags=["hide-input"]
chapter.finding(
    free_shares,
    "Without any training, single weights can go in large shares, heads and MLPs hardly at all. The largest share tried that "
    "is shown to cost less than a point of the score.",
    live=False,
)

# %% tags=["hide-input"]
chapter.numbers(numbers, "Every cut: change of the score (points) and nearness (x 100).")


# %% [markdown]
# ## On the model of this build
#
# The miniature was never taught to place sentences by their meaning: its pre-training only predicts hidden words and
# whether two passages follow each other. So its score is low, and its nearness is the number to look at.

# %% tags=["remove-input"]
in_words(chapter.live)

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
found = [chapter.shown(briefly, "minilm")]
free = free_shares(chapter.minilm)["share"] if len(chapter.minilm) else {}
short.summary(found)

# %% tags=["remove-input", "in-short"]
short.box(
    question="What does a cut cost by itself, with no training before or after it?",
    done=(
        "A sentence encoder is cut at several shares, by single weights, heads or MLPs, chosen by several "
        "scores and at random. The cosines of its sentence vectors are compared with people's judgement of "
        "how alike the sentences are. How far the vectors moved is measured without any label."
    ),
    not_shown="This is one model and one kind of task. A model that is trained again after the cut loses less.",
    found=found,
    numbers={f"{cut}: largest share that costs less than a point": {"minilm": share} for cut, share in free.items()},
)
