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
#     part: use
#     order: 20
# ---

# %% [markdown]
# # From Python
#
# The chapters of this book call a thin package, which any program can call, too. This page takes a stock model step by step:
# it is pruned, trained in a plain loop while its mask is held, asked which of its heads matter, cut, and saved. Everything
# here was executed when the book was built. The functions take tensors, tables and models as transformers {cite:p}`wolf2020`
# makes them: no task names, no paths, no settings. {doc}`/reference_pruning` and the pages after it describe each one.

# %% tags=["parameters"]
model = "minilm"  # whose weights are pruned: a folder, a name of the hub, or "minilm"
sparsity = 0.5  # share of the weights removed
passes = 3  # of each training over its examples
seed = 0  # of the new head and of the order of the examples

# %% tags=["remove-cell"]
from lottery.suite.given import given

globals().update(given("analyses/from_python", globals()))

# %% [markdown]
# ## A model and a table
#
# Any table will do that has texts in a column `first` (for pairs, the other text in `second`) and class numbers in `label`.
# This one asks whether somebody was pleased. The adjectives of `unseen` do not occur in `seen`, so a model that gets them
# right must know the words from pre-training.

# %%
import copy
import itertools

import pandas as pd
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from lottery.data import examples
from lottery.models import opening

THINGS = "film meal book hotel concert garden lecture journey"


def reviews(*adjectives: str) -> pd.DataFrame:
    """A sentence for each thing and adjective: first those of label 0."""
    rows = [
        (f"The {thing} was {word}.", label)
        for label, words in enumerate(adjectives)
        for thing, word in itertools.product(THINGS.split(), words.split())
    ]
    return pd.DataFrame(rows, columns=["first", "label"])


to_learn = reviews(
    "bad awful terrible horrible dreadful poor",
    "good great lovely wonderful excellent delightful",
)
to_judge = reviews(
    "boring dire lousy disappointing",
    "charming superb brilliant splendid",
)
folder = opening.locate(model)
tokenizer = AutoTokenizer.from_pretrained(folder)
seen = examples.encode(to_learn, tokenizer, max_length=32)
unseen = examples.encode(to_judge, tokenizer, max_length=32)
f"{len(seen)} examples to train on, {len(unseen)} to score on"


# %% [markdown]
# This is a plain training loop. The package has its own (`lottery.training.train`), but nothing below needs it.


# %%
def train(network, optimizer) -> None:
    """A few passes over `seen`."""
    network.train()
    for epoch in range(passes):
        order = examples.seeded(seed + epoch)
        for rows in examples.shuffled_batches(seen.lengths, 24, order):
            network(**seen.batch(rows)).loss.backward()
            optimizer.step()
            optimizer.zero_grad()


@torch.no_grad()
def accuracy(network) -> float:
    """The share of `unseen` that is answered right."""
    batch = unseen.batch(list(range(len(unseen))))
    answers = network.eval()(**batch).logits.argmax(1)
    return float((answers == batch["labels"]).float().mean())


def adam(network) -> torch.optim.AdamW:
    """Over all but the embeddings, which need not change."""
    network.base_model.embeddings.requires_grad_(False)
    trained = [each for each in network.parameters() if each.requires_grad]
    return torch.optim.AdamW(trained, lr=2e-4)


torch.manual_seed(seed)
stock = AutoModelForSequenceClassification
network = stock.from_pretrained(folder, num_labels=2)
train(network, adam(network))
whole = copy.deepcopy(network)
f"{accuracy(network):.0%} right"

# %% [markdown]
# ## Prune it
#
# One call prunes a model. Here it is made with three scores; `lottery list importance` has them all. `wanda` reads texts
# first, examples as above or the batches of a `DataLoader`, and ranks weights within the rows of a matrix
# ({doc}`/methods`). `load` opens a model's folder as the commands do, even where its layers differ in width. `lottery`
# itself imports nothing until you use it.

# %%
import lottery
from lottery.importance import sees_data

loader = [seen.batch(rows) for rows in examples.sorted_batches(seen.lengths, 24)]
right = {}
for score in ("random", "magnitude", "wanda"):
    reading = {"scope": "row", "data": loader} if sees_data(score) else {}
    cut = copy.deepcopy(whole)
    kept = lottery.prune(cut, sparsity, importance=score, **reading)
    right[score] = f"{accuracy(cut):.0%}"
pd.DataFrame({"right, as cut": right})

# %% [markdown]
# The same works step by step, for a score or a choice of your own.
#
# `prunable` finds the matrices that can be pruned, by their names below the encoder. A score for each of their weights
# gives a mask: `keep_highest` ranks all weights of the model together, `keep_highest_in_each` those of every matrix by
# itself. A mask is a dictionary of tensors, true where a weight stays; exactly the share asked for is removed.

# %%
from lottery import masks, pruning
from lottery.models import families

weights = families.prunable(network, embeddings=False)
sizes = {name: weight.detach().abs() for name, weight in weights.items()}
mask = masks.keep_highest(sizes, sparsity)
pruning.remove(weights, mask)
f"{masks.removed(mask):,} weights are 0; {accuracy(network):.0%} right"

# %% [markdown]
# Removed weights grow back when the model is trained, unless the mask is *held*: inside the `with` block they are exactly 0
# after every step of the optimiser.

# %%
optimizer = adam(network)
with pruning.held(weights, mask, optimizer):
    train(network, optimizer)

gone = masks.complement(mask)
back = sum(int(weights[name][gone[name]].count_nonzero()) for name in gone)
f"{accuracy(network):.0%} right; {back} of the removed weights came back"

# %% [markdown]
# With the `Trainer` of transformers, a callback does that. `MaskHeld` holds a mask. `MaskLearned` learns one, by a method
# in `lottery/mask_learning`, and brings the optimiser for its scores. The method used here ranks the weights by size while
# they are trained, and removes more and more of them. A method that trains scores needs hundreds of updates more.

# %%
from tempfile import TemporaryDirectory

from transformers import PrinterCallback, Trainer, TrainingArguments

rows = [{name: tensor[0] for name, tensor in seen.batch([row]).items()} for row in range(len(seen))]


def under_trainer(network, callback, **more) -> None:
    """The same few passes."""
    with TemporaryDirectory() as place:
        told = {"num_train_epochs": passes, "per_device_train_batch_size": 24, "learning_rate": 2e-4, "seed": seed}
        told |= {"save_strategy": "no", "report_to": "none", "disable_tqdm": True, "dataloader_pin_memory": False}
        arguments = TrainingArguments(output_dir=place, **told)
        trainer = Trainer(network, arguments, train_dataset=rows, callbacks=[callback], **more)
        trainer.remove_callback(PrinterCallback)
        trainer.train()


held = copy.deepcopy(whole)
under_trainer(held, lottery.MaskHeld(mask))
learned = lottery.MaskLearned(whole, "magnitude", sparsity, score_rate=2e-2, weight_rate=2e-4)
under_trainer(whole, learned, optimizers=(learned.optimizer, None))
pd.DataFrame(
    {
        "right": {"held": f"{accuracy(held):.0%}", "learned": f"{accuracy(whole):.0%}"},
        "weights removed": {"held": f"{masks.removed(mask):,}", "learned": f"{masks.removed(learned.mask):,}"},
    }
)

# %% [markdown]
# A mask can be handed to `torch.nn.utils.prune` and taken back. A model that torch holds this way is no plain model:
# `prunable` says so, and `from_torch_prune` makes it plain again.

# %%
lottery.to_torch_prune(held, mask)
again = lottery.from_torch_prune(held)
assert all(torch.equal(mask[name], again[name]) for name in mask)

# %% [markdown]
# To prune *during* training, `pruning.gradually` recomputes the mask every few steps, along a schedule such as
# `schedules.cubic`.
#
# ## Which heads matter
#
# The importance of a head or an MLP is how strongly the loss of an example reacts when it is turned down ({doc}`/methods`).
# One backward pass per batch gives this for every example and component at once.

# %%
from lottery.pruning import components, sensitivity

everything = components.everything(network.config)
gradients = sensitivity.per_example(network, seen, everything)
importance = {name: each.abs().mean(0) for name, each in gradients.items()}
{name: tuple(scores.shape) for name, scores in importance.items()}

# %% tags=["hide-input"] mystnb={"image": {"alt": "A map of the importance of every attention head, layers by heads, of the model of this page."}, "figure": {"name": "from-python-importance", "caption": "The importance of each head: the mean over examples of the absolute derivative of the loss with respect to its gate. Brighter is more important."}}
from matplotlib import pyplot as plt

from lottery.suite import plots

plots.house_style()
_, ax = plt.subplots(figsize=(5.2, 2.9))
drawn = ax.imshow(importance["heads"], aspect="auto")
ax.set(xlabel="head", ylabel="layer")
ax.grid(visible=False)
ax.figure.colorbar(drawn, label="importance (nats)")
plt.show()

# %% [markdown]
# ## Cut them out
#
# A mask of components is like any other, with two entries: `heads`, of shape (layers, heads), and `mlps`, of shape
# (layers,). Here half of each stay. `sliced` makes a smaller, faster copy, which answers as the model does with the gates of
# the removed components at 0.

# %%
kept = masks.keep_highest_in_each(importance, 0.5)
smaller = components.sliced(network, kept).eval()

batch = unseen.batch(list(range(len(unseen))))
gates = {name: stays.float() for name, stays in kept.items()}
with torch.no_grad(), components.gated(network, gates):
    gated = network(**batch).logits
with torch.no_grad():
    assert torch.allclose(smaller(**batch).logits, gated, atol=1e-4)

pd.DataFrame(
    {
        "heads": [everything["heads"].numel(), int(kept["heads"].sum())],
        "MLPs": [everything["mlps"].numel(), int(kept["mlps"].sum())],
        "parameters": [f"{each.num_parameters():,}" for each in (network, smaller)],
        "right": [f"{accuracy(each):.0%}" for each in (network, smaller)],
    },
    index=["as pruned", "half of it cut out"],
)

# %% [markdown]
# The copy is a stock model and can be trained further. Its layers differ in width, which `save_pretrained` cannot express.
# So save the pruned model and the mask, from which `sliced` makes the copy again.
#
# ## Save and open
#
# A mask file holds a mask in one bit per weight or less, with its model and its method. A mask from another program, as
# zeros and ones of any type, can be saved this way, too; `lottery ticket import` reads several kinds of such files.

# %%
from pathlib import Path

from lottery.masks import files

with TemporaryDirectory() as place:
    path = Path(place) / "mask.safetensors"
    header = {"model": model, "method": "magnitude", "asked": sparsity, "seed": seed}
    files.save(path, mask, **header, coder="smallest")
    opened, header = files.load(path)
    size = path.stat().st_size
    network.save_pretrained(Path(place) / "pruned")
    again = lottery.load(str(Path(place) / "pruned"))

assert all(torch.equal(mask[name], opened[name]) for name in mask)
f"A file of {size / 1e6:.1f} MB; the saved model is {accuracy(again):.0%} right"

# %% [markdown]
# ## Do masks agree?
#
# Do different examples find the same heads important? The examples of each adjective choose half of the heads. `stacked`
# puts the masks into one array, as `lottery.statistics.agreement` takes it, which compares everything with random masks of
# the same sizes.

# %%
from lottery.statistics import agreement

by_example = gradients["heads"].abs()
by_word = by_example.unflatten(0, (2, len(THINGS.split()), -1)).mean(1).flatten(0, 1)
choices = [masks.keep_highest({"heads": scores}, 0.5) for scores in by_word]
summary = agreement.summary(masks.stacked(choices)["heads"], draws=199)
shown = "masks items kappa kappa_low kappa_high kappa_by_lot kappa_p in_all in_all_by_lot"
pd.DataFrame({"heads": {name: summary[name] for name in shown.split()}}).round(3)

# %% [markdown]
# ## Which encoders
#
# All of this works with every family of encoders that `lottery.models.families` describes: weights, heads, neurons, MLPs
# and layers can be removed, and what is left can be saved, opened again, and exported for programs without its code. A few
# lines there describe a family. They name the *parts* of its layers: matrices in which each row, or each column, belongs to
# one head or one neuron. The table is made from these lines, with the sizes of the model that transformers builds by
# default. Its last two columns show what a family cannot do: one that was not pre-trained to fill in hidden words cannot
# continue that pre-training, and a first layer that is built unlike the others is never removed. Matrices for positions
# exist only in a DeBERTa that does not share them.

# %%
from transformers import AutoConfig

rows = {}
for kind, family in families.FAMILIES.items():
    usual = AutoConfig.for_model(kind)
    rows[family.title] = {
        "model_type": kind,
        "matrices of a layer": "; ".join(part.kind for part in family.parts),
        "layers x heads": "{} x {}".format(*components.shapes(usual)["heads"]),
        "weights in layers": f"{components.matrix_weights(usual) / 1e6:.1f} million",
        "fills in words": "yes" if family.mlm_head else "no",
        "any layer can go": "all but the first" if family.fixed else "yes",
    }
pd.DataFrame.from_dict(rows, orient="index")
