"""An encoder cut and left as it is: what goes, and how far its sentences move."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import torch

from lottery import store
from lottery.data.metrics import correlations
from lottery.experiments import starts
from lottery.experiments.sentence_similarity import SentenceSimilarity
from lottery.models import families, opening

PAIRS = [
    ("w1 w2", "w1 w3", 3.0),
    ("w4 w5 w6", "w9", 0.5),
    ("w7", "w7", 5.0),
    ("w8 w1", "w2 w8", 2.0),
    ("w3", "w4", 1.0),
]


@pytest.fixture
def similarity(bert_folder, tmp_path):
    file = tmp_path / "pairs.csv"
    file.write_text("one,other,alike\n" + "".join(f"{one},{other},{number}\n" for one, other, number in PAIRS))
    return SentenceSimilarity(
        start=starts.Pairs(model=bert_folder, file=str(file), first="one", second="other", label="alike"),
        task="own",
        unit="weights",
        importance="magnitude",
        scope="global",
        embeddings=False,
        sparsity=0.5,
        pooling="mean",
        max_length=16,
        seed=0,
    )


def by_hand(model, tokenizer) -> np.ndarray:
    """The vectors of the sentences, one at a time: first ones, then second ones."""
    found = []
    for sentence in [one for one, _, _ in PAIRS] + [other for _, other, _ in PAIRS]:
        with torch.no_grad():
            vector = model.eval()(**tokenizer(sentence, return_tensors="pt")).last_hidden_state[0].mean(dim=0).numpy()
        found.append(vector / np.linalg.norm(vector))
    return np.array(found)


def test_the_smallest_weights_go_and_the_cosines_are_those_of_what_is_left(
    similarity, tokenizer, bert_folder, tmp_path
):
    run = store.perform(similarity, tmp_path / "results")
    model = opening.bare_encoder(bert_folder)
    whole = by_hand(model, tokenizer)
    weights = families.prunable(model, embeddings=False)
    every = np.sort(np.concatenate([weight.detach().abs().flatten().numpy() for weight in weights.values()]))
    with torch.no_grad():
        for weight in weights.values():
            weight[weight.abs() < float(every[len(every) // 2])] = 0
    cut = by_hand(model, tokenizer)
    labels = np.array([number for *_, number in PAIRS])
    alike, before = ((each[:5] * each[5:]).sum(axis=1) for each in (cut, whole))
    assert (run.metrics["removed"], run.metrics["units"]) == (len(every) // 2, len(every))
    assert run.metrics["spearman"] == pytest.approx(scipy.stats.spearmanr(alike, labels).statistic)
    assert run.metrics["score"] == pytest.approx(correlations(alike, labels)["pearson_spearman"], abs=1e-5)
    assert run.metrics["change"] == pytest.approx(
        correlations(alike, labels)["pearson_spearman"] - correlations(before, labels)["pearson_spearman"], abs=1e-5
    )
    near = (cut * whole).sum(axis=1).reshape(2, 5).mean(axis=0)
    assert run.metrics["nearness"] == pytest.approx(near.mean(), abs=1e-5)
    assert run.metrics["nearness_error"] == pytest.approx(scipy.stats.sem(near), abs=1e-5)
    without = [correlations(np.delete(alike, i), np.delete(labels, i))["pearson_spearman"] for i in range(5)]
    expected = np.sqrt(4 / 5 * np.sum((np.array(without) - np.mean(without)) ** 2))  # leave one pair out
    assert run.metrics["score_error"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("unit", "gone", "of"), [("heads", 4, 8), ("mlps", 1, 2)])
def test_heads_and_mlps_are_cut_out_whole_whatever_their_layer(similarity, tmp_path, unit, gone, of):
    run = store.perform(replace(similarity, unit=unit), tmp_path / "results")
    assert (run.metrics["removed"], run.metrics["units"]) == (gone, of)
    assert run.metrics["nearness"] < 0.999


def test_the_model_as_it_is_is_what_all_are_held_against_and_is_made_once(similarity, tmp_path):
    (whole,) = similarity.preceding
    assert whole.preceding == []
    assert replace(similarity, unit="heads", importance="random", seed=4).preceding == [whole]
    metrics = store.perform(whole, tmp_path / "results").metrics
    assert (metrics["removed"], metrics["change"], metrics["nearness"]) == (0, 0, pytest.approx(1, abs=1e-6))


def test_pairs_without_numbers_are_told_by_their_nearness_alone(similarity, tmp_path):
    unlabelled = replace(similarity, start=replace(similarity.start, label=""))
    metrics = store.perform(unlabelled, tmp_path / "results").metrics
    assert np.isnan([metrics["score"], metrics["change"], metrics["score_error"]]).all()
    assert metrics["nearness"] == store.perform(similarity, tmp_path / "results").metrics["nearness"]


def test_what_is_no_file_of_pairs_is_refused_in_a_sentence(similarity, tmp_path):
    given, file = similarity.start, tmp_path / "pairs.csv"
    with pytest.raises(ValueError, match="its own language alone"):
        starts.pairs(replace(given, model="miniature"))
    with pytest.raises(ValueError, match="text_column and second_column"):
        starts.pairs(replace(given, second=""))
    file.write_text("one,other,alike\nw1,w2,1\nw1,w3,2\n")
    with pytest.raises(ValueError, match="2 pairs: of fewer than three"):
        starts.pairs(given)
    file.write_text("one,other,alike\nw1,w2,1\nw1,w3,1\nw2,w3,1\n")
    with pytest.raises(ValueError, match="nothing to tell"):
        starts.pairs(given)
    assert starts.pairs(replace(given, label="")).label == ""
