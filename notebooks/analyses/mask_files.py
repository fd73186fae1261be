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
#     order: 70
# ---

# %% [markdown]
# # How small is a file that holds a mask?
#
# Where a method only chooses weights and never changes them, a task needs no model of its own: everyone has the
# pre-trained one, and only the mask has to be kept and sent. {cite:t}`jiang2023` count a mask as 2.7 million parameters
# and say that it "can be further compressed". How far? And what is a ticket in a file good for?
#
# A mask that keeps each weight with the same probability $p$, independently of the others, cannot be stored in fewer
# bits than its entropy, $h(p) = -p \log_2 p - (1 - p) \log_2 (1 - p)$ for each weight. Where half of the weights stay,
# that is one bit, and nothing can be gained; where 3% stay, it is a fifth of a bit. A mask with *structure*, with some
# rows that keep more than others, has a lower entropy. For such a mask $h(p)$ is not a bound but a mark to beat.

# %% tags=["parameters"]
model = "miniature"  # of whose masks the sizes are measured; or "minilm", a folder, a name of the hub
data_dir = ""  # for any model but the miniature: a downloaded glue_data folder, or "hub"
examples = 0  # of a task's training set, at most so many, drawn by label and the same for every run; 0: all
dev_examples = 0  # of what it is scored on, likewise
seeds = [1]  # of the miniature, and of the random masks
miniature_steps = 3000  # of pre-training
sparsities = [0.2, 0.5, 0.9, 0.97]  # shares of the weights removed
layers = 3  # of the random masks; BERT-base has 12
width = 768  # as BERT-base
tasks = ["cola"]  # files in lottery/tasks, on which masks are learned as in the chapter on mask learning; []: none
methods = ["smp_l", "smp_s", "movement"]  # of lottery/mask_learning, those that aim at a sparsity
learned_sparsities = [0.5, 0.9]  # of learned masks
world = 1  # seed of the miniature whose masks are learned
tuning_seeds = [1]  # of the head, the order of the examples and noise
epochs = 6.0  # of training
ramp = 0.5  # share of the steps over which the sparsity rises
batch_size = 32
strength = 400.0  # of the regulariser of those methods that the paper gives one
score_rate = 6e-2  # learning rate of scores
weight_rate = 3e-3  # of weights, where they are trained, and of the head over them
joint_rate = 3e-4  # the same for movement, whose scores follow from how weights are trained
head_rate = 1e-3  # of the head over weights that stay as they are
chosen = {}  # a method: its own score_rate, weight_rate or strength, as in the chapter on mask learning
max_length = 64  # tokens of an example, at most
results = "results"
records = "book/records"
workers = 2
scheduler = ""

# %% tags=["grid", "remove-cell"]
from lottery.experiments.mask_sizes import ByLot, MaskSizes
from lottery.experiments.miniature import Miniature
from lottery.experiments.starts import HUB, Given
from lottery.experiments.studies import MaskStudy, TaskStudy
from lottery.experiments.tickets import Cut
from lottery.suite.given import given

globals().update(given("analyses/mask_files", globals()))
whole = [
    Miniature(seed=seed, steps=miniature_steps) if model == "miniature" else Given(model=model, data=HUB)
    for seed in (seeds if model == "miniature" else [0])
]
cuts = [
    Cut(of=of, importance="magnitude", scope=scope, embeddings=False, pooler=False, sparsity=sparsity, seed=0)
    for of in whole
    for scope in ("local", "global")
    for sparsity in sparsities
]
lots = [ByLot(layers=layers, width=width, sparsity=sparsity, seed=seed) for seed in seeds for sparsity in sparsities]
study, learning = TaskStudy.from_cell(globals()), MaskStudy.from_cell(globals())
beside = [
    study.tuned(task, seed, world=world, learning_rate=weight_rate) for task in tasks for seed in tuning_seeds
]  # which are not run: a mask is learned on the same task, for as long
learned = [
    learning.mask(of, method, sparsity) for of in beside for method in methods for sparsity in learned_sparsities
]
grid = [MaskSizes(kept=kept) for kept in [*lots, *cuts, *learned]]

# %% tags=["remove-cell"]
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes
from transformers import BertConfig

from lottery.findings import mask_sizes
from lottery.masks.coding import binary_entropy
from lottery.pruning import components
from lottery.statistics import signed
from lottery.suite import tables
from lottery.suite.chapter import between, how_many, perform, read_published
from lottery.suite.in_short import InShort
from lottery.suite.palette import look

chapter = perform("analyses/mask_files", grid, results, records, workers=workers, scheduler=scheduler)
printed = read_published("jiang2023_sizes")

# %% [markdown]
# (x6)=
# ## Near the entropy
#
# A mask file stores the mask with one of two coders, which its header names. `bits` packs one bit a weight, eight to a
# byte. `entropy` is asymmetric numeral coding {cite:p}`duda2013` of the bits, with a rate for every row of a matrix
# where rows differ by more than chance, and one for the whole matrix where they do not; the rates are in the file and
# in all sizes below. Two general compressors of the packed bits are compared with them. These look for bytes that
# repeat, which in a mask happens only by chance. There are three kinds of masks. Random masks have the shapes of
# BERT-base's matrices. Others are cut by magnitude from a pre-trained model, locally (the same share of each matrix) or
# globally. And the masks that matter most here are learned on a task, as in {doc}`/experiments/mask_learning`.


# %% tags=["hide-input"]
WEIGHTS = components.matrix_weights(BertConfig())  # of BERT-base, which is the default
by_lot, of_model = (chapter.live.loc[chapter.live["kept"] == kind, "weights"].iloc[0] for kind in ("ByLot", "Cut"))
Markdown(
    f"In this build random masks have {how_many(layers, 'layer')} of width {width}, {by_lot:,} weights; BERT-base has "
    f"{WEIGHTS:,}. The other masks are of the model `{Path(model).name}`, which has {of_model:,} weights."
)

# %% tags=["hide-input"]
CODES = {"bits": "one bit each", "zlib": "bits, zlib", "lzma": "bits, lzma", "entropy": "entropy coder"}


def against_share(ax: Axes, remaining: pd.Series, values: pd.Series, label: str, **line: str) -> None:
    """The means at each share."""
    means = values.groupby(remaining).mean()
    ax.plot(100 * means.index, means, label=label, **look(label) | line)
    ax.set_xlabel("weights remaining (%)")
    ax.xaxis.set_inverted(True)  # more is removed to the right, as in the other figures


BITS, MORE = "bits a weight, random masks", "entropy coder, against $h(p)$ (%)"


def sizes_drawn(rows: pd.DataFrame, axes: dict) -> None:
    """Bits a weight of random masks, by every code, and how far the entropy coder is from the bound on all masks."""
    left, right = axes[BITS], axes[MORE]
    lot, share = rows[rows["chosen"] == mask_sizes.LOT], np.linspace(0.001, 0.999, 400)
    left.plot(100 * share, binary_entropy(share), color="black", linewidth=1, label="entropy")
    for marker, (code, name) in zip("osv*", CODES.items(), strict=True):
        against_share(left, lot["remaining"], lot[code], name, linestyle="none", color="black", marker=marker)
    left.set(ylabel=BITS, ylim=(0, 1.08))
    more = mask_sizes.beyond_entropy(rows)
    for chosen, some in more.groupby("chosen", sort=False):
        against_share(right, some["remaining"], 100 * some["entropy"], chosen)
    right.axhline(0, color="black", linewidth=1)
    right.set(ylabel=MORE)


# %% tags=["hide-input"] mystnb={"image": {"alt": "Above: bits a weight of random masks against the share of weights that remains, by four codes, with the entropy as a curve that is highest at one half. Below: how many per cent the entropy coder takes more or less than the entropy, for masks at random, cut by magnitude and learned; of a real BERT and of the miniature."}, "figure": {"name": "mask-sizes", "caption": "The entropy coder takes hardly more than the entropy (black) for random masks, and less for masks with structure. Above, bits a weight for random masks; below, the coder against the entropy, for all masks."}}
chapter.figure(sizes_drawn, [BITS, MORE], among=mask_sizes.sizes, size=(4.4, 3.2))


# %% tags=["hide-input"]
def judged(runs: pd.DataFrame) -> Markdown:
    """In words: the coder against the bound on random masks and on a model's, and against the compressors."""
    more = mask_sizes.beyond_entropy(mask_sizes.sizes(runs))
    lot = more[more["chosen"] == mask_sizes.LOT]
    sparse = lot[lot["remaining"] == lot["remaining"].min()]
    lines = [
        f"For random masks the entropy coder takes at most {lot['entropy'].max():.1%} more than the entropy; our "
        f"target is 3%. With {sparse['remaining'].iloc[0]:.0%} of the weights remaining, zlib takes "
        f"{sparse['zlib'].mean():.0%} more than the entropy, lzma {sparse['lzma'].mean():.0%} more, and one bit for "
        f"each weight {1 + sparse['bits'].mean():.1f} times as much."
    ]
    found = mask_sizes.of_structure(more)
    learned = found.index.str.endswith("learned")
    lines += [
        f"For masks that are {how}, the entropy coder takes "
        f"{between([rows['least'].min(), rows['most'].max()], '+.1%')} compared with the entropy."
        for how, rows in (("cut by magnitude", found[~learned]), ("learned", found[learned]))
        if len(rows)
    ]
    return Markdown(" ".join(lines))


chapter.shown(judged, "live")


# %% tags=["hide-input"]
def by_share(runs: pd.DataFrame) -> pd.DataFrame:
    """Bits a weight at every share, means over seeds, and in brackets how much more that is than the bound."""
    means = mask_sizes.sizes(runs).groupby(["chosen", "remaining"], sort=False).mean()
    table = {"weights": means["weights"].map("{:,.0f}".format), "h(p)": means["bound"].map("{:.4f}".format)}
    for code, name in CODES.items():
        more = means[code] / means["bound"] - 1
        table[name] = [f"{bits:.4f} ({signed(100 * part)}%)" for bits, part in zip(means[code], more, strict=True)]
    table["rows known"] = means["by_row"].map("{:.4f}".format)
    return pd.DataFrame(table).rename("{:.0%}".format, level="remaining").rename_axis(["mask", "remaining weights"])


def against_entropy(runs: pd.DataFrame) -> pd.DataFrame:
    """How much more the entropy coder takes than the entropy, lowest and highest over the shares, a row a kind of mask."""
    more = mask_sizes.beyond_entropy(mask_sizes.sizes(runs)).groupby("chosen", sort=False)["entropy"]
    return more.agg(lambda some: between([some.min(), some.max()], "+.1%")).rename_axis("mask").to_frame("more")


chapter.finding(
    against_entropy,
    "Most learned masks take less than the entropy of their share, and random ones hardly more. Size by the entropy "
    "coder compared with the entropy, lowest and highest over the shares.",
)

# %% tags=["hide-input"]
chapter.numbers(by_share, "Bits a weight, and compared with the entropy, at every share; means over seeds.")

# %% [markdown]
# Sizes are in bits a weight, in brackets compared with $h(p)$, without the header of the file, which is a few
# kilobytes. *Rows known* is the sum of the rows' own entropies, as if every row's share were known for free: the best
# that a coder with a rate for each row could reach. For random masks, too, it is below $h(p)$, because even there the
# rows' shares differ by chance. That is why a row gets its own rate only where the rate saves more than it takes to
# store.
#
# ### Recorded: all layers in BERT-base's shapes, more shares

# %% tags=["hide-input"]
chapter.shown(judged)

# %% [markdown]
# For a real BERT, all-MiniLM-L6-v2:

# %% tags=["hide-input"]
chapter.shown(judged, "minilm")

# %% [markdown]
# ## The paper's 2.7 million parameters
#
# The paper counts a mask as if its bits were packed into parameters of 32 bits. Its released code writes the same bits,
# eight to a byte, whatever the sparsity, without a header: the file names neither the model nor the shapes nor the
# sparsity. And on export, the method that makes the mask from the scores is guessed from the folder's name.


# %% tags=["hide-input"]
counts = printed.set_index("what")["parameters"]
Markdown(
    f"BERT-base's layers have {WEIGHTS:,} weights in their matrices. One bit each is {WEIGHTS // 8:,} bytes, "
    f"{WEIGHTS / 8e6:.1f} MB, or {WEIGHTS / 32 / 1e6:.2f} million parameters of 32 bits; the paper prints "
    f"{counts['mask'] / 1e6:.1f} million."
)


# %% tags=["hide-input"]
def kept_weights() -> pd.DataFrame:
    """What a task takes for its mask, and what for the weights that stay, at the paper's shares."""
    rows = printed[printed["what"] == "kept weights"]
    share = rows["remaining_weights"]
    table = pd.DataFrame(
        {
            "remaining weights": share.map("{:.0%}".format),
            "mask, one bit each (MB)": WEIGHTS / 8e6,
            "mask, entropy (MB)": WEIGHTS * binary_entropy(share) / 8e6,
            "weights that stay, printed (million)": rows["parameters"] / 1e6,
            "computed (million)": share * WEIGHTS / 1e6,
            "in half precision (MB)": 2 * share * WEIGHTS / 1e6,
        }
    )
    return table.set_index("remaining weights").round(2)


tables.finding(
    kept_weights(),
    "A mask is small compared with the weights that a method has to store for every task if it trains them. "
    "BERT-base's matrices, at the paper's shares.",
)

# %% [markdown]
# The weights in the last columns are what a method that trains them has to store for every task in addition to the
# mask. So a mask alone is small, and where little remains its entropy is smaller still: packed bits give away most of
# what sparsity could save.
#
# (j14)=
# ## Tickets as files
#
# ```bash
# lottery ticket save minilm -o ticket.safetensors --sparsity 0.9 --scope local
# lottery ticket save results/MagnitudeSearch/KEY -o ticket.safetensors
# lottery ticket show ticket.safetensors -o ticket.png
# lottery ticket apply ticket.safetensors minilm -o pruned
# ```
#
# The first line makes a mask, the second takes the one that a finished run has found. `save` writes with the coder that
# takes less room, and prints the bytes beside both bounds. `show` prints the model and the method of a mask, and what
# it removes from every layer. `apply` writes a folder that `transformers` opens with `from_pretrained` alone, and in
# which all removed weights are 0. The header names the model, the method, the required and the realised sparsity, the
# seed, the shapes and their fingerprint. It also carries a checksum of all that and of every bit, so that a file is
# refused if it was altered or cut short, or belongs to another model.
#
# A mask of heads and MLPs is applied in the same way: their weights and biases become 0, and the folder is as large as
# before. In `transformers` the size of a BERT's heads is always the hidden size divided by their number. So
# `from_pretrained` cannot open a model with fewer heads of the same size, even if every layer keeps equally many.
#
# Here is a round trip with the model of this build:


# %% tags=["hide-input"]
from tempfile import TemporaryDirectory

import torch
from transformers import AutoModel

from lottery import masks, store
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.suite import tickets


def there_and_back(cut: Cut) -> Markdown:
    """A mask saved, loaded and baked into the model, which is saved and opened again, against the masked model."""
    run = store.Run(MaskSizes(kept=cut), Path(results))
    source, mask = cut.of.weights(run), cut.mask(run)
    ids = torch.arange(5, 69).view(2, 32)  # words, whichever they are
    whole = opening.encoder(source).eval()
    own = families.prunable(whole, embeddings=False, pooler=False)
    with TemporaryDirectory() as folder, torch.no_grad():
        path = Path(folder, "ticket.safetensors")
        mask_files.save(
            path, mask, model=Path(model).name, method="magnitude", asked=cut.sparsity, seed=0, coder="smallest"
        )
        loaded, header = mask_files.load(path)
        masked = {name: own[name] * kept for name, kept in mask.items()}
        expected = torch.func.functional_call(whole, masked, (ids,)).last_hidden_state
        opened = opening.as_saved(source)
        tickets.bake(opened, loaded)
        opening.save(opened, opening.tokenizer(source), Path(folder, "pruned"))
        answer = AutoModel.from_pretrained(Path(folder, "pruned")).eval()(ids).last_hidden_state
        size = path.stat().st_size
    same = masks.removed(loaded) == masks.removed(mask) and masks.share_different(loaded, mask) == 0
    return Markdown(
        f"A mask that keeps {1 - cut.sparsity:.0%} of the weights ({cut.scope}) takes {size:,} bytes as a file, "
        f"header included, with the coder `{header['coder']}`. Read back it is "
        f"{'the same' if same else 'ANOTHER MASK'}. Once the mask is applied and the model saved and opened by "
        "`AutoModel.from_pretrained`, its outputs differ from those of the masked model by at most "
        f"{(answer - expected).abs().max():.1g}; the largest output is {expected.abs().max():.2g}."
    )


there_and_back(max(cuts, key=lambda cut: cut.sparsity))

# %% [markdown]
# ## Summary

# %% tags=["remove-input"]
short = InShort(chapter, ["masks_compress"])
short.summary()

# %% tags=["remove-input", "in-short"]
short.box(
    question="How small a file holds a mask?",
    done=(
        "Masks of several methods are stored as one bit a weight, with two general compressors and with an entropy "
        "coder. The sizes are compared with the entropy of a mask without structure. A mask is saved, read back and "
        "applied, and the model's outputs are compared with those of the masked one."
    ),
    found=[chapter.shown(judged, "minilm"), *short.by_claims()],
    not_shown="The size is that of the mask alone: the pre-trained model is needed, too.",
)
