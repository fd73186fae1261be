"""The weights of one model: their distribution, what a cut takes of them, and the lengths of its word embeddings."""

from typing import Any, ClassVar

import pandas as pd
from pydantic import InstanceOf
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d
from transformers import PreTrainedTokenizerBase

from lottery import statistics as stats
from lottery.experiments import Start
from lottery.models import families, opening
from lottery.statistics import ranks
from lottery.store import Run, parameters

CUTS = [step / 50 for step in range(50)]  # as in the paper
CONTINUES = "##"  # begins a WordPiece that goes on with a word
LARGEST = 256  # rows and columns of a map, at most


@parameters
class WeightProfile:
    """What Gordon et al. 2020 tell of BERT's weights: their Figures 5 and 7 to 9, and Table 3."""

    version: ClassVar[int] = 1
    of: InstanceOf[Start]
    embeddings: bool  # whether the cut takes from the table of word embeddings, too

    def perform(self, run: Run) -> dict[str, Any]:
        """Numbers of all prunable `matrices`, the word embeddings always among them.

        weights_mean, weights_sd, ks_distance, kurtosis, skewness  of each matrix, as in `stats.normality`
        cut_sparsities   shares removed of each matrix, by magnitude and at once
        removed_absolute, removed_signed  sums, over all matrices cut, of what goes
        removed_share    the first over the sum of all magnitudes
        key_map          mean |weight| in blocks of the second layer's key projection (of the first, if it is alone),
                         row by row, `key_map_columns` to a row; embedding_map of the word embeddings likewise
        tokens, norm_length, norm_id, norm_length_given_id  how many tokens are counted, and Spearman's correlation of
                         their embedding's Euclidean norm with their length, with their number in the vocabulary, and
                         with their length at equal numbers; ..._words and ..._pieces of whole words and continuations
        lengths          from 1 on; norm_by_length_words, ..._pieces, the mean norms; tokens_by_length_... their numbers

        Tokens are counted that are nothing but letters, and a length is in letters, both without the ## of a
        continuation. In a vocabulary without ## none is counted, and every correlation is NaN.
        """
        source = self.of.weights(run)
        weights = opening.encoder_weights(source, embeddings=True)
        config = opening.configuration(source)
        table, layer = families.words(config), min(1, config.num_hidden_layers - 1)
        cut = {name: weight for name, weight in weights.items() if self.embeddings or name != table}
        words = word_pieces(opening.tokenizer(source), weights[table])
        return (
            _distributions(weights)
            | _cuts(cut)
            | _map("key_map", families.matrix(weights, config, layer, "key"))
            | _map("embedding_map", weights[table])
            | _lengths(words)
        )


def word_pieces(tokenizer: PreTrainedTokenizerBase, table: Tensor) -> pd.DataFrame:
    """The tokens made of letters alone: id, length in letters, whether it `continues` a word, norm of its embedding.

    table  (tokens, width) word embeddings
    Empty for a vocabulary that is not of WordPiece.
    """
    vocabulary = tokenizer.get_vocab()
    if not any(token.startswith(CONTINUES) for token in vocabulary):
        vocabulary = {}
    norms = table.double().norm(dim=1).tolist()
    rows = [
        (number, len(token.removeprefix(CONTINUES)), token.startswith(CONTINUES), norms[number])
        for token, number in vocabulary.items()
        if token.removeprefix(CONTINUES).isalpha()
    ]
    return pd.DataFrame(rows, columns=["id", "length", "continues", "norm"]).sort_values("id", ignore_index=True)


def _distributions(weights: dict[str, Tensor]) -> dict[str, list]:
    shapes = [stats.normality(weight.numpy()) for weight in weights.values()]
    return {
        "matrices": list(weights),
        "weights_mean": [weight.double().mean().item() for weight in weights.values()],
        "weights_sd": [weight.double().std(correction=0).item() for weight in weights.values()],
        "ks_distance": [shape.ks_distance for shape in shapes],
        "kurtosis": [shape.kurtosis for shape in shapes],
        "skewness": [shape.skewness for shape in shapes],
    }


def _cuts(weights: dict[str, Tensor]) -> dict[str, list[float]]:
    signed, absolute = (sum(sums) for sums in zip(*(ranks.cut_sums(w, CUTS) for w in weights.values()), strict=True))
    whole = sum(weight.double().abs().sum() for weight in weights.values())
    return {
        "cut_sparsities": CUTS,
        "removed_absolute": absolute.tolist(),
        "removed_signed": signed.tolist(),
        "removed_share": (absolute / whole).tolist(),
    }


def _map(name: str, weight: Tensor) -> dict[str, Any]:
    rows, columns = (min(size, LARGEST) for size in weight.shape)
    blocks = adaptive_avg_pool2d(weight.abs()[None], (rows, columns)).double().numpy().round(4)
    return {name: blocks.ravel().tolist(), f"{name}_columns": columns}


def _lengths(words: pd.DataFrame) -> dict[str, Any]:
    continues = words["continues"].astype(bool)
    parts = {"": words, "_words": words[~continues], "_pieces": words[continues]}
    lengths = list(range(1, int(words["length"].max()) + 1)) if len(words) else []
    metrics: dict[str, Any] = {"lengths": lengths}
    for part, rows in parts.items():
        metrics[f"tokens{part}"] = len(rows)
        metrics[f"norm_length{part}"] = stats.spearman(rows["norm"], rows["length"])
        metrics[f"norm_id{part}"] = stats.spearman(rows["norm"], rows["id"])
        metrics[f"norm_length_given_id{part}"] = stats.partial_spearman(rows["norm"], rows["length"], rows["id"])
        if part:
            norms = rows.groupby("length")["norm"].agg(["mean", "size"]).reindex(lengths)
            metrics[f"norm_by_length{part}"] = norms["mean"].tolist()
            metrics[f"tokens_by_length{part}"] = norms["size"].fillna(0).astype(int).tolist()
    return metrics
