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
#     order: 25
# ---

# %% [markdown]
# (x15)=
# # Scores that read texts: which texts?
#
# A weight that is large but multiplies nothing does nothing. Two scores know that, because they let the model read some
# texts first, without labels and without training:
#
# - **Wanda** {cite:p}`sun2023` takes a weight's size times the norm of the input that it multiplies, and compares the
#   weights that feed the same output.
# - **OBS** {cite:p}`hassibi1993,frantar2023` asks how far an output moves when a weight goes and the others make up for it,
#   and then adjusts them so. A mask alone cannot record that, since the remaining weights change.
#
# {doc}`/experiments/without_training` shows what each of them costs a sentence encoder, beside a cut by size. Here is the
# question that such scores raise: *which texts?* Do other texts give another mask? How many are enough? And do texts of
# quite another kind do as well? All cuts on this page remove the same share, and nothing is trained afterwards. Each set
# of texts gives a cut of its own, and no two sets of one kind and size share a text.

# %% tags=["parameters"]
model = "miniature"  # "miniature", "minilm", a folder such as sentence-transformers writes, or a name of the hub
task = "stsb"  # pairs with a number each: what the cut model is judged by, on dev, and whose training texts are read
other_tasks = ["cola"]  # whose training texts are read instead
data_dir = ""  # a downloaded glue_data folder, or "hub"; the miniature brings its own data
importances = ["wanda", "obs"]  # files in lottery/importance that go by texts
sparsity = 0.8  # share of the weights of the layers to remove, the same of each row
texts = [8, 64]  # texts of a set
other_texts = 64  # of a set of other_tasks; one of `texts`
sets = 3  # of each kind and size
seed = 1  # of the miniature
pooling = ""  # "mean" of the tokens' vectors, or the "first"; "": as the model itself says, else the mean
max_length = 64  # tokens of a text, at most
miniature_steps = 3000
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from itertools import combinations

from lottery import miniature
from lottery.experiments import starts
from lottery.experiments.calibration import Calibration
from lottery.experiments.mask_agreement import MaskAgreement
from lottery.experiments.sentence_similarity import SentenceSimilarity
from lottery.experiments.tickets import Cut
from lottery.models import pooling as folders
from lottery.suite import plots
from lottery.suite.given import given

globals().update(given("analyses/calibration", globals()))
if other_texts not in texts:
    raise ValueError(
        f"other_texts = {other_texts}: other texts are compared with as many of {task!r}, so give one of {texts}"
    )
if sets < 2:
    raise ValueError(f"sets = {sets}: two at least can be compared with each other")
begun = {
    name: starts.start(model, name, data_dir, seed=seed, miniature_steps=miniature_steps)
    for name in [task, *other_tasks]
}
pooled = pooling or ("mean" if model in miniature.NAMES else folders.pooling(model))


def read(name: str, count: int, place: int) -> Calibration:
    """A set of texts."""
    return Calibration(
        of=begun[name], task=name, split="train", texts=count, place=place, pairs=False, max_length=max_length
    )


def similarity(importance: str, calibration: Calibration | None) -> SentenceSimilarity:
    """The model cut by what the texts say, and left as it is."""
    return SentenceSimilarity(
        start=begun[task],
        task=task,
        unit="weights",
        importance=importance,
        scope="row",
        embeddings=False,
        sparsity=sparsity,
        pooling=pooled,
        max_length=max_length,
        seed=0,
        calibration=calibration,
    )


def kept(importance: str, calibration: Calibration | None) -> Cut:
    """Its mask."""
    return Cut(
        of=begun[task],
        importance=importance,
        scope="row",
        embeddings=False,
        pooler=False,
        sparsity=sparsity,
        seed=0,
        calibration=calibration,
    )


of_task = {count: [read(task, count, place) for place in range(sets)] for count in texts}
of_others = {name: [read(name, other_texts, place) for place in range(sets)] for name in other_tasks}
by_size = similarity("magnitude", None)
cuts = [
    similarity(importance, calibration)
    for importance in importances
    for some in (*of_task.values(), *of_others.values())
    for calibration in some
]
pairs = [
    MaskAgreement(one=kept(importance, one), other=kept(importance, other))
    for importance in importances
    for one, other in [
        *(pair for some in of_task.values() for pair in combinations(some, 2)),
        *(pair for some in of_others.values() for pair in zip(of_task[other_texts], some, strict=True)),
    ]
]
pairs += [
    MaskAgreement(one=kept(importance, one), other=kept("magnitude", None))
    for importance in importances
    for one in of_task[max(texts)]
]
grid = [*by_size.preceding, by_size, *cuts, *pairs]

# %% tags=["remove-cell"]
import pandas as pd
from IPython.display import Markdown

from lottery.choices import choose, listed
from lottery.findings import calibration as found
from lottery.suite.chapter import perform
from lottery.suite.in_short import InShort

chapter = perform("analyses/calibration", grid, results, records, workers=workers, scheduler=scheduler)
NAMES = {"wanda": "Wanda", "obs": "OBS"}


def kind(of: str, count: int) -> str:
    """Some texts, as a reader knows them."""
    return f"{count} texts of {choose('tasks', of).TITLE}"


def places(rows: pd.DataFrame) -> tuple[str, int, int]:
    """The task that is judged by, the most texts of it, and how many of others are read."""
    cuts = rows[(rows["experiment"] == "SentenceSimilarity") & rows["calibration.task"].notna()]
    here = cuts["task"].iloc[0]
    of_others = cuts.loc[cuts["calibration.task"] != here, "calibration.texts"]
    return here, int(cuts.loc[cuts["calibration.task"] == here, "calibration.texts"].max()), int(of_others.iloc[0])


SCORE, KAPPA = "score (x 100)", "kappa of two masks"


def drawn(rows: pd.DataFrame, panels: dict) -> None:
    """The score left and the likeness of masks against the number of texts."""
    here, _, fixed = places(rows)
    scores, likeness, known = found.left(rows), found.alike(rows), found.reference(rows)
    axes = panels[SCORE], panels[KAPPA]
    for importance in scores.index.unique("importance"):
        own = scores.loc[(importance, here)]["score"]
        middle = [100 * each.mean for each in own]
        reach = [[100 * (each.mean - each.low) for each in own], [100 * (each.high - each.mean) for each in own]]
        (line,) = axes[0].plot(own.index, middle, marker="o", label=f"{NAMES.get(importance, importance)}")
        axes[0].errorbar(own.index, middle, reach, color=line.get_color(), capsize=2)
        same = likeness.xs((importance, here, here), level=("importance", "one", "other"))
        axes[1].plot(same.index, same["kappa"], marker="o", color=line.get_color())
        for name in likeness.index.unique("other").difference(["", here]):
            other = scores.loc[(importance, name, fixed), "score"]
            axes[0].plot(fixed, 100 * other.mean, marker="x", linestyle="", color=line.get_color())
            apart = likeness.loc[(importance, here, fixed, name), "kappa"]
            axes[1].plot(fixed, apart, marker="x", linestyle="", color=line.get_color())
        blind = likeness.xs((importance, here, ""), level=("importance", "one", "other"))["kappa"].iloc[0]
        axes[1].axhline(blind, color=line.get_color(), linestyle=":")
    axes[0].axhline(100 * known["magnitude"], color="grey", linestyle=":", label="by size, which reads none")
    axes[0].axhline(100 * known[""], color="black", label="full model")
    axes[0].set(ylabel=SCORE)
    axes[1].set(ylabel=KAPPA, ylim=(0, 1))
    for ax in axes:
        ax.set(xscale="log", xlabel="texts read")
        plots.ticks_at(ax, own.index)


def in_words(rows: pd.DataFrame) -> Markdown:
    """The three answers: do masks agree, how many texts are enough, does another kind of text do."""
    here, most, fixed = places(rows)
    likeness, known = found.alike(rows), found.reference(rows)
    few, others = found.enough(found.differences(rows, here, most), here, most), found.differences(rows, here, fixed)
    share = rows["sparsity"].max()
    parts = [
        f"With {share:.0%} of the weights removed and no training, a cut by size leaves {100 * known['magnitude']:.1f} of "
        f"{100 * known['']:.1f} points."
    ]
    for importance, least in few.items():
        name = NAMES.get(importance, importance)
        same = likeness.xs((importance, here, here), level=("importance", "one", "other"))["kappa"]
        blind = likeness.xs((importance, here, ""), level=("importance", "one", "other"))["kappa"].iloc[0]
        line = (
            f"- **{name}.** The masks of two sets of {min(same.index)} texts have a kappa of {same[min(same.index)]:.2f}, those of "
            f"{most} texts {same[most]:.2f}. With the mask of the cut by size it is {blind:.2f}. "
        )
        fewest = found.left(rows).loc[(importance, here)].index.min()
        if least == most:
            line += f"Fewer than {most} texts are not shown to be enough. "
        else:
            line += f"**{least} texts are enough**: they are shown to lose less than a point against {most}; "
            line += "fewer were not tried. " if least == fewest else "fewer are not. "
        for of, change in others.xs((importance, fixed), level=("importance", "calibration.texts"))["change"].items():
            shown = "is" if change.low > -found.WITHIN else "is not"
            line += (
                f"With {kind(of, fixed)} instead of as many of the task's own, the score changes by {change.in_words(100)} "
                f"points; a loss of less than a point {shown} shown. "
            )
        parts.append(line)
    what = "Kappa is 0 by chance and 1 for equal masks; 1 is possible, since all rows lose the same share."
    return Markdown("\n".join([f"{parts[0]} {what}", "", *parts[1:]]))


def briefly(rows: pd.DataFrame) -> Markdown:
    """How many texts are enough and what other texts change, in a sentence each."""
    here, most, fixed = places(rows)
    few = found.enough(found.differences(rows, here, most), here, most)
    parts = []
    for importance, least in few.items():
        name = NAMES.get(importance, importance)
        with_few = f"fewer than {most} texts" if least == most else f"{least} texts of {title_of(here)}"
        shown = "is not shown" if least == most else "is shown"
        parts.append(f"{name} with {with_few} {shown} to come within a point of {name} with {most}")
    others = found.differences(rows, here, fixed).xs(fixed, level="calibration.texts")["change"].drop(here, level=1)
    changes = [
        f"{change.in_words(100)} points for {NAMES.get(importance, importance)} with {title_of(of)}"
        for (importance, of), change in others.items()
    ]
    told = f"With {rows['sparsity'].max():.0%} of the weights removed, {'; '.join(parts)}."
    if changes:
        told += f" Reading {fixed} texts of another task instead changes the score by {listed(changes, 'and')}."
    return Markdown(told)


def title_of(task: str) -> str:
    """A task as a reader knows it."""
    return choose("tasks", task).TITLE


def numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """All of it: the score left by each kind of set, and how alike the masks of two such sets are."""
    here, _, _ = places(rows)
    likeness, lines = found.alike(rows), {}
    for (importance, of, count), row in found.left(rows).iterrows():
        masks = likeness.loc[(importance, here, count, of)]
        lines[NAMES.get(importance, importance), kind(of, int(count))] = {
            "score (x 100)": row["score"].in_words(100, ".1f"),
            f"kappa with other texts of {choose('tasks', here).TITLE}": f"{masks['kappa']:.3f} ({masks['low']:.3f} to {masks['high']:.3f})",
            "pairs of masks": int(masks["pairs"]),
            "share of weights kept by both masks, of those kept by either": f"{masks['jaccard']:.2f} (by chance {masks['by_lot']:.2f})",
        }
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis(["score", "texts"])


# %% [markdown]
# ## A real sentence encoder
#
# The model is all-MiniLM-L6-v2, scored on the 1,500 pairs of STS-B's dev set. The texts read are from STS-B's training set
# (captions, headlines, forums), from SST-2 (phrases of film reviews) or from CoLA (linguists' example sentences).

# %% tags=["remove-input"]
chapter.shown(in_words, "minilm")

# %% tags=["hide-input"] mystnb={"image": {"alt": "Score of a cut model, and the likeness of masks from two sets of texts, against the number of texts read; of a real BERT and of the miniature."}, "figure": {"name": "calibration", "caption": "Wanda leaves the same score after few texts as after many; OBS leaves more after more texts; the masks differ either way. Means over sets with 95% intervals; crosses: texts of another task; dotted: a cut by size."}}
chapter.figure(drawn, [SCORE, KAPPA], scale="x", size=(3.8, 2.8))

# %% tags=["hide-input"]
chapter.finding(
    lambda rows: numbers(rows).iloc[:, :2],
    "Sets of texts that leave the same score still choose different masks. Score left, and kappa of the masks of two sets.",
    live=False,
)

# %% tags=["hide-input"]
chapter.numbers(numbers, "The score that each kind of set leaves, and how alike the masks are.")

# %% [markdown]
# ## On the model of this build
#
# The miniature was never taught to place sentences by their meaning, so look at its masks, not its scores.

# %% tags=["remove-input"]
in_words(chapter.live)

# %% [markdown]
# ## With a model and texts of your own
#
# `lottery ticket save MODEL --importance wanda --scope row --texts FILE` makes a mask from the texts of a file.
# `lottery ticket apply` with `--texts` adjusts the remaining weights to make up for those removed, as OBS does
# ({doc}`/your_own`).

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter)
told = [chapter.shown(briefly, "minilm")]
of_sets = {}
if len(chapter.minilm):
    here, _, fixed = places(chapter.minilm)
    of_sets = numbers(chapter.minilm).xs(kind(here, fixed), level="texts").iloc[:, 1].to_dict()
short.summary(told)

# %% tags=["remove-input", "in-short"]
short.box(
    question="Does it matter which texts a score reads before it chooses weights, and how many?",
    done=(
        "A sentence encoder is cut by Wanda and by OBS, which read texts first, and not trained again. They read sets of "
        "several sizes, of the task's own texts or of another task's. The scores of the cut models and the likeness of "
        "their masks are compared over the sets."
    ),
    not_shown="This is one model, one task and one share of weights. A model that is trained again after the cut loses less.",
    found=told,
    numbers={
        f"{importance}, {kind(here, fixed)}: kappa of the masks of two sets (range)": {"minilm": kappa}
        for importance, kappa in of_sets.items()
    },
)
