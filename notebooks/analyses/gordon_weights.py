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
#     part: gordon
#     order: 40
# ---

# %% [markdown]
# # What the weights look like, and what a cut takes
#
# Magnitude pruning looks only at the size of a weight. So before asking what a pruned model can do, look at the weights. How
# are they distributed? How much of their sum goes with the smallest ones? Does the cut hit some attention heads and some
# words more than others? {cite:t}`gordon2020` answer in a footnote, a table and an appendix of figures. This chapter measures
# the same on the miniature and, recorded, on all-MiniLM-L6-v2 {cite:p}`reimers2019,wang2020`, a pre-trained BERT of six
# layers, with the chance level beside each claim. Nothing is fine-tuned for it.

# %% tags=["parameters"]
model = "miniature"  # pre-trained here; or "minilm", a folder, a name of the hub: looked at as it is, once
seeds = [1]  # of the miniature
miniature_steps = 3000  # of pre-training
sparsities = [0.0, 0.6, 0.9]  # shares removed, for what is left of the heads
scope = "local"  # "local": the same share of each matrix goes, as in the paper; "global": the smallest of all
embeddings = True  # whether the word embeddings are cut, too
recipe = "printed"  # of the pruning that trains on, as in the chapter on it
pruning_steps = 400  # of the continued pre-training
pruning_ramp = 200
every = 10
pruning_learning_rate = 1e-3
pretraining_batch_size = 64
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from dataclasses import replace

from lottery.experiments.head_shares import HeadShares
from lottery.experiments.miniature import Miniature
from lottery.experiments.starts import HUB, Given
from lottery.experiments.studies import PretrainingStudy
from lottery.experiments.tickets import Cut
from lottery.experiments.weight_profile import WeightProfile
from lottery.suite.given import given

globals().update(given("analyses/gordon_weights", globals()))
study = PretrainingStudy.from_cell(globals())
controls = [
    study.control(Miniature(seed=seed, steps=miniature_steps), seed) for seed in (seeds if model == "miniature" else [])
]
trained = [
    [replace(control, sparsity=sparsity) for sparsity in dict.fromkeys([0.0, *sparsities])] for control in controls
]
# The model that nothing was removed from: the miniature's has been trained as long as its pruned ones.
whole = [pruned[0] for pruned in trained] or [Given(model=model, data=HUB)]
cuts = [
    HeadShares(
        kept=Cut(of=of, importance="magnitude", scope=scope, embeddings=embeddings, sparsity=sparsity, seed=0), of=of
    )
    for of in whole
    for sparsity in sparsities
]
grid = [
    *[WeightProfile(of=of, embeddings=embeddings) for of in whole],
    *cuts,
    *[HeadShares(kept=pruned, of=pruned) for those in trained for pruned in those if pruned.sparsity in sparsities],
]

# %% tags=["remove-cell"]
import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from matplotlib import pyplot as plt

from lottery.findings import weights as findings
from lottery.models import families
from lottery.suite import tables
from lottery.suite.chapter import HERE, PRINT, REAL, SMALL, between, perform, read_published
from lottery.suite.in_short import InShort
from lottery.suite.palette import COLOURS, look

chapter = perform("analyses/gordon_weights", grid, results, records, workers=workers, scheduler=scheduler)
table3 = read_published("gordon2020_table3")
sources = {REAL: chapter.minilm, SMALL: chapter.miniature, HERE: chapter.live}
sources = {name: runs for name, runs in sources.items() if len(runs)}
profiles = {name: findings.profiles(runs) for name, runs in sources.items()}

# %% [markdown]
# (g18)=
# ## How the weights are distributed
#
# The paper's Table 3 gives mean and standard deviation of every matrix of BERT-base and says that the weights of each are
# normally distributed. (A footnote gives as *variances* what are the table's *standard deviations*, see below.) It did not
# test whether they are normal. With millions of weights no test is of use, since every distance is significant. So two
# measures are given here: the largest distance between the distribution of a matrix and the normal one with its mean and
# standard deviation (0 is normal), and the excess kurtosis (0 is normal, above it the tails are heavy).


# %% tags=["hide-input"]
ORDER = [*families.KINDS, "pooler", "word embeddings"]


def by_kind(matrices: list[str], **columns: list[float]) -> pd.DataFrame:
    """The columns with each matrix's kind."""
    return pd.DataFrame({"kind": [families.kind_and_layer(name)[0] for name in matrices], **columns})


def means_and_sds() -> pd.DataFrame:
    """For each kind of matrix: the range over layers (and seeds) of its mean and of its standard deviation."""
    kinds = {PRINT: by_kind(table3["matrix"], mean=table3["mean"], sd=table3["sd"])}
    for name, rows in profiles.items():
        kinds[name] = pd.concat(
            by_kind(row["matrices"], mean=row["weights_mean"], sd=row["weights_sd"]) for _, row in rows.iterrows()
        )
    columns = {}
    for name, table in kinds.items():
        groups = table.groupby("kind", sort=False)
        columns[f"mean, {name}"] = groups["mean"].apply(between, "+.3f")
        columns[f"standard deviation, {name}"] = groups["sd"].apply(between, ".3f")
    order = [kind for kind in ORDER if kind in set(columns["mean, this build"].index)]
    return pd.DataFrame(columns).reindex(order).fillna("").rename_axis("matrices")


spreads = means_and_sds()
deviations = spreads.filter(like="standard deviation").drop(columns="standard deviation, this build")
tables.finding(
    deviations.rename(columns=lambda name: name.removeprefix("standard deviation, ")),
    "In print, the standard deviations of the matrices lie closer together than in the real BERT, whose pooler has far "
    "smaller weights. Lowest and highest over layers.",
)

# %% tags=["hide-input"]
tables.numbers(spreads, "Means and standard deviations of each kind of matrix, over layers.")

# %% tags=["hide-input"]
facts = read_published("gordon2020_facts").set_index("what")["value"]
Markdown(
    f"The footnote says that variances lie between {facts['least variance of a matrix']:.2f} and "
    f"{facts['greatest variance of a matrix']:.2f}. By the table, the standard deviations of BERT-base lie between "
    f"{table3['sd'].min():.3f} and {table3['sd'].max():.3f}, and so the variances between {table3['sd'].min() ** 2:.4f} and "
    f"{table3['sd'].max() ** 2:.4f}."
)

# %% [markdown]
# The ranges are over the layers and, for the recorded miniature, over the seeds, too. Layers are counted from 1.


# %% tags=["hide-input"]
def by_matrix(matrices: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation of each matrix: a row a layer, a column a kind. Columns matrix, mean, sd."""
    means = matrices.groupby("matrix", sort=False)[["mean", "sd"]].mean()
    places = [families.kind_and_layer(name) for name in means.index]
    layers = ["no layer" if layer is None else f"layer {layer + 1}" for _, layer in places]
    texts = [f"{row.mean:+.4f} | {row.sd:.3f}" for row in means.itertuples(index=False)]
    table = pd.Series(texts, pd.MultiIndex.from_arrays([layers, [kind for kind, _ in places]])).unstack().fillna("")
    order = sorted(table.index, key=lambda name: int(name.removeprefix("layer ")) if name != "no layer" else 99)
    return table.loc[order, [kind for kind in ORDER if kind in table]].rename_axis("of")


def of_profiles(runs: pd.DataFrame) -> pd.DataFrame:
    """The same of our models, means over the seeds."""
    rows = findings.profiles(runs)
    every = [
        pd.DataFrame({"matrix": row["matrices"], "mean": row["weights_mean"], "sd": row["weights_sd"]})
        for _, row in rows.iterrows()
    ]
    return by_matrix(pd.concat(every))


chapter.numbers(of_profiles, "Matrix by matrix: mean | standard deviation.", printed=by_matrix(table3))


# %% tags=["hide-input"] mystnb={"image": {"alt": "For each kind of matrix, the distance of its weights from a normal distribution and their excess kurtosis, one point a matrix, of a real BERT and of the miniature."}, "figure": {"name": "gordon-weights-normality", "caption": "Most matrices are close to a normal distribution, but some have far heavier tails. Kolmogorov-Smirnov distance to the fitted normal and excess kurtosis (log scale beyond 1), one point a matrix; both are 0 for a normal distribution."}}
FAR = {"distance to the normal": "ks_distance", "excess kurtosis": "kurtosis"}


def normality_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A point a matrix, kinds down the side."""
    for name, ax in axes.items():
        for _, row in rows.iterrows():
            table = by_kind(row["matrices"], far=row[FAR[name]])
            ax.plot(table["far"], table["kind"].map(ORDER[::-1].index), "o", color=COLOURS[0], markersize=3.5)
        ax.axvline(0, color="grey", linewidth=0.8)
        ax.set_xlabel(name)
        ax.set_yticks(range(len(ORDER)), ORDER[::-1])
        if name == "excess kurtosis":
            ax.set_xscale("symlog", linthresh=1)  # a few single weights can make it a thousand
            ax.set_xticks([0, 1, 10, 100, 1000], ["0", "1", "10", "100", "1,000"])


chapter.figure(normality_drawn, [*FAR], among=findings.profiles, size=(3.6, 2.4))


# %% tags=["hide-input"]
def normality_told() -> Markdown:
    """The farthest matrix of each model, and how many have heavy tails."""
    items = []
    for name, rows in profiles.items():
        table = pd.DataFrame({c: np.concatenate([*rows[c]]) for c in ("matrices", "ks_distance", "kurtosis")})
        far, heavy = table.loc[table["ks_distance"].idxmax()], (table["kurtosis"] > 0).mean()
        tail = table.loc[table["kurtosis"].idxmax()]
        kind, layer = families.kind_and_layer(far["matrices"])
        where = kind if layer is None else f"{kind} of layer {layer}"
        items.append(
            f"- **{name}:** the median distance is {table['ks_distance'].median():.3f}, the largest {far['ks_distance']:.3f} "
            f"({where}, excess kurtosis {far['kurtosis']:.1f}); {heavy:.0%} of the matrices have heavier tails than a normal "
            f"distribution, and the heaviest have an excess kurtosis of {tail['kurtosis']:,.0f} "
            f"({families.kind_and_layer(tail['matrices'])[0]})."
        )
    return Markdown("\n".join(items))


normality_told()

# %% [markdown]
# An excess kurtosis in the hundreds comes from a few weights that are far larger than all others in their matrix.

# %% tags=["hide-input"]
for profile in ("miniature", "minilm"):
    if getattr(chapter, profile).empty:
        display(chapter.missing(profile))

# %% [markdown]
# (g16)=
# ## How much of the sum a cut takes
#
# For the paper's Figure 5, prune once by magnitude, the same share of each matrix, and add up the removed weights, once as
# magnitudes and once with signs. The authors find it strange that so much magnitude can go without loss. Their figure is not
# stored as numbers, so ours stands alone. But for normal weights the share of the magnitude that the smallest share $s$ of the
# weights holds follows from $s$ alone: it is $1 - \exp(-q^2/2)$, where $q$ is the normal quantile of $(1 + s)/2$. The figure
# has this line, too. A random choice would take the share $s$ of the magnitude.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Share of the summed magnitude removed against the share of weights removed by one magnitude cut, beside that of normal weights and of a random choice; and the removed sums with and without signs, of a real BERT and of the miniature."}, "figure": {"name": "gordon-weights-sum", "caption": "One magnitude cut takes about the share of all magnitude that it would take from normal weights; summed with signs, next to nothing."}}
SHARE, SUM = "share of all magnitude (%)", "sum of what is removed"


def sums_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """The shares, and the sums of the first of the models."""
    sums, first = findings.cut_sums(rows), rows.iloc[0]
    cut, ax = np.asarray(first["cut_sparsities"]), axes[SHARE]
    ax.plot(100 * sums.index, 100 * sums["share"], color=look("magnitudes")["color"], label="magnitudes")
    ax.plot(100 * cut, 100 * findings.normal_share(cut), ":", color="black", label="normal weights")
    ax.plot(100 * cut, 100 * cut, "--", color="grey", linewidth=1, label="random choice")
    axes[SUM].plot(100 * cut, first["removed_absolute"], color=look("magnitudes")["color"], label="magnitudes")
    axes[SUM].plot(100 * cut, first["removed_signed"], color=look("with signs")["color"], label="with signs")
    for name in (SHARE, SUM):
        axes[name].set(xlabel="weights removed (%)", ylabel=name)


chapter.figure(sums_drawn, [SHARE, SUM], among=findings.profiles, scale="x")


# %% tags=["hide-input"]
def sums_told() -> Markdown:
    """The share of magnitude at three cuts, the distance from the normal's, and how far signs cancel."""
    items = []
    for name, rows in profiles.items():
        sums = findings.cut_sums(rows)
        at = sums.iloc[[int(np.abs(sums.index - sparsity).argmin()) for sparsity in (0.3, 0.6, 0.9)]]
        taken = ", ".join(f"{share:.1%} with {sparsity:.0%} of the weights" for sparsity, share in at["share"].items())
        items.append(
            f"- **{name}:** of all magnitude, these shares go: {taken}; never more than {100 * sums['apart'].max():.1f} points from "
            f"normal weights. At 60%, the removed weights summed with signs are {at['signed'].iloc[1]:.1%} of their magnitude."
        )
    return Markdown("\n".join(items))


sums_told()

# %% [markdown]
# Where a model's line lies on that of normal weights, the size of the sum needs no further explanation: whatever the width
# of a normal distribution, its smallest weights add up to that share.
#
# (g12)=
# ## What is left of each head
#
# The paper's Figure 4, left, asks whether the cut hits some attention heads more than others. A head's weights are its rows of
# the query, key and value matrices and its columns of the attention output. The paper cuts one checkpoint once and puts only
# its finding at 60% into words. Here is the same cut and, for the miniature, the mask that gradual pruning found during
# training. The grey band is the chance level: two standard deviations about the mean if as many weights of each matrix were
# removed at random.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean, least and greatest share removed of an attention head against the sparsity, by one cut and by the trained mask, with the band expected by chance, of a real BERT and of the miniature."}, "figure": {"name": "gordon-weights-heads", "caption": "A magnitude cut hits all heads alike to within a few points, but some more than chance would. Mean share removed of a head, bars from the least to the most pruned; the band is the chance level."}}
REMOVED = "removed of a head (%)"


def heads_drawn(heads: pd.DataFrame, axes: dict) -> None:
    """Colours for how the mask was found."""
    ax = axes[REMOVED]
    for number, (way, rows) in enumerate(heads.groupby("way", sort=False)):
        points = rows.groupby("sparsity").agg({"mean": "mean", "lowest": "min", "highest": "max", "chance_sd": "mean"})
        x = 100 * points.index + 1.2 * number
        if number == 0:
            reach = 200 * points["chance_sd"]
            ax.fill_between(x, 100 * points["mean"] - reach, 100 * points["mean"] + reach, color="lightgrey")
        bars = 100 * np.stack([points["mean"] - points["lowest"], points["highest"] - points["mean"]])
        ax.errorbar(x, 100 * points["mean"], bars, label=way, linestyle="none", capsize=2, **look(way))
    ax.set(xlabel="weights removed (%)", ylabel=REMOVED)


chapter.figure(heads_drawn, [REMOVED], among=findings.heads, size=(3.6, 3.0))


# %% tags=["hide-input"]
def heads_told() -> pd.DataFrame:
    """The least and the most pruned head, and their spread beside chance, for each model, way and sparsity."""
    spreads = {name: findings.head_spread(findings.heads(runs)) for name, runs in sources.items()}
    table = pd.concat({name: spread for name, spread in spreads.items() if len(spread)})
    return (
        pd.DataFrame(
            {
                "heads": table["heads"],
                "least pruned head": table["lowest"].map("{:.1%}".format),
                "most pruned head": table["highest"].map("{:.1%}".format),
                "spread over heads, against chance": table["ratio"].map(lambda ratio: ratio.in_words(form=".1f")),
            }
        )
        .rename("{:.0%}".format, level="sparsity")
        .rename_axis(["model", "mask", "removed"])
    )


tables.numbers(heads_told(), "The least and the most pruned head at each sparsity.")


# %% tags=["hide-input"]
def heads_at_60(runs: pd.DataFrame) -> pd.DataFrame:
    """The least and the most pruned head at a sparsity of 60%, by a single cut."""
    spread = findings.head_spread(findings.heads(runs)).reset_index("sparsity")
    spread = spread[np.isclose(spread["sparsity"], 0.6)]
    return pd.DataFrame(
        {"least pruned head": spread["lowest"].map("{:.1%}".format), "most": spread["highest"].map("{:.1%}".format)}
    ).rename_axis("mask")


heads_printed = pd.DataFrame(
    {
        "least pruned head": [f"more than {facts['least pruned head']:.0%}"],
        "most": [f"less than {facts['most pruned head']:.0%}"],
    },
    ["one cut"],
)
chapter.finding(
    heads_at_60,
    "No head is spared and none is removed whole. Share removed of the least and of the most pruned head, where 60% of the "
    "weights are cut.",
    printed=heads_printed.rename_axis("mask"),
)

# %% [markdown]
# In *All numbers*, the last column of the table of heads divides the standard deviation over heads by that of a random choice
# within each matrix, with the 95% interval over the seeds below it. Above 1, heads differ by more than chance: magnitude
# does prune some heads more than others, even where the differences look small.
#
# (g17)=
# ## Maps of the weights, and the lengths of word embeddings
#
# The paper's Figures 7 to 9 are maps of magnitudes: a key projection, in which bands show the heads, and the table of word
# embeddings, with one row per token in the order of the vocabulary. From the latter the authors read that shorter subwords
# have smaller embeddings and are pruned first. Here each map is drawn from means of blocks, at most 256 per side, and that
# claim is measured.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Maps of weight magnitudes, of a real BERT and of the miniature: the key projection of the second layer, and the word embeddings in the order of the vocabulary."}, "figure": {"name": "gordon-weights-maps", "caption": "Heads show as bands of rows in the second layer's key projection; in the word embeddings rare words, further down, differ from frequent ones. Mean magnitudes of blocks, colours from 0 to a map's 99th percentile."}}
MAPS = {"key projection": "key_map", "word embeddings": "embedding_map"}


def maps_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """The two maps of the first of the models."""
    for name, ax in axes.items():
        row = rows.iloc[0]
        blocks = np.reshape(np.asarray(row[MAPS[name]], dtype=float), (-1, int(row[f"{MAPS[name]}_columns"])))
        drawn = ax.imshow(blocks, aspect="auto", cmap="viridis", vmin=0, vmax=np.quantile(blocks, 0.99))
        ax.set(title=name, xlabel="dimension", ylabel="block of rows")
        ax.grid(visible=False)
        plt.colorbar(drawn, ax=ax, label="mean |weight|")


chapter.figure(maps_drawn, [*MAPS], among=findings.profiles, live=False, scale="", size=(3.6, 3.4))

# %% [markdown]
# Only tokens made of letters count. A length is in letters, without the `##` of a piece that continues a word. A WordPiece
# vocabulary begins with single letters and goes on from frequent to rare, so a token's number reflects its frequency; and
# short words are frequent. So the table has the correlations of the norm with length and with number, and with length among
# tokens of equal number.


# %% tags=["hide-input"] mystnb={"image": {"alt": "Mean norm of a token's embedding against its length in letters, for whole words and for pieces that continue a word, of a real BERT and of the miniature."}, "figure": {"name": "gordon-weights-lengths", "caption": "In the real BERT, apart from single letters, shorter tokens do not have clearly smaller embeddings. Mean norm of the word embedding against the token's length in letters, for lengths of at least five tokens."}}
NORM = "mean norm of the embedding"


def lengths_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """A line for whole words and one for pieces."""
    for part in ("_words", "_pieces"):
        columns = {"lengths": "length", f"norm_by_length{part}": "norm", f"tokens_by_length{part}": "tokens"}
        table = rows[[*columns]].rename(columns=columns).explode([*columns.values()]).astype(float)
        means = table[table["tokens"] >= 5].groupby("length")["norm"].mean()
        axes[NORM].plot(means.index, means, label=findings.PARTS[part], **look(findings.PARTS[part]))
    axes[NORM].set(xlabel="letters", ylabel=NORM)
    axes[NORM].set_ylim(bottom=0)


chapter.figure(lengths_drawn, [NORM], among=findings.profiles, scale="")


# %% tags=["hide-input"]
def correlations_told() -> pd.DataFrame:
    """Spearman's correlations of the norm, for each model and part of the vocabulary."""
    table = pd.concat({name: findings.correlations(rows) for name, rows in profiles.items()})
    names = ("norm and length", "norm and number", "norm and length, at equal number")
    return pd.DataFrame(
        {"how many": table["tokens"].map("{:,.0f}".format)}
        | {
            name: table[column].map(lambda correlation: correlation.in_words(form="+.2f"))
            for column, name in zip(findings.CORRELATIONS, names, strict=True)
        }
    ).rename_axis(["model", "tokens"])


tables.numbers(correlations_told(), "Spearman's correlations of the norm of a word embedding.")


# %% tags=["hide-input"]
def claim_told() -> Markdown:
    """Whether shorter tokens have shorter embeddings, and what goes with it more closely."""
    items = []
    for name, rows in profiles.items():
        length, number = rows["norm_length_words"].mean(), rows["norm_id_words"].mean()
        verdicts = {1: "have smaller", -1: "have larger", 0: "have neither smaller nor larger"}
        closer = "number in the vocabulary" if abs(number) > abs(length) else "length"
        items.append(
            f"- **{name}:** among whole words, shorter ones {verdicts[findings.with_length(rows)]} embeddings than longer "
            f"ones (Spearman of norm and length {length:+.2f}, of norm and number {number:+.2f}); the {closer} of a "
            "word says more about its norm."
        )
    return Markdown("\n".join(items))


claim_told()

# %% [markdown]
# A correlation within 0.1 of zero counts as neither. The miniature's words are made up, so only a real vocabulary can speak
# for or against the claim. Look at the first points of the curves, too: single letters are tokens of their own that text
# hardly ever needs.

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["weights_are_normal", "heads_are_pruned_evenly", "short_pieces_go_first"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question="What do the weights look like that magnitude pruning removes?",
    done=(
        "The sizes of the weights of every matrix, head and word embedding are measured in MiniLM and in the "
        "miniature. They are compared with a normal distribution, and the share pruned of each head with an even share. "
        "The norms of word embeddings are set against the length and the frequency of their words."
    ),
    not_shown="The papers' BERT-base itself is not measured: only its printed numbers are here.",
)
