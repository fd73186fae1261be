"""A fine-tuned model made smaller and healed: what stays away, and what is not looked at."""

from dataclasses import replace

import pytest
import torch

from lottery import store
from lottery.experiments.saved_form import ANSWERS, SavedForm
from lottery.experiments.starts import Own
from lottery.models import opening, slices


@pytest.mark.parametrize("way", ["both", "spread_layers", "zeros"])
def test_what_is_gone_stays_away_through_healing_and_the_rest_learns(cut_mood, mood_runs, way):
    cut_mood = replace(cut_mood, way=way)
    run = store.perform(cut_mood, mood_runs)
    model, whole = (opening.as_saved(folder) for folder in (cut_mood.weights(run), cut_mood.of.weights(run)))
    assert run.metrics == {"numbers": model.num_parameters(), "steps": 3 * -(-240 // 16)}
    if way == "both":
        kept = getattr(model, slices.REMEMBERED)
        assert (int(kept["heads"].sum()), int(kept["neurons"].sum())) == (4, 64)
    elif way == "spread_layers":
        assert model.config.num_hidden_layers == 1
    else:
        matrices = [layer.attention.self.query.weight for layer in model.bert.encoder.layer]
        assert 0.3 < float(torch.cat([matrix.flatten() for matrix in matrices]).eq(0).float().mean()) < 0.7
        assert model.num_parameters() == whole.num_parameters()
    assert not torch.equal(model.classifier.weight, whole.classifier.weight)


def test_dev_has_no_part_in_the_choice_or_the_healing(cut_mood, mood_runs, monkeypatch):
    run = store.perform(cut_mood, mood_runs)
    tables = {split: table.copy() for split, table in cut_mood.of.tables("own").items()}
    tables["dev"]["label"] = 1 - tables["dev"]["label"]
    monkeypatch.setattr(Own, "tables", lambda self, task: tables)
    again = store.perform(cut_mood, mood_runs / "other")
    one, other = (opening.as_saved(cut_mood.weights(each)).state_dict() for each in (run, again))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_with_fewer_words_it_answers_as_before_where_the_training_set_has_them_all(
    cut_mood, mood_runs, words_go, monkeypatch
):
    """Of which no text has the word w10."""
    tables = {
        split: table[~table["first"].str.split().map(lambda words: "w10" in words)].reset_index(drop=True)
        for split, table in cut_mood.of.tables("own").items()
    }
    monkeypatch.setattr(Own, "tables", lambda self, task: tables)
    cut = replace(cut_mood, seed=7, epochs=0.0)
    both, fewer = (replace(cut, fewer_words=few) for few in (False, True))
    runs = [store.perform(SavedForm(of=each, form="torch"), mood_runs) for each in (both, fewer)]
    assert runs[0].read(ANSWERS).equals(runs[1].read(ANSWERS))
    names = [{*opening.tokenizer(each.weights(run)).get_vocab()} for each, run in zip((both, fewer), runs, strict=True)]
    assert {*" ".join(tables["train"]["first"]).split()} <= names[1]
    assert "w10" in names[0] - names[1]
    assert runs[0].metrics["numbers"] - runs[1].metrics["numbers"] == 32 * len(names[0] - names[1])
    assert not fewer.whole.fewer_words
