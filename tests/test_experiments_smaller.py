"""Smaller models of a fine-tuned one: their parts of the data, what is cut and what is healed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score
from toy_smaller import by_hand, first_vectors
from transformers import BertForSequenceClassification

from lottery import store
from lottery.component_importance import sample
from lottery.data import splitting
from lottery.experiments.fine_tuning import FineTuning
from lottery.experiments.smaller import ANSWERS, MODEL, parts
from lottery.experiments.starts import OWN, Own, Unlabelled, Vectors
from lottery.models import opening, slices, vocabulary


def test_three_parts_share_no_text_and_the_last_is_not_looked_at(mood, rung, mood_runs, monkeypatch):
    run = store.perform(rung, mood_runs)
    _, exam = mood.opened(run)
    learnt, choosing = parts(exam)
    texts = [set(table["first"]) for table in (learnt, choosing, exam.tables["dev"])]
    assert len(set.union(*texts)) == sum(map(len, texts))
    assert len(learnt) + len(choosing) == len(exam.tables["train"])
    assert len(choosing) == pytest.approx(0.15 * len(exam.tables["train"]), abs=1)
    tables = {split: table.copy() for split, table in exam.tables.items()}
    tables["dev"]["label"] = 1 - tables["dev"]["label"]
    monkeypatch.setattr(Own, "tables", lambda self, task: tables)
    again = store.perform(rung, mood_runs / "other")
    assert {n: again.metrics[n] for n in ("score", "heads", "neurons")} == {
        n: run.metrics[n] for n in ("score", "heads", "neurons")
    }


def test_what_is_saved_answers_as_was_scored_and_is_as_small_as_was_said(rung, mood_runs):
    run = store.perform(rung, mood_runs)
    found, kept = run.metrics, rung.mask(run)
    model = opening.as_saved(str(run.path / MODEL))
    assert 8 * int((~kept["heads"]).sum()) + int((~kept["neurons"]).sum()) >= 0.5 * (8 * 8 + 128)
    assert (found["heads"], found["neurons"]) == (int(kept["heads"].sum()), int(kept["neurons"].sum()))
    assert found["numbers"] == model.num_parameters()
    assert all(torch.equal(getattr(model, slices.REMEMBERED)[name], each) for name, each in kept.items())
    _, exam = rung.of.opened(run)
    _, choosing = parts(exam)
    answers = run.read(ANSWERS)
    small = answers[answers["model"] == "small"]["answer"].astype(int).tolist()
    assert small == by_hand(run.path / MODEL, choosing)
    assert found["score"] == accuracy_score(choosing["label"], small)
    assert found["whole_score"] == accuracy_score(choosing["label"], by_hand(rung.of.weights(run), choosing))


def test_healing_trains_what_the_cut_left_and_nothing_is_cut_anew(rung, mood_runs):
    cut = replace(rung, saved_time=0.65)
    runs = {epochs: store.perform(replace(cut, epochs=epochs), mood_runs) for epochs in (0.0, 4.0)}
    assert [run.metrics["steps"] for run in runs.values()] == [0, 4 * -(-204 // 16)]
    bare, healed = (opening.as_saved(str(run.path / MODEL)).state_dict() for run in runs.values())
    whole = opening.as_saved(rung.of.weights(runs[0.0])).state_dict()
    masks = [replace(cut, epochs=epochs).mask(run) for epochs, run in runs.items()]
    assert all(torch.equal(masks[0][name], masks[1][name]) for name in masks[0])
    assert all(tensor.shape == healed[name].shape for name, tensor in bare.items())
    trained = [name for name, tensor in bare.items() if tensor.numel() and not torch.equal(tensor, healed[name])]
    assert len(trained) > 0.8 * len(bare)
    for layer, neurons in enumerate(masks[0]["neurons"]):
        name = f"bert.encoder.layer.{layer}.intermediate.dense.weight"
        assert torch.equal(bare[name], whole[name][neurons])


def test_whole_layers_go_and_the_stock_class_opens_what_stays(rung, mood_runs, monkeypatch):
    def scores(*_):
        heads, neurons = torch.ones(2, 4), torch.ones(2, 64)
        heads[1], neurons[1] = 0.01, 0.01
        return {"heads": heads, "neurons": neurons}

    monkeypatch.setattr(sample, "score", scores)
    even = replace(rung, even=True, layers=True, saved_time=0.7, seed=7)
    run = store.perform(even, mood_runs)
    assert even.mask(run)["mlps"].tolist() == [True, False]
    assert not (run.path / MODEL / slices.KEPT).exists()
    stock = BertForSequenceClassification.from_pretrained(run.path / MODEL)
    assert len(stock.bert.encoder.layer) == 1
    _, exam = rung.of.opened(run)
    answers = run.read(ANSWERS)
    given = answers[answers["model"] == "small"]["answer"].astype(int).tolist()
    assert given == by_hand(run.path / MODEL, parts(exam)[1])


def test_only_the_word_pieces_stay_that_occur_in_what_is_learnt_from(rung, mood_runs, monkeypatch):
    monkeypatch.setattr(vocabulary, "_lacking", lambda *_: False)  # no single character is a piece here
    whole, small = (store.perform(replace(rung, vocabulary=cut), mood_runs) for cut in (False, True))
    _, exam = rung.of.opened(small)
    learnt, choosing = parts(exam)
    words = {word for text in learnt["first"] for word in text.split()} | {*exam.tokenizer.all_special_tokens}
    tokenizer = opening.tokenizer(str(small.path / MODEL))
    words |= {piece for piece in exam.tokenizer.get_vocab() if len(piece.removeprefix("##")) == 1}
    assert set(tokenizer.get_vocab()) == words
    assert len(words) < len(exam.tokenizer)
    tensors = [opening.as_saved(str(run.path / MODEL)).state_dict() for run in (whole, small)]
    for name, tensor in tensors[1].items():
        if "word_embeddings" in name:
            rows = [exam.tokenizer.convert_tokens_to_ids(piece) for piece in sorted(words, key=tokenizer.vocab.get)]
            assert torch.equal(tensor, tensors[0][name][rows])
        else:
            assert torch.equal(tensor, tensors[0][name])
    answers = small.read(ANSWERS)
    given = answers[answers["model"] == "small"]["answer"].astype(int).tolist()
    assert given == by_hand(small.path / MODEL, choosing)
    assert small.metrics["bytes"] < whole.metrics["bytes"]


def test_without_labels_the_model_is_held_to_its_own_answers(mood, mood_runs, bert_folder):
    folder = mood.weights(store.perform(mood, mood_runs))
    start = Unlabelled(model=folder, file=mood.start.train, test_share=0.2, text="text", second="", max_length=16)
    tables = start.tables(OWN)
    for table in tables.values():
        assert table["label"].tolist() == by_hand(folder, table)
    assert splitting.also_in(tables["train"], tables["dev"]) == 0
    assert start.task_named(OWN).LABELS == ("blame", "praise")
    asis = replace(mood, start=start, epochs=0.0)
    assert store.perform(asis, mood_runs).metrics["score"] == 1.0
    with pytest.raises(ValueError, match="has no head that gives a text one of several classes"):
        replace(start, model=bert_folder).tables(OWN)


@pytest.mark.parametrize("second", ["", "other"])
def test_of_a_sentence_encoder_the_vectors_are_what_is_kept(rung, vectors_folder, mood_runs, second):
    folder = str(vectors_folder / "encoder")
    read = {"text": "one", "second": second, "pooling": "first", "max_length": 16}
    start = Vectors(model=folder, file=str(vectors_folder / "pairs.csv"), test_share=0.2, **read)
    asis = FineTuning(
        start=start, task=OWN, epochs=0.0, batch_size=16, learning_rate=3e-3, max_length=16, seed=1, saved=True
    )
    assert store.perform(asis, mood_runs).metrics["score"] == pytest.approx(1.0)
    of = replace(rung, of=asis, times=replace(rung.times, of=asis))
    runs = {epochs: store.perform(replace(of, epochs=epochs), mood_runs) for epochs in (0.0, 8.0)}
    _, exam = asis.opened(runs[0.0])
    _, choosing = parts(exam)
    near = []
    for run in runs.values():
        vectors = {
            name: [first_vectors(place, choosing[column]) for column in ("first", "second") if column in choosing]
            for name, place in (("whole", folder), ("small", run.path / MODEL))
        }
        near.append(np.mean([(o * t).sum(1) for o, t in zip(vectors["small"], vectors["whole"], strict=True)]))
        if second:
            cosines = {name: (one * other).sum(1) for name, (one, other) in vectors.items()}
            expected = spearmanr(cosines["small"], cosines["whole"]).statistic
        else:
            expected = near[-1]
        assert run.metrics["score"] == pytest.approx(expected, abs=1e-5)
        assert run.metrics["whole_score"] == pytest.approx(1.0)
        assert run.metrics["neurons"] < 128
    assert near[0] < 0.95
    assert near[1] > near[0] + 0.02
    assert runs[8.0].metrics["steps"] == 8 * -(-len(exam.encoded(parts(exam)[0])) // 16)
    with pytest.raises(ValueError, match="are not trained: give 0"):
        store.perform(replace(asis, epochs=1.0), mood_runs)
