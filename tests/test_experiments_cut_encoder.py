"""A sentence encoder made smaller and left as it is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lottery import store
from lottery.data import examples
from lottery.data.metrics import correlations
from lottery.experiments import starts
from lottery.experiments.cut_encoder import CutEncoder
from lottery.experiments.form_change import FormChange
from lottery.experiments.saved_form import ANSWERS, SavedForm
from lottery.models import opening, slices
from lottery.pruning import components
from lottery.training.sentence_vectors import vectors

PAIRS = [("w1 w2", "w1 w3", 3.0), ("w4 w5 w6", "w9", 0.5), ("w7", "w7", 5.0), ("w8 w1", "w2 w8", 2.0)]


@pytest.fixture
def cut(bert_folder, tmp_path, monkeypatch):
    file = tmp_path / "pairs.csv"
    file.write_text("one,other,alike\n" + "".join(f"{one},{other},{number}\n" for one, other, number in PAIRS))
    start = starts.Pairs(model=bert_folder, file=str(file), first="one", second="other", label="alike")
    tables = start.tables("own")
    train = pd.DataFrame({"first": [f"w{n} w{n + 1} w{2 * n}" for n in range(20)], "second": "w1", "label": 1.0})
    monkeypatch.setattr(starts.Pairs, "tables", lambda self, task: {"train": train, "dev": tables["dev"].copy()})
    return CutEncoder(start=start, task="own", way="both", share=0.5, pooling="mean", max_length=16, seed=0)


def test_what_moves_the_vectors_most_stays(cut, bert_folder, tokenizer, tmp_path):
    """Ranked by one gate turned down a little at a time, over the sentences of the training set."""
    run = store.perform(replace(cut, way="heads"), tmp_path / "results")
    kept = getattr(opening.bare_encoder(replace(cut, way="heads").weights(run)), slices.REMEMBERED)["heads"]
    model = opening.bare_encoder(bert_folder).eval()
    sentences = cut.start.tables("own")["train"]["first"]
    given = examples.encode(pd.DataFrame({"first": sentences, "label": 0}), tokenizer, 16)
    whole, moved = vectors(model, given, "mean"), torch.zeros(kept.shape)
    for place in np.ndindex(kept.shape):
        gates = {name: tensor.float() for name, tensor in components.everything(model.config).items()}
        gates["heads"][place] = 0.99
        with components.gated(model, gates):
            moved[place] = float(((vectors(model, given, "mean") - whole) ** 2).sum())
    assert int(kept.sum()) == kept.numel() // 2
    assert moved[kept].sum() > 2 * moved[~kept].sum()
    assert moved[kept].median() > moved[~kept].median()


def test_it_is_scored_by_the_cosines_of_its_own_vectors(cut, tokenizer, tmp_path):
    run = store.perform(SavedForm(of=cut, form="torch"), tmp_path / "results")
    model, found = opening.bare_encoder(cut.weights(run)).eval(), []
    for one, other, _ in PAIRS:
        with torch.no_grad():
            pair = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0) for text in (one, other)]
        found.append(torch.cosine_similarity(*pair, dim=0).item())
    assert run.read(ANSWERS)["answer"].astype(float).to_numpy() == pytest.approx(np.array(found), abs=1e-5)
    expected = correlations(np.array(found), np.array([number for *_, number in PAIRS]))["pearson_spearman"]
    assert run.metrics["score"] == pytest.approx(expected, abs=1e-5)
    assert np.isnan(run.metrics["majority"])
    assert run.metrics["numbers"] == model.num_parameters()


def test_nothing_is_drawn_so_that_a_seed_changes_nothing(cut):
    assert cut.with_seed(3) is cut
    assert cut.whole.whole == cut.whole
    assert (cut.whole.way, cut.whole.share) == ("nothing", 0.0)
    assert not cut.counted


def test_with_fewer_words_the_vectors_of_texts_of_these_words_stay(cut, words_go, tmp_path, monkeypatch):
    tables = {split: table.copy() for split, table in cut.start.tables("own").items()}
    tables["dev"][["first", "second"]] = tables["train"][["first", "second"]].iloc[: len(PAIRS)].to_numpy()
    monkeypatch.setattr(starts.Pairs, "tables", lambda self, task: tables)
    runs = [
        store.perform(SavedForm(of=replace(cut.whole, fewer_words=few), form="torch"), tmp_path / "results")
        for few in (False, True)
    ]
    assert runs[0].read(ANSWERS).equals(runs[1].read(ANSWERS))
    assert runs[1].metrics["numbers"] < runs[0].metrics["numbers"]


def test_a_change_of_cosines_has_the_interval_of_a_jackknife_over_the_pairs(cut, tmp_path):
    small, whole = (SavedForm(of=each, form="torch") for each in (cut, cut.whole))
    found = store.perform(FormChange(of=small, against=whole, seeds=[0]), tmp_path / "results").metrics
    runs = [store.perform(form, tmp_path / "results") for form in (small, whole)]
    ours, theirs = (run.read(ANSWERS)["answer"].astype(float).to_numpy() for run in runs)
    right, places = np.array([number for *_, number in PAIRS]), np.arange(len(PAIRS))

    def score(answers, rows):
        return correlations(answers[rows], right[rows])["pearson_spearman"]

    changes = [score(ours, places != gone) - score(theirs, places != gone) for gone in places]
    reach = 1.959964 * np.sqrt((len(PAIRS) - 1) * np.var(changes))
    every = score(ours, places) - score(theirs, places)
    assert (found["change"], found["low"], found["high"]) == pytest.approx(
        (every, every - reach, every + reach), abs=1e-4
    )
