"""A fine-tuned model cut once: what goes, what is trained again, and what it scores elsewhere."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import BertForSequenceClassification

from lottery import masks, store
from lottery.experiments import starts
from lottery.experiments.one_shot import OneShot
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.store import Run
from lottery.training.evaluation import Exam


def one_shot(dense, **change):
    told = {
        "importance": "magnitude",
        "scope": "local",
        "embeddings": True,
        "sparsity": 0.3,
        "retrain_epochs": 0.0,
        "seed": 1,
    }
    return OneShot(dense=dense, **(told | change))


def encoder(folder):
    return families.prunable(opening.for_classes(str(folder), ("no", "yes")), embeddings=True)


def without_times(run):
    return {name: value for name, value in run.metrics.items() if name != "seconds"}


@pytest.mark.parametrize("scope", ["local", "global"])
@pytest.mark.parametrize("embeddings", [True, False])
def test_one_shot_removes_the_smallest_and_exactly_as_many_as_asked(fine_tuning, tmp_path, scope, embeddings):
    seen = []
    pruned = one_shot(fine_tuning, scope=scope, embeddings=embeddings)
    with pytest.MonkeyPatch.context() as patch:
        score = Exam.score
        patch.setattr(Exam, "score", lambda exam, model: seen.append(model) or score(exam, model))
        run = store.perform(pruned, tmp_path)
    dense = {name: weight.detach() for name, weight in encoder(Run(fine_tuning, tmp_path).path / "model").items()}
    if not embeddings:
        del dense["embeddings.word_embeddings.weight"]
    sizes = {name: weight.numel() for name, weight in dense.items()}
    mask, header = mask_files.load(run.path / "mask.safetensors")
    assert mask.keys() == dense.keys()
    total = round(0.3 * sum(sizes.values())) if scope == "global" else sum(round(0.3 * n) for n in sizes.values())
    assert run.metrics["removed"] == masks.removed(mask) == total
    assert run.metrics["weights"] == sum(sizes.values())
    assert (header["sparsity_asked"], header["seed"], header["method"]) == ("0.3", "1", f"magnitude, {scope}")
    assert header["model"] == store.key(fine_tuning)
    groups = [list(dense)] if scope == "global" else [[name] for name in dense]
    for names in groups:
        gone = torch.cat([dense[name][~mask[name]].abs() for name in names])
        kept = torch.cat([dense[name][mask[name]].abs() for name in names])
        assert gone.max() <= kept.min()
    scored = families.prunable(seen[-1], embeddings=embeddings)
    for name, kept in mask.items():
        assert torch.equal(scored[name], dense[name] * kept)


def test_nothing_removed_is_the_dense_model(fine_tuning, tmp_path):
    run = store.perform(one_shot(fine_tuning, sparsity=0.0), tmp_path)
    dense = Run(fine_tuning, tmp_path)
    assert run.metrics["removed"] == 0
    for name in ("score", "accuracy", "majority", "constant"):
        assert run.metrics[name] == dense.metrics[name]


def test_random_choices_follow_the_seed_and_are_nested(fine_tuning, tmp_path):
    def mask(**change):
        run = store.perform(one_shot(fine_tuning, importance="random", **change), tmp_path)
        return mask_files.load(run.path / "mask.safetensors")[0]

    low, high, other = mask(sparsity=0.3), mask(sparsity=0.6), mask(sparsity=0.3, seed=2)
    assert all(not (high[name] & ~low[name]).any() for name in low)
    assert masks.share_different(low, other) == pytest.approx(2 * 0.3 * 0.7, abs=0.05)


def test_a_retrained_model_keeps_its_zeros_whether_or_not_the_dense_one_was_there(fine_tuning, tmp_path, monkeypatch):
    """The dense model's own training draws random numbers; what follows must not notice."""
    seen = []
    score = Exam.score
    monkeypatch.setattr(Exam, "score", lambda exam, model: seen.append(model) or score(exam, model))
    pruned = one_shot(fine_tuning, sparsity=0.6, retrain_epochs=1.0)
    found = {}
    for place in ("made with it", "there before"):
        if place == "there before":
            store.perform(fine_tuning, tmp_path / place)
        run = store.perform(pruned, tmp_path / place)
        found[place] = (run.metrics, {n: w.detach().clone() for n, w in seen[-1].named_parameters()})
    weights = families.prunable(seen[-1], embeddings=True)
    dense = encoder(Run(fine_tuning, tmp_path / "there before").path / "model")
    for name, weight in weights.items():
        told = masks.keep_highest({name: dense[name].detach().abs()}, 0.6)[name]
        assert (weight[~told] == 0).all()
        assert (weight[told] != dense[name][told]).float().mean() > 0.9 or name.startswith("embeddings")
    first, second = found.values()
    assert first[0] == second[0]
    assert all(torch.equal(first[1][name], second[1][name]) for name in first[1])


def test_no_path_is_left_in_the_results(fine_tuning, tmp_path, bert_folder, cola_folder):
    run = store.perform(one_shot(fine_tuning), tmp_path / "results")
    for path in (run.path, Run(fine_tuning, tmp_path / "results").path):
        for name in ("parameters.json", "metrics.json", "provenance.json"):
            text = (path / name).read_text()
            assert not any(place in text for place in (str(tmp_path), bert_folder, str(cola_folder)))
    row = store.table(tmp_path / "results", OneShot).iloc[0]
    assert row["dense.start.data"] == "CoLA"
    assert json.loads((run.path / "parameters.json").read_text())["dense"]["start"]["data"].startswith("sha256:")


@pytest.mark.parametrize(
    "change",
    [{"sparsity": 1.0}, {"sparsity": -0.1}, {"scope": "somewhere"}, {"seed": -1}, {"retrain_epochs": -1.0}],
)
def test_a_one_shot_out_of_range_is_refused_before_anything_runs(fine_tuning, change):
    with pytest.raises(ValueError, match=f"OneShot: {next(iter(change))}"):
        one_shot(fine_tuning, **change)


def test_a_model_is_scored_on_a_challenge_beside_its_task(fine_tuning, hans_folder, tmp_path, tokenizer):
    also = starts.challenge("hans", ["rte"], str(hans_folder.parent))
    plain = one_shot(fine_tuning)
    assert (
        store.key(one_shot(fine_tuning, also=None)) == store.key(plain) != store.key(one_shot(fine_tuning, also=also))
    )
    alone, both = (store.perform(each, tmp_path).metrics for each in (plain, one_shot(fine_tuning, also=also)))
    assert {name: both[name] for name in alone} == alone
    model = BertForSequenceClassification.from_pretrained(store.perform(fine_tuning, tmp_path).path / "model").eval()
    weights = families.prunable(model, embeddings=True)
    mask, _ = mask_files.load(store.perform(plain, tmp_path).path / "mask.safetensors")
    with torch.no_grad():
        for name, weight in weights.items():
            weight.mul_(mask[name])
        pairs = [(f"w{i} w9 w{i}", f"w9 w{i}") for i in range(4)]
        given = [model(**tokenizer(*pair, return_tensors="pt")).logits.argmax().item() > 0 for pair in pairs]
    right = np.array(given) == np.array([False, True, True, True])
    assert both["hans.score"] == both["hans.accuracy"] == pytest.approx(right.mean())
    assert both["hans.a.accuracy"] == pytest.approx(right[[0, 2]].mean())
    assert both["hans.b.accuracy"] == pytest.approx(right[[1, 3]].mean())
    assert starts.challenge("", ["cola"], "") is None


def test_of_a_retrained_cut_the_mask_and_where_asked_the_model_are_kept(fine_tuning, tmp_path):
    """The model is the one that was scored, its zeros are those of the mask, and the key tells that it is kept."""
    plain = one_shot(fine_tuning, sparsity=0.6, retrain_epochs=1.0)
    kept = replace(plain, saved=True)
    assert store.key(replace(plain, saved=False)) == store.key(plain) != store.key(kept)
    run, other = store.perform(kept, tmp_path), store.perform(plain, tmp_path)
    assert without_times(run) == without_times(other)
    assert not (other.path / "model").exists()
    mask, header = mask_files.load(other.path / "mask.safetensors")
    as_cut, _ = mask_files.load(store.perform(one_shot(fine_tuning, sparsity=0.6), tmp_path).path / "mask.safetensors")
    assert (header["model"], float(header["sparsity_asked"])) == (Run(fine_tuning, tmp_path).path.name, 0.6)
    for name, weight in encoder(run.path / "model").items():
        assert torch.equal(mask[name], as_cut[name])
        assert not weight[~mask[name]].any()
    task = fine_tuning.task_named("cola")
    model = BertForSequenceClassification.from_pretrained(run.path / "model").eval()
    tokenizer = opening.tokenizer(str(run.path / "model"))
    found, _ = Exam(task, fine_tuning.tables("cola"), tokenizer, 16).score(model)
    assert found["score"] == run.metrics["score"]
