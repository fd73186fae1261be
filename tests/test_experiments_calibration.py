"""Cuts that go by texts: which ones are read, and what is left of the weights."""

import itertools
from dataclasses import replace

import pandas as pd
import pytest
import torch

from lottery import masks, store
from lottery.experiments.calibration import Calibration
from lottery.experiments.one_shot import OneShot
from lottery.experiments.tickets import Cut
from lottery.importance import obs, wanda
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.pruning import inputs
from lottery.store import Run
from lottery.training.evaluation import Exam


@pytest.fixture
def calibration(given):
    return Calibration(of=given, task="cola", split="train", texts=6, place=0, pairs=True, max_length=16)


@pytest.fixture
def cut(given, calibration):
    return Cut(
        of=given,
        importance="wanda",
        scope="row",
        embeddings=False,
        sparsity=0.5,
        seed=0,
        calibration=calibration,
    )


def read(calibration, bert_folder):
    """The tokens of each text that is read."""
    given = calibration.examples(opening.bare_encoder(bert_folder), opening.tokenizer(bert_folder))
    return [tuple(ids.tolist()) for ids in given.sequences["input_ids"]]


def test_sets_of_one_size_have_no_row_in_common_and_are_the_same_for_everyone(calibration, bert_folder):
    rows = len(calibration.of.tables("cola")["train"])
    tokenizer = opening.tokenizer(bert_folder)
    whole = [tuple(ids) for ids in tokenizer(calibration.of.tables("cola")["train"]["first"].tolist())["input_ids"]]
    sets = [read(replace(calibration, place=place), bert_folder) for place in range(rows // 6)]
    assert all(len(some) == 6 for some in sets)
    left = list(whole)
    for text in itertools.chain(*sets):
        left.remove(text)  # each as often as it is there
    assert read(calibration, bert_folder) == sets[0]
    with pytest.raises(ValueError, match=f"asks for {6 * (rows // 6 + 1)} rows"):
        read(replace(calibration, place=rows // 6), bert_folder)


def test_a_cut_keeps_in_every_row_what_the_texts_make_the_most_of(cut, calibration, bert_folder, tmp_path):
    found = cut.mask(Run(cut, tmp_path))
    model, tokenizer = opening.bare_encoder(bert_folder), opening.tokenizer(bert_folder)
    weights = families.prunable(model, embeddings=False)
    scores = wanda.score(
        weights, inputs.moments(model, calibration.examples(model, tokenizer), weights), torch.Generator()
    )
    for name, matrix in scores.items():
        for score, kept in zip(matrix, found[name], strict=True):
            assert int((~kept).sum()) == round(0.5 * len(score))
            assert score[~kept].max() <= score[kept].min()


@pytest.mark.parametrize("importance", ["wanda", "obs"])
def test_one_shot_scores_by_the_texts_of_the_tuned_model_and_updates_what_stays(
    fine_tuning, calibration, tmp_path, monkeypatch, importance
):
    seen = []
    score = Exam.score
    monkeypatch.setattr(Exam, "score", lambda exam, model: seen.append(model) or score(exam, model))
    told = {"embeddings": False, "sparsity": 0.5, "retrain_epochs": 0.0, "seed": 1, "scope": "row"}
    run = store.perform(OneShot(dense=fine_tuning, importance=importance, calibration=calibration, **told), tmp_path)
    mask, header = mask_files.load(run.path / "mask.safetensors")
    dense = opening.for_classes(str(Run(fine_tuning, tmp_path).path / "model"), ("no", "yes"))
    weights = families.prunable(dense, embeddings=False)
    moments = inputs.moments(dense, calibration.examples(dense, opening.tokenizer(fine_tuning.start.model)), weights)
    left = obs.update(weights, mask, moments) if importance == "obs" else {n: w * mask[n] for n, w in weights.items()}
    pruned = families.prunable(seen[-1], embeddings=False)
    assert masks.removed(mask) == run.metrics["removed"] > 0
    assert header["method"] == f"{importance}, row"
    for name, kept in mask.items():
        assert torch.allclose(pruned[name], left[name], atol=1e-6)
        assert (pruned[name][~kept] == 0).all()
    assert mask_files.scored(header).weights == masks.digest(pruned, mask)


def test_a_score_and_its_texts_go_together(cut, fine_tuning):
    with pytest.raises(ValueError, match="goes by texts that the model reads"):
        replace(cut, calibration=None)
    with pytest.raises(ValueError, match="leave out calibration"):
        replace(cut, importance="magnitude")
    with pytest.raises(ValueError, match="leave the word embeddings out"):
        replace(cut, embeddings=True)
    with pytest.raises(ValueError, match="goes by texts"), cut.anew(None, {}, {}, None, end=1):
        pass


def test_of_pairs_both_texts_are_read_or_the_first(calibration, bert_folder, monkeypatch):
    table = pd.DataFrame({"first": ["w1 w2"] * 6, "second": ["w3"] * 6, "label": 0})
    monkeypatch.setattr(type(calibration.of), "tables", lambda start, task: {"train": table})
    tokenizer = opening.tokenizer(bert_folder)
    both, first = (read(replace(calibration, pairs=pairs), bert_folder) for pairs in (True, False))
    assert both == [tuple(tokenizer("w1 w2", "w3")["input_ids"])] * 6
    assert first == [tuple(tokenizer("w1 w2")["input_ids"])] * 6


def test_texts_are_read_without_their_labels(calibration, bert_folder, monkeypatch):
    table = calibration.of.tables("cola")["train"]
    other = pd.concat([table.assign(label=1 - table["label"])])
    model, tokenizer = opening.bare_encoder(bert_folder), opening.tokenizer(bert_folder)
    found = calibration.examples(model, tokenizer)
    monkeypatch.setattr(type(calibration.of), "tables", lambda start, task: {"train": other})
    again = calibration.examples(model, tokenizer)
    assert torch.equal(found.numbers["labels"], again.numbers["labels"])
    assert found.lengths.tolist() == again.lengths.tolist()
