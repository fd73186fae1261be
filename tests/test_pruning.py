import copy
import math

import pytest
import torch
from torch import nn
from transformers import (
    BertForMaskedLM,
    BertForPreTraining,
    BertForSequenceClassification,
    get_linear_schedule_with_warmup,
)

from lottery import masks, pruning, training
from lottery.data.examples import Examples, seeded
from lottery.models.families import prunable
from lottery.schedules import cubic, linear_with_warmup
from lottery.training import pretraining


def batch_at(step):
    """A pre-training batch of a step: 6 rows of 9 tokens, 3 hidden in each, and a label of the pair."""
    draw = torch.Generator().manual_seed(100 + step)
    ids = torch.randint(5, 60, (6, 9), generator=draw)
    labels = torch.full_like(ids, -100)
    labels[:, 2:5] = ids[:, 2:5]
    hidden = ids.clone()
    hidden[:, 2:4] = 4
    pair = torch.randint(0, 2, (6,), generator=draw)
    return {"input_ids": hidden, "labels": labels, "next_sentence_label": pair}


def fresh(config, kind=BertForPreTraining, seed=1):
    torch.manual_seed(seed)
    return kind(config)


def magnitude(weights):
    return {name: weight.detach().abs() for name, weight in weights.items()}


def some_mask(weights, share=0.5, seed=0):
    return masks.keep_random({name: weight.shape for name, weight in weights.items()}, share, seeded(seed))


def hand_written(model):
    """The optimiser as one would write it, groups by name."""
    plain = ("bias", "LayerNorm.weight")
    named = list(model.named_parameters())
    groups = [
        {"params": [p for n, p in named if not n.endswith(plain)], "weight_decay": 0.01},
        {"params": [p for n, p in named if n.endswith(plain)], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=5e-3, eps=1e-6, fused=True)


def same(a, b):
    one, other = a.state_dict(), b.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_everything_keeps_all(config):
    weights = prunable(fresh(config), embeddings=True)
    mask = pruning.everything(weights)
    assert {name: kept.shape for name, kept in mask.items()} == {name: w.shape for name, w in weights.items()}
    assert all(kept.dtype == torch.bool and kept.all() for kept in mask.values())


def test_remove_zeroes_what_the_mask_removes_and_nothing_else(config):
    model = fresh(config)
    before = copy.deepcopy(model.state_dict())
    weights = prunable(model, embeddings=False)
    mask = some_mask(weights)
    pruning.remove(weights, mask)
    for name, tensor in model.state_dict().items():
        kept = mask.get(name.removeprefix("bert."))
        told = before[name] if kept is None else torch.where(kept, before[name], 0.0)
        assert torch.equal(tensor, told)
    assert sum(int((weights[name] == 0).sum()) for name in mask) == masks.removed(mask)


def test_a_mask_of_another_model_is_refused_before_anything_changes(config):
    model = fresh(config)
    weights = prunable(model, embeddings=True)
    before = copy.deepcopy(model.state_dict())
    good = some_mask(weights)
    optimizer = training.adamw(model, learning_rate=1e-3)
    bad_name = good | {"encoder.layer.2.output.dense.weight": torch.ones(16, 24, dtype=torch.bool)}
    bad_shape = good | {"pooler.dense.weight": torch.ones(16, 17, dtype=torch.bool)}
    for mask, told in ((bad_name, r"encoder\.layer\.2"), (bad_shape, r"\(16, 17\).*\(16, 16\)")):
        with pytest.raises(ValueError, match=told):
            pruning.remove(weights, mask)
        with pytest.raises(ValueError, match="another model"), pruning.held(weights, mask, optimizer):
            pass
        with pytest.raises(ValueError, match="another model"), pruning.held_raw(model, weights, mask, optimizer):
            pass
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_names_with_the_models_prefix_are_told_from_another_model(config):
    model = fresh(config)
    weights, named = prunable(model, embeddings=False), dict(model.named_parameters())
    mask = some_mask(weights)
    with pytest.raises(
        ValueError, match=r"names 'encoder\.\S+' and these weights 'bert\.encoder\.\S+'.*families\.prunable"
    ):
        pruning.remove(named, mask)
    with pytest.raises(
        ValueError, match=r"names 'bert\.encoder\.\S+' and these weights 'encoder\.\S+'.*families\.prunable"
    ):
        pruning.remove(weights, {f"bert.{name}": kept for name, kept in mask.items()})
    with pytest.raises(ValueError, match="another model"):
        pruning.remove(named, {"other.weight": torch.ones(2, dtype=torch.bool)})


def test_an_optimiser_that_is_not_there_yet_is_asked_for(config):
    """As that of a transformers Trainer before it trains."""
    model = fresh(config)
    weights = prunable(model, embeddings=False)
    before, mask = copy.deepcopy(model), some_mask(weights)
    with pytest.raises(ValueError, match=r"optimiser.*None.*create_optimizer"), pruning.held(weights, mask, None):
        pass
    with pytest.raises(ValueError, match=r"create_optimizer"), pruning.held_raw(model, weights, mask, None):
        pass
    assert same(model, before)


def test_a_mask_of_zeros_and_ones_is_held_as_its_bools(config):
    one, other = fresh(config), fresh(config)
    for model, kind in ((one, torch.bool), (other, torch.float32)):
        weights = prunable(model, embeddings=False)
        mask = {name: kept.to(kind) for name, kept in some_mask(weights).items()}
        optimizer = hand_written(model)
        model.eval()
        with pruning.held(weights, mask, optimizer):
            for step in range(3):
                model(**batch_at(step)).loss.backward()
                optimizer.step()
                optimizer.zero_grad()
    assert same(one, other)
    halves = {name: kept * 0.5 for name, kept in mask.items()}
    with pytest.raises(ValueError, match="other numbers than 0 and 1"):
        pruning.remove(weights, halves)
    assert same(one, other)


@pytest.mark.parametrize("clip", [1.0, 0.02])
def test_held_is_a_plain_loop_that_zeroes_gradients_before_clipping(config, clip):
    """With a small `clip` every step is clipped, so that the norm of the kept gradients decides the bits."""
    ours, theirs = fresh(config), fresh(config)
    mask = some_mask(prunable(ours, embeddings=True))
    optimizer = hand_written(theirs)
    scheduler = get_linear_schedule_with_warmup(optimizer, 2, 8)
    by_name = {f"bert.{name}": kept for name, kept in mask.items()}
    torch.manual_seed(5)
    told = []
    theirs.train()
    for step in range(8):
        with torch.no_grad():
            for name, parameter in theirs.named_parameters():
                if name in by_name:
                    parameter[~by_name[name]] = 0
        loss = theirs(**batch_at(step)).loss
        loss.backward()
        for name, parameter in theirs.named_parameters():
            if name in by_name:
                parameter.grad[~by_name[name]] = 0
        nn.utils.clip_grad_norm_(theirs.parameters(), clip)
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
        told.append(loss.item())
    pruning.remove(prunable(theirs, embeddings=True), mask)

    weights = prunable(ours, embeddings=True)
    torch.manual_seed(5)
    zeros = []

    def after_step(step):
        zeros.append(all((weights[name][~kept] == 0).all() for name, kept in mask.items()))

    optimizer = training.adamw(ours, learning_rate=5e-3)
    with pruning.held(weights, mask, optimizer):
        losses = training.train(
            ours, optimizer, batch_at, steps=8, schedule=linear_with_warmup(8, 2), clip=clip, after_step=after_step
        )
    assert zeros == [True] * 8
    assert losses == told
    assert same(ours, theirs)


def test_held_undoes_itself(config):
    model = fresh(config)
    weights = prunable(model, embeddings=True)
    mask = some_mask(weights)
    optimizer = training.adamw(model, learning_rate=5e-3)
    with pytest.raises(KeyboardInterrupt), pruning.held(weights, mask, optimizer):
        raise KeyboardInterrupt
    training.train(model, optimizer, batch_at, steps=3)
    assert all((weights[name][~kept] != 0).float().mean() > 0.5 for name, kept in mask.items())


@pytest.mark.parametrize("loss", [None, pretraining.loss], ids=["the model's", "pretraining's"])
def test_held_raw_is_a_loop_over_raw_weights_and_their_masked_selves(config, loss):
    """The effective weights are computed by torch.func, so that autograd itself carries the gradient to the raw ones.

    The mask changes at step 4, so that some weights come back with the value they have gone on to have.
    """
    ours, theirs = fresh(config), fresh(config)
    weights = prunable(ours, embeddings=True)
    first, second = some_mask(weights, 0.5, seed=1), some_mask(weights, 0.3, seed=2)
    raw = dict(theirs.named_parameters())
    optimizer = hand_written(theirs)
    scheduler = get_linear_schedule_with_warmup(optimizer, 1, 8)

    class Reading(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = theirs

        def forward(self, batch):
            return loss(self.inner, batch) if loss else self.inner(**batch).loss

    reading = Reading().train()
    told = []
    torch.manual_seed(5)
    mask = first
    for step in range(8):
        mask = second if step >= 4 else first
        effective = {f"inner.bert.{name}": raw[f"bert.{name}"] * kept for name, kept in mask.items()}
        value = torch.func.functional_call(reading, effective, (batch_at(step),), tie_weights=True)
        value.backward()
        nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        scheduler.step()
        told.append(value.item())
    with torch.no_grad():
        for name, kept in mask.items():
            raw[f"bert.{name}"].mul_(kept)

    mask = {name: kept.clone() for name, kept in first.items()}
    moved = []

    def after_step(step):
        moved.append(sum(int((weights[name][~kept] != 0).sum()) for name, kept in mask.items()))
        if step == 4:
            for name, kept in second.items():
                mask[name].copy_(kept)

    optimizer = training.adamw(ours, learning_rate=5e-3)
    torch.manual_seed(5)
    with pruning.held_raw(ours, weights, mask, optimizer):
        losses = training.train(
            ours, optimizer, batch_at, steps=8, schedule=linear_with_warmup(8, 1), loss=loss, after_step=after_step
        )
    assert losses == told
    assert same(ours, theirs)
    assert min(moved) > 0.9 * masks.removed(second)  # between steps the raw values are there to be ranked
    assert all((weights[name][~kept] == 0).all() for name, kept in second.items())


def test_a_raw_weight_comes_back_with_its_own_value(config):
    model = fresh(config)
    weights = prunable(model, embeddings=False)
    before = {name: weight.detach().clone() for name, weight in weights.items()}
    mask = some_mask(weights)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with pruning.held_raw(model, weights, mask, optimizer):
        model(**batch_at(0)).loss.backward()
        assert all((weights[name][~kept] == 0).all() for name, kept in mask.items())
        assert all((weights[name].grad[~kept] == 0).all() for name, kept in mask.items())
        optimizer.step()
        assert all(torch.equal(weights[name], before[name]) for name in before)
        for kept in mask.values():
            kept.fill_(True)
    assert all(torch.equal(weights[name], before[name]) for name in before)


@pytest.mark.parametrize("kind", [BertForPreTraining, BertForMaskedLM])
def test_the_decoder_is_the_word_embeddings_and_goes_with_them(config, kind, tmp_path):
    model = fresh(config, kind)
    weights = prunable(model, embeddings=True)
    mask = some_mask(weights, 0.6)
    optimizer = training.adamw(model, learning_rate=5e-3)
    batches = (
        (lambda step: {k: v for k, v in batch_at(step).items() if k != "next_sentence_label"})
        if (kind is BertForMaskedLM)
        else batch_at
    )
    with pruning.held(weights, mask, optimizer):
        training.train(model, optimizer, batches, steps=3)
    model.save_pretrained(tmp_path)
    for each in (model, kind.from_pretrained(tmp_path)):
        table, decoder = each.bert.embeddings.word_embeddings.weight, each.cls.predictions.decoder.weight
        assert table is decoder
        gone = ~mask["embeddings.word_embeddings.weight"]
        assert (decoder[gone] == 0).all()
        assert (decoder[~gone] != 0).float().mean() > 0.95
        found = prunable(each, embeddings=True)
        assert all((found[name] != 0).logical_or(~kept).float().mean() > 0.95 for name, kept in mask.items())
        assert all((found[name][~kept] == 0).all() for name, kept in mask.items())
    reloaded = kind.from_pretrained(tmp_path)
    assert same(model, reloaded)
    # Under another head the same names mean the same weights; the new head has none of them.
    other = prunable(BertForSequenceClassification.from_pretrained(tmp_path), embeddings=True)
    assert all(
        torch.equal(other[name], weights[name]) for name in mask if name in weights and kind is not BertForMaskedLM
    )


@pytest.mark.parametrize("form", ["held", "held_raw"])
@pytest.mark.parametrize("keep", [masks.keep_highest, masks.keep_highest_in_each])
def test_gradually_has_the_schedules_count_at_each_update(config, form, keep):
    model = fresh(config)
    weights = prunable(model, embeddings=True)
    mask = pruning.everything(weights)
    optimizer = training.adamw(model, learning_rate=5e-3)
    every, end, final = 3, 10, 0.7
    prune = pruning.gradually(weights, mask, cubic(final, begin=0, end=end), magnitude, keep, every=every, end=end)
    history = []

    def after_step(step):
        ranked = {name: weight.detach().clone() for name, weight in weights.items()}
        prune(step)
        history.append(({name: kept.clone() for name, kept in mask.items()}, ranked))

    holding = {
        "held": lambda: pruning.held(weights, mask, optimizer),
        "held_raw": lambda: pruning.held_raw(model, weights, mask, optimizer),
    }[form]
    with holding():
        training.train(model, optimizer, batch_at, steps=16, after_step=after_step)
    sizes = {name: weight.numel() for name, weight in weights.items()}
    last = 0
    for step, (found, ranked) in enumerate(history, start=1):
        updated = step in (3, 6, 9, 10)
        last = step if updated else last
        asked = final * (1 - (1 - last / end) ** 3) if last else 0.0
        if keep is masks.keep_highest:
            assert masks.removed(found) == round(asked * sum(sizes.values()))
        else:
            for name, kept in found.items():
                assert int((~kept).sum()) == round(asked * sizes[name])
        before = history[step - 2][0] if step > 1 else pruning.everything(weights)
        if not updated:
            assert all(torch.equal(found[name], before[name]) for name in found)
        elif form == "held":  # what is gone ranks lowest and stays away
            assert all(not (found[name] & ~before[name]).any() for name in found)
        if updated and keep is masks.keep_highest_in_each:
            for name, kept in found.items():
                size = ranked[name].abs()
                assert size[~kept].max() <= size[kept].min()
    assert all((weights[name] == 0).equal(~kept) for name, kept in mask.items())
    if form == "held_raw":
        pairs = [(history[5][0][name], history[8][0][name]) for name in mask]
        assert any((~early & late).any() for early, late in pairs)  # some weight did come back


@pytest.mark.parametrize("form", ["held", "held_raw"])
def test_a_mask_that_changes_after_the_last_step_is_in_the_model(config, form):
    """A ramp that ends with the training (or a `released` recipe) computes its last mask when no step follows."""
    model = fresh(config)
    weights = prunable(model, embeddings=True)
    mask = pruning.everything(weights)
    optimizer = training.adamw(model, learning_rate=5e-3)
    prune = pruning.gradually(weights, mask, cubic(0.5, begin=0, end=4), magnitude, masks.keep_highest, every=2, end=4)
    holding = {
        "held": lambda: pruning.held(weights, mask, optimizer),
        "held_raw": lambda: pruning.held_raw(model, weights, mask, optimizer),
    }[form]
    with holding():
        training.train(model, optimizer, batch_at, steps=4, after_step=prune)
    total = sum(weight.numel() for weight in weights.values())
    assert masks.removed(mask) == round(0.5 * total) == sum(int((w == 0).sum()) for w in weights.values())


def test_evaluation_inside_the_blocks_leaves_the_training_alone(config):
    """Held-out losses may be asked for between steps."""
    held_out = Examples(
        {"input_ids": list(batch_at(50)["input_ids"])}, {"labels": torch.zeros(6, dtype=torch.long)}, {}
    )
    for form in ("held", "held_raw"):
        ends = []
        for asked in (False, True):
            model = fresh(config, BertForSequenceClassification)
            weights = prunable(model, embeddings=True)
            mask = some_mask(weights)
            optimizer = training.adamw(model, learning_rate=5e-3)
            holding = {
                "held": lambda w=weights, m=mask, o=optimizer: pruning.held(w, m, o),
                "held_raw": lambda b=model, w=weights, m=mask, o=optimizer: pruning.held_raw(b, w, m, o),
            }[form]
            torch.manual_seed(5)
            with holding():
                training.fine_tune(
                    model,
                    optimizer,
                    held_out,
                    steps=5,
                    batch_size=2,
                    seed=1,
                    after_step=(lambda step, model=model: training.mean_loss(model, held_out)) if asked else None,
                )
            ends.append(model)
        assert same(*ends)
        assert math.isfinite(training.mean_loss(ends[0], held_out))
