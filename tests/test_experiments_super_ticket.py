"""Super tickets and their controls: sizes as published, choices against a plain sort, draws against probability."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import matthews_corrcoef
from transformers import BertForSequenceClassification

from lottery import store
from lottery.component_importance import token_sum
from lottery.experiments.component_scores import ComponentScores
from lottery.experiments.pruned_score import PrunedScore
from lottery.experiments.super_ticket import SuperTicket, sizes
from lottery.experiments.tickets import Ticket

LAYERS, HEADS = 12, 12


class Scored:
    """Stands for a run: whatever scores are needed are those given."""

    def __init__(self, heads, mlps):
        self.given = {"head_scores": heads.flatten().tolist(), "mlp_scores": mlps.tolist(), "layers": len(heads)}
        self.asked = []

    def need(self, experiment):
        self.asked.append(experiment)
        return SimpleNamespace(metrics=self.given)


@pytest.fixture
def scored():
    generator = torch.Generator().manual_seed(5)
    heads = torch.rand(LAYERS, HEADS, generator=generator) ** 3 * torch.logspace(0, 3, LAYERS)[:, None]
    return Scored(heads, torch.rand(LAYERS, generator=generator))


def lowest(scores, count):
    """The places of the lowest scores, by a plain sort of Python numbers."""
    return set(sorted(range(len(scores)), key=scores.__getitem__)[:count])


def over_the_norm(run):
    heads = np.array(run.given["head_scores"]).reshape(run.given["layers"], -1)
    return (heads / np.sqrt((heads**2).sum(1, keepdims=True))).flatten().tolist()


def removed(kept):
    return set((~kept).flatten().nonzero().flatten().tolist())


def test_the_levels_are_those_published_for_bert_base():
    found = [sizes(tenths, heads=144, mlps=12) for tenths in range(1, 9)]
    assert found == [(14, 1), (28, 2), (43, 3), (57, 4), (72, 5), (86, 6), (100, 7), (115, 8)]


@pytest.mark.parametrize("tenths", [1, 5, 9])
def test_a_super_ticket_loses_the_least_important_and_a_reversed_one_the_most(fine_tuning, scored, tenths):
    ticket = SuperTicket(of=fine_tuning, tenths=tenths)
    best, worst = ticket.mask(scored), replace(ticket, which="reversed").mask(scored)
    heads, mlps = sizes(tenths, heads=144, mlps=12)
    for name, scores, count in (("heads", over_the_norm(scored), heads), ("mlps", scored.given["mlp_scores"], mlps)):
        assert removed(best[name]) == lowest(scores, count)
        assert removed(worst[name]) == lowest([-score for score in scores], count)
    assert {(each.importance, each.where) for each in scored.asked} == {("token_sum", "train")}


def test_as_released_every_layer_keeps_its_most_important_head(fine_tuning, scored):
    """All others go first, in order: at a level that removes 129 of 144 that is seen; as printed layers lose theirs."""
    ticket = SuperTicket(of=fine_tuning, tenths=9, recipe="released")
    scores = over_the_norm(scored)
    for which, sign in (("super", 1), ("reversed", -1)):
        signed = [sign * score for score in scores]
        last = {max(range(row * HEADS, (row + 1) * HEADS), key=signed.__getitem__) for row in range(LAYERS)}
        others = [place for place in sorted(range(144), key=signed.__getitem__) if place not in last]
        assert removed(replace(ticket, which=which).mask(scored)["heads"]) == set(others[:129])
    assert {each.importance for each in scored.asked} == {"token_sum_running"}
    scored.given["head_scores"] = [(place // HEADS + 1) * [1e-3, 1.0][place % HEADS < place // HEADS + 1] + place * 1e-6
                                   for place in range(144)]  # fmt: skip
    printed = replace(ticket, recipe="printed").mask(scored)["heads"]
    guarded = ticket.mask(scored)["heads"]
    assert (printed.sum(1) == 0).any()
    assert (guarded.sum(1) > 0).all()


def test_random_tickets_are_exact_without_replacement_and_too_large_with_it(fine_tuning, scored):
    """Of n drawn k times with replacement n (1 - (1 - 1/n)^k) differ: 79.5 of 144 for 115."""
    ticket = SuperTicket(of=fine_tuning, tenths=8, which="random")
    gone, seen = {"printed": [], "released": []}, set()
    for recipe, counts in gone.items():
        for seed in range(200):
            mask = replace(ticket, recipe=recipe, seed=seed).mask(scored)
            counts.append([len(removed(mask["heads"])), len(removed(mask["mlps"]))])
            seen |= removed(mask["heads"])
    assert np.unique(gone["printed"], axis=0).tolist() == [[115, 8]]
    expected = [n * (1 - (1 - 1 / n) ** k) for n, k in ((144, 115), (12, 8))]
    assert np.mean(gone["released"], 0) == pytest.approx(expected, rel=0.02)
    assert seen == set(range(144))


def test_a_level_that_leaves_nothing_is_refused(fine_tuning, scored):
    with pytest.raises(ValueError, match="tenths = 10: give 1 to 9"):
        SuperTicket(of=fine_tuning, tenths=10).mask(scored)


def test_scores_on_train_are_of_train(tuned, tmp_path):
    run = store.perform(ComponentScores(of=tuned, importance="token_sum", where="train"), tmp_path)
    model, exam = tuned.opened(run)
    given = exam.encoded(exam.tables["train"])
    kept = {"heads": torch.ones(2, 4, dtype=torch.bool), "mlps": torch.ones(2, dtype=torch.bool)}
    expected = token_sum.score(model, given, kept, torch.Generator())
    assert run.metrics["head_scores"] == pytest.approx(expected["heads"].flatten().tolist())
    on_dev = store.perform(ComponentScores(of=tuned, importance="token_sum"), tmp_path)
    assert on_dev.metrics["head_scores"] != run.metrics["head_scores"]


def test_a_ticket_is_trained_again_from_the_pretrained_weights_and_scored_on_what_was_held_out(tuned, tmp_path):
    part = replace(tuned, train_examples=16, epochs=3.0)
    ticket = SuperTicket(of=part, tenths=5)
    cut = store.perform(PrunedScore(of=part, kept=ticket), tmp_path)
    assert (cut.metrics["heads"], cut.metrics["mlps"]) == (8 - 4, 2 - 1)
    again = replace(part, start=Ticket(of=part.start, kept=ticket), saved=False, scored_unseen=True)
    found = store.perform(again, tmp_path).metrics
    assert "unseen_score" in found
    assert "unseen_score" not in store.perform(part, tmp_path).metrics


def test_the_score_on_what_was_held_out_is_that_of_the_saved_model(tuned, tmp_path, tokenizer):
    part = replace(tuned, train_examples=16, epochs=60.0, scored_unseen=True)
    run = store.perform(part, tmp_path)
    assert run.metrics["train_loss"] < 0.1
    model = BertForSequenceClassification.from_pretrained(run.path / "model").eval()
    unseen = part.unseen()
    assert len(unseen) == 21
    with torch.no_grad():
        given = [
            model(**tokenizer(text, truncation=True, max_length=16, return_tensors="pt")).logits.argmax().item()
            for text in unseen["first"]
        ]
    assert run.metrics["unseen_score"] == pytest.approx(matthews_corrcoef(unseen["label"], given))
    with pytest.raises(ValueError, match="scored_unseen: it is trained on all of train"):
        store.perform(replace(tuned, scored_unseen=True), tmp_path)
