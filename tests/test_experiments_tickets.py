"""Cuts, tickets and freed models as starts, and the recipe `released`."""

from dataclasses import replace

import pytest
import torch
from transformers import BertForSequenceClassification

from lottery import masks, store
from lottery.experiments import Kept, Pretrained, Start
from lottery.experiments.miniature import Miniature
from lottery.experiments.tickets import Cut, Freed, Ticket
from lottery.masks import files as mask_files
from lottery.models import families, opening
from lottery.store import Run


@pytest.fixture
def tuned(fine_tuning):
    return replace(fine_tuning, epochs=1.0)


def cut(of, **change):
    told = {"importance": "magnitude", "scope": "local", "embeddings": True, "sparsity": 0.4, "seed": 1}
    return Cut(of=of, **(told | change))


def prunable(folder):
    return families.prunable(BertForSequenceClassification.from_pretrained(folder), embeddings=True)


def test_what_can_be_given_is_known_by_what_it_offers(given, tuned, mood):
    ticket = Ticket(of=tuned, kept=cut(tuned))
    for start in (given, tuned, ticket, Freed(pruned=ticket), Miniature(seed=1, steps=1)):
        assert isinstance(start, Start)
    assert isinstance(cut(given), Kept)
    assert not isinstance(cut(given), Start)
    assert not isinstance(given, Pretrained)
    assert isinstance(mood.start, Start)
    assert hasattr(mood.start, "text")  # a column, and nothing to go on with
    assert not isinstance(mood.start, Pretrained)
    assert isinstance(Miniature(seed=1, steps=1), Pretrained)
    with pytest.raises(ValueError, match=r"FineTuning: start = 'minilm': .*Start"):
        replace(tuned, start="minilm")
    with pytest.raises(ValueError, match=r"Ticket: kept"):
        Ticket(of=given, kept=0.5)


@pytest.mark.parametrize("embeddings", [True, False])
def test_a_cut_keeps_the_largest_and_leaves_torchs_generator_alone(given, tmp_path, bert_folder, embeddings):
    run = Run(given, tmp_path)
    torch.manual_seed(4)
    mask = cut(given, embeddings=embeddings).mask(run)
    after = torch.rand(3)
    torch.manual_seed(4)
    assert torch.equal(after, torch.rand(3))
    weights = families.prunable(opening.for_pretraining(bert_folder), embeddings=embeddings)
    assert mask.keys() == weights.keys()
    for name, kept in mask.items():
        magnitude = weights[name].abs()
        assert int((~kept).sum()) == round(0.4 * kept.numel())
        assert magnitude[~kept].max() <= magnitude[kept].min()


def test_the_pooler_of_a_model_without_one_is_not_cut(tmp_path, bert_folder, tokenizer, given):
    opening.save(opening.for_spans(bert_folder), tokenizer, tmp_path / "spans")
    start = replace(given, model=str(tmp_path / "spans"))
    assert not [name for name in cut(start).mask(Run(start, tmp_path)) if "pooler" in name]
    assert "pooler.dense.weight" in cut(given).mask(Run(given, tmp_path))


def test_a_ticket_has_its_models_weights_and_what_is_not_in_it_stays_0_through_training_and_saving(
    given, tuned, tmp_path
):
    ticket = Ticket(of=given, kept=cut(tuned))
    run = store.perform(replace(tuned, start=ticket), tmp_path)
    fine = prunable(Run(tuned, tmp_path).path / "model")
    trained = prunable(run.path / "model")
    mask = ticket.mask(run)
    for name, kept in mask.items():
        assert torch.equal(kept, masks.keep_highest_in_each({name: fine[name].abs()}, 0.4)[name])
        assert (trained[name][~kept] == 0).all()
        assert (trained[name][kept] != 0).any()
    assert store.needs(replace(tuned, start=ticket)) == [tuned]


def test_freed_weights_begin_at_0_and_move(given, tuned, tmp_path):
    ticket = Ticket(of=tuned, kept=cut(tuned))
    held = replace(tuned, start=ticket)
    freed = replace(tuned, start=Freed(pruned=held))
    run = store.perform(freed, tmp_path)
    before = prunable(Run(held, tmp_path).path / "model")
    after = prunable(run.path / "model")
    for name, kept in ticket.mask(run).items():
        assert (before[name][~kept] == 0).all()
        # Of the word embeddings only those of words that come in the task can move.
        assert (after[name][~kept] != 0).float().mean() > (0.3 if "word" in name else 0.9)


def test_a_model_that_is_not_saved_is_no_start(tuned, tmp_path):
    with pytest.raises(ValueError, match="give saved=True"):
        replace(tuned, saved=False).weights(Run(tuned, tmp_path))


def test_data_can_be_given_beside_the_start(given, tuned, tmp_path, cola_folder):
    plain = store.perform(tuned, tmp_path)
    dev = given.tables("cola")["dev"]["label"]
    assert plain.metrics["majority_accuracy"] == pytest.approx(max((dev == 0).mean(), (dev == 1).mean()))
    elsewhere = replace(tuned, start=replace(given, data="nothing of the sort"), data=str(cola_folder))
    other = store.perform(elsewhere, tmp_path)
    assert other.metrics == plain.metrics
    assert store.key(elsewhere) != store.key(tuned)
    assert store.flattened(elsewhere)["data"] == "CoLA"


def test_the_integrated_learning_rate_is_the_sum_over_the_updates(tuned, tmp_path):
    """37 examples by 8 are 5 updates; a tenth of them rounds to no warm-up at all."""
    run = store.perform(replace(tuned, saved=False), tmp_path)
    assert run.metrics["integrated_rate"] == pytest.approx(1e-3 * (1 + 0.8 + 0.6 + 0.4 + 0.2))
    released = store.perform(replace(tuned, saved=False, epochs=2.0, recipe="released"), tmp_path)
    first = [0.0, *(1 - step / 5 for step in range(1, 5))]
    second = [1 - step / 10 for step in range(5, 10)]
    assert released.metrics["integrated_rate"] == pytest.approx(1e-3 * sum(first + second))


def test_released_the_mask_of_a_cut_is_chosen_anew_and_its_schedule_goes_on(given, tuned, tmp_path):
    tuned = replace(tuned, epochs=2.0, recipe="released")
    kept = cut(tuned, sparsity=0.5)
    again = replace(tuned, start=Ticket(of=tuned, kept=kept), epochs=3.0, learning_rate=3e-3)
    run = store.perform(again, tmp_path)
    # Two epochs of 5 updates lie behind it.
    rates = [((step // 5 + 1) * 5 - step) / ((step // 5 + 1) * 5) for step in range(10, 25)]
    assert run.metrics["integrated_rate"] == pytest.approx(3e-3 * sum(rates))
    first, last = kept.mask(run), again.mask(run)
    assert masks.share_different(first, last) > 0
    assert all(int((~each).sum()) == round(0.5 * each.numel()) for each in last.values())
    weights = prunable(run.path / "model")
    assert all((weights[name][~each] == 0).all() for name, each in last.items())
    assert mask_files.load(run.path / "mask.safetensors")[1]["sparsity_asked"] == "0.5"
    printed = replace(again, recipe="printed")
    assert printed.mask(store.perform(printed, tmp_path)).keys() == last.keys()
    assert masks.share_different(printed.mask(run), first) == 0


def test_a_cut_made_anew_follows_the_weights_every_ten_updates_and_after_the_last(given, bert_folder):
    model = opening.for_classes(bert_folder, ("no", "yes"))
    weights = {name: each for name, each in families.prunable(model, embeddings=False).items() if "key" in name}
    assert len(weights) == 2
    mask = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()}
    optimizer, generator, fresh = torch.optim.SGD(weights.values(), lr=0.1), torch.Generator().manual_seed(1), []

    def lowest(weight):
        order = sorted(range(weight.numel()), key=weight.detach().abs().flatten().tolist().__getitem__)
        return set(order[: round(0.4 * weight.numel())])

    with cut(given).anew(model, weights, mask, optimizer, end=24) as renew:
        for step in range(1, 25):
            with torch.no_grad():
                for weight in weights.values():
                    weight.add_(torch.randn(weight.shape, generator=generator))
            renew(step)
            gone = [set((~mask[name]).flatten().nonzero().flatten().tolist()) for name in weights]
            fresh += [step] if gone == [lowest(weight) for weight in weights.values()] else []
    assert fresh == [10, 20, 24]
    assert all((weights[name][~kept] == 0).all() and (weights[name][kept] != 0).all() for name, kept in mask.items())
