"""The profile of a model's weights against numpy, masks and loops over its vocabulary."""

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import torch
from transformers import BertConfig, BertForPreTraining, BertTokenizer

from lottery import masks, store
from lottery.experiments.starts import Given
from lottery.experiments.weight_profile import CUTS, WeightProfile, word_pieces
from lottery.models import opening

TABLE = "embeddings.word_embeddings.weight"


@pytest.mark.parametrize("embeddings", [True, False])
def test_matrices_and_cuts_are_those_of_numpy_and_of_the_masks(given, tmp_path, embeddings):
    found = store.perform(WeightProfile(of=given, embeddings=embeddings), tmp_path).metrics
    weights = opening.encoder_weights(given.model, embeddings=True)
    assert found["matrices"] == list(weights)
    for number, weight in enumerate(weights.values()):
        values = weight.double().numpy().ravel()
        assert found["weights_mean"][number] == pytest.approx(values.mean(), abs=1e-12)
        assert found["weights_sd"][number] == pytest.approx(values.std())
        assert found["kurtosis"][number] == pytest.approx(scipy.stats.kurtosis(values))
        assert found["skewness"][number] == pytest.approx(scipy.stats.skew(values))
        distance = scipy.stats.kstest(values, "norm", args=(values.mean(), values.std())).statistic
        assert found["ks_distance"][number] == pytest.approx(distance)
    if not embeddings:
        del weights[TABLE]
    assert found["cut_sparsities"] == pytest.approx([0.02 * step for step in range(50)])
    whole = sum(weight.abs().double().sum().item() for weight in weights.values())
    for sparsity in (0.0, 0.3, 0.98):
        mask = masks.keep_highest_in_each({name: weight.abs() for name, weight in weights.items()}, sparsity)
        gone = torch.cat([weights[name][~kept] for name, kept in mask.items()]).double()
        at = CUTS.index(sparsity)
        assert found["removed_absolute"][at] == pytest.approx(gone.abs().sum().item())
        assert found["removed_signed"][at] == pytest.approx(gone.sum().item(), abs=1e-9)
        assert found["removed_share"][at] == pytest.approx(gone.abs().sum().item() / whole)


def test_maps_are_means_of_blocks_of_the_magnitudes(tmp_path, tokenizer, cola_folder, config):
    """600 rows into 256 blocks of three or so, each from floor(600 i / 256) to ceil(600 (i + 1) / 256)."""
    torch.manual_seed(1)
    model = BertForPreTraining(BertConfig(**(config.to_dict() | {"vocab_size": 600})))
    opening.save(model, tokenizer, tmp_path / "wide")
    given = Given(model=str(tmp_path / "wide"), data=str(cola_folder))
    found = store.perform(WeightProfile(of=given, embeddings=True), tmp_path).metrics
    weights = opening.encoder_weights(given.model, embeddings=True)
    key = weights["encoder.layer.1.attention.self.key.weight"].abs().double().numpy()
    assert np.reshape(found["key_map"], (-1, found["key_map_columns"])) == pytest.approx(key, abs=5e-5)
    table = weights[TABLE].abs().double().numpy()
    blocks = [
        [table[600 * i // 256 : -(-600 * (i + 1) // 256), column].mean() for column in range(16)] for i in range(256)
    ]
    drawn = np.reshape(found["embedding_map"], (-1, found["embedding_map_columns"]))
    assert drawn == pytest.approx(np.array(blocks), abs=5.1e-5)


VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *("a", "##a", "cat", "##cats", ".", "7", "##7", "dog2", "##[", "apple", "mice", "##ice", "##ow", "##ings"),
]
COUNTED = {"a": 1, "##a": 1, "cat": 3, "##cats": 4, "apple": 5, "mice": 4, "##ice": 3, "##ow": 2, "##ings": 4}


def test_tokens_of_letters_are_counted_by_their_letters():
    tokenizer = BertTokenizer(vocab={token: number for number, token in enumerate(VOCABULARY)})
    table = torch.arange(len(VOCABULARY))[:, None] * torch.tensor([[3.0, 4.0]])
    found = word_pieces(tokenizer, table)
    assert found.to_numpy().tolist() == [
        [number, COUNTED[token], token.startswith("##"), 5.0 * number]
        for number, token in enumerate(VOCABULARY)
        if token in COUNTED
    ]


def test_the_correlations_are_scipys_over_the_tokens_counted(tmp_path, config, cola_folder):
    tokenizer = BertTokenizer(vocab={token: number for number, token in enumerate(VOCABULARY)})
    torch.manual_seed(1)
    model = BertForPreTraining(BertConfig(**(config.to_dict() | {"vocab_size": len(VOCABULARY)})))
    opening.save(model, tokenizer, tmp_path / "model")
    given = Given(model=str(tmp_path / "model"), data=str(cola_folder))
    found = store.perform(WeightProfile(of=given, embeddings=True), tmp_path).metrics
    norms = model.bert.embeddings.word_embeddings.weight.detach().double().numpy()
    norms = np.sqrt((norms**2).sum(axis=1))
    for part, counts in {
        "": lambda token: True,
        "_words": lambda token: token[0] != "#",
        "_pieces": lambda token: token[0] == "#",
    }.items():
        tokens = [token for token in COUNTED if counts(token)]
        ids = [VOCABULARY.index(token) for token in tokens]
        lengths = [COUNTED[token] for token in tokens]
        assert found[f"tokens{part}"] == len(tokens)
        by_length = scipy.stats.spearmanr(norms[ids], lengths).statistic
        by_id = scipy.stats.spearmanr(norms[ids], ids).statistic
        assert found[f"norm_length{part}"] == pytest.approx(by_length)
        assert found[f"norm_id{part}"] == pytest.approx(by_id)
        ranked = np.corrcoef([scipy.stats.rankdata(values) for values in (norms[ids], lengths, ids)])
        partial = -np.linalg.inv(ranked)
        assert found[f"norm_length_given_id{part}"] == pytest.approx(
            partial[0, 1] / math.sqrt(partial[0, 0] * partial[1, 1])
        )
    assert found["lengths"] == [1, 2, 3, 4, 5]
    assert found["tokens_by_length_words"] == [1, 0, 1, 1, 1]
    assert found["tokens_by_length_pieces"] == [1, 1, 1, 2, 0]
    expected = [norms[VOCABULARY.index(token)] if token else math.nan for token in ("a", "", "cat", "mice", "apple")]
    assert found["norm_by_length_words"] == pytest.approx(expected, nan_ok=True)


def test_a_vocabulary_of_another_kind_has_no_word_pieces(given, tmp_path, config):
    tokenizer = BertTokenizer(vocab={token: number for number, token in enumerate([*VOCABULARY[:5], "Ġcat", "dog"])})
    opening.save(opening.for_pretraining(given.model), tokenizer, tmp_path / "model")
    run = store.perform(WeightProfile(of=replace(given, model=str(tmp_path / "model")), embeddings=True), tmp_path)
    assert (run.metrics["tokens"], run.metrics["lengths"]) == (0, [])
    assert math.isnan(run.metrics["norm_length"])
