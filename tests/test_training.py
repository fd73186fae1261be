import contextlib

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import (
    BertForQuestionAnswering,
    BertForSequenceClassification,
    BertForTokenClassification,
    get_linear_schedule_with_warmup,
)

from lottery import masks, pruning, store, training
from lottery.data import spans, tagged
from lottery.data.examples import encode, epochs
from lottery.models.families import prunable
from lottery.schedules import linear_with_warmup


@pytest.fixture
def examples(tokenizer):
    draw = torch.Generator().manual_seed(2)
    lengths = torch.randint(1, 12, (23,), generator=draw).tolist()
    sentences = [" ".join(f"w{i}" for i in torch.randint(50, (n,), generator=draw).tolist()) for n in lengths]
    table = pd.DataFrame({"first": sentences, "label": [n % 2 for n in lengths]})
    return encode(table, tokenizer, 12)


def classifier(config, seed=1):
    torch.manual_seed(seed)
    return BertForSequenceClassification(config)


def same(a, b):
    one, other = a.state_dict(), b.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def plain(model, batch_at, *, steps, learning_rate, clip, warmup_steps):
    """The loop as one would write it by hand."""
    no_decay = ("bias", "LayerNorm.weight")
    named = list(model.named_parameters())
    groups = [
        {"params": [p for n, p in named if not n.endswith(no_decay)], "weight_decay": 0.01},
        {"params": [p for n, p in named if n.endswith(no_decay)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.999), eps=1e-6, fused=True)
    scheduler = get_linear_schedule_with_warmup(optimizer, warmup_steps, steps)
    losses = []
    model.train()
    for step in range(steps):
        optimizer.zero_grad()
        loss = model(**batch_at(step)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("clip", [1.0, 0.05])
def test_train_is_the_plain_loop_bit_for_bit(config, examples, clip):
    ours, theirs = classifier(config), classifier(config)
    order = epochs(examples, 5, 3)
    torch.manual_seed(11)
    told = plain(
        theirs, lambda step: examples.batch(order(step)), steps=12, learning_rate=3e-3, clip=clip, warmup_steps=3
    )
    for parameter in ours.parameters():
        parameter.grad = torch.ones_like(parameter)  # what an importance score may have left behind
    optimizer = training.adamw(ours, learning_rate=3e-3)
    torch.manual_seed(11)
    losses = training.fine_tune(
        ours, optimizer, examples, steps=12, batch_size=5, seed=3, schedule=linear_with_warmup(12, 3), clip=clip
    )
    assert losses == told
    assert same(ours, theirs)
    assert not same(ours, classifier(config))
    assert [group["lr"] for group in optimizer.param_groups] == [3e-3, 3e-3]


def test_decay_spares_biases_and_layer_norms_alone(config):
    model = classifier(config)
    names = {parameter: name for name, parameter in model.named_parameters()}
    decayed, spared = training.adamw(model, learning_rate=1e-3, weight_decay=0.3).param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.3, 0.0)
    assert {names[p] for p in spared["params"]} == {
        name for name in names.values() if name.endswith("bias") or "LayerNorm" in name
    }
    assert len(decayed["params"]) + len(spared["params"]) == len(names)


def test_the_learning_rate_rises_and_falls(config, examples):
    model = classifier(config)
    optimizer = training.adamw(model, learning_rate=0.5e-3)
    rates = []
    optimizer.register_step_pre_hook(lambda optimizer, *_: rates.append(optimizer.param_groups[0]["lr"]))
    training.fine_tune(model, optimizer, examples, steps=10, batch_size=4, seed=0, schedule=linear_with_warmup(10, 4))
    rising = [0.5e-3 * step / 4 for step in range(4)]
    falling = [0.5e-3 * (10 - step) / 6 for step in range(4, 10)]
    assert rates == pytest.approx(rising + falling)


def test_after_step_is_told_the_updates_done(config, examples):
    model, told = classifier(config), []
    optimizer = training.adamw(model, learning_rate=1e-3)
    training.fine_tune(model, optimizer, examples, steps=4, batch_size=4, seed=0, after_step=told.append)
    assert told == [1, 2, 3, 4]


def test_no_step_changes_nothing(config, examples):
    model = classifier(config)
    optimizer = training.adamw(model, learning_rate=1e-3)
    assert training.fine_tune(model, optimizer, examples, steps=0, batch_size=4, seed=0) == []
    assert same(model, classifier(config))


def test_a_loss_that_is_not_finite_is_an_error_that_names_the_step(config, examples):
    model = classifier(config)
    optimizer = training.adamw(model, learning_rate=1e-3)

    def loss(model, batch):
        loss.calls += 1
        value = model(**batch).loss
        return value * float("inf") if loss.calls == 3 else value

    loss.calls = 0
    with pytest.raises(FloatingPointError, match="from step 2 on"):
        training.fine_tune(model, optimizer, examples, steps=5, batch_size=4, seed=0, loss=loss)


class Interruption(Exception):
    pass


def pruned_training(config, examples, *, holding, checkpoint=None, stop_before=None, seed=1):
    """12 updates with dropout while weights go, held in one of the two forms; the model, losses and mask."""
    model = classifier(config, seed)
    weights = prunable(model, embeddings=True)
    mask = pruning.everything(weights)
    optimizer = training.adamw(model, learning_rate=1e-2)
    order = epochs(examples, 5, 3)

    def batch_at(step):
        if step == stop_before:
            raise Interruption
        return examples.batch(order(step))

    prune = pruning.gradually(
        weights,
        mask,
        lambda step: step / 20,
        lambda weights: {name: weight.detach().abs() for name, weight in weights.items()},
        masks.keep_highest_in_each,
        every=2,
        end=10,
    )
    torch.manual_seed(11)
    holds = {
        "not": lambda: contextlib.nullcontext(),
        "zero": lambda: pruning.held(weights, mask, optimizer),
        "raw": lambda: pruning.held_raw(model, weights, mask, optimizer),
    }
    with holds[holding]():
        losses = training.train(
            model,
            optimizer,
            batch_at,
            steps=12,
            after_step=None if holding == "not" else prune,
            carried=mask,
            checkpoint=checkpoint,
        )
    return model, losses, mask


@pytest.mark.parametrize("holding", ["not", "zero", "raw"])
def test_a_resumed_training_ends_with_the_same_bits(config, examples, tmp_path, holding):
    undisturbed, losses, mask = pruned_training(config, examples, holding=holding)
    assert (masks.removed(mask) > 0) == (holding != "not")
    for stops in ([1], [6], [3, 11]):
        path = tmp_path / f"{'-'.join(map(str, stops))}.pt"
        for stop in stops:
            with pytest.raises(Interruption):
                pruned_training(
                    config, examples, holding=holding, checkpoint=store.Checkpoint(path, 0), stop_before=stop
                )
        torch.manual_seed(999)
        resumed, found, found_mask = pruned_training(
            config, examples, holding=holding, checkpoint=store.Checkpoint(path, 0), seed=5
        )
        assert found == losses
        assert same(resumed, undisturbed)
        assert all(torch.equal(found_mask[name], mask[name]) for name in mask)


def test_a_checkpoint_may_lie_some_steps_back(config, examples, tmp_path):
    """Saved at step 4 alone, interrupted at step 9: steps 4 to 8 are done again."""
    undisturbed, losses, _ = pruned_training(config, examples, holding="zero")

    class Seldom(store.Checkpoint):
        def save_if_due(self, state):
            if len(state()["losses"]) == 4:
                super().save_if_due(state)

    with pytest.raises(Interruption):
        pruned_training(config, examples, holding="zero", checkpoint=Seldom(tmp_path / "c.pt", 0), stop_before=9)
    resumed, found, _ = pruned_training(config, examples, holding="zero", checkpoint=Seldom(tmp_path / "c.pt", 0))
    assert found == losses
    assert same(resumed, undisturbed)


def test_a_checkpoint_that_does_not_fit_is_left_alone_and_that_is_said(config, examples, tmp_path, capsys):
    """Of a larger model, of a mask that is not carried here, of another optimiser: the training starts anew."""
    undisturbed, losses, _ = pruned_training(config, examples, holding="zero")
    path = tmp_path / "c.pt"
    with pytest.raises(Interruption):
        pruned_training(config, examples, holding="zero", checkpoint=store.Checkpoint(path, 0), stop_before=3)
    whole = store.Checkpoint(path, 0).load()

    def larger(state):
        name = next(iter(state["model"]))
        state["model"][name] = torch.cat([state["model"][name]] * 2)

    def without_its_mask(state):
        state["carried"].clear()

    def in_one_group(state):
        state["optimizer"]["param_groups"].pop()

    for change in (larger, without_its_mask, in_one_group):
        state = {name: dict(part) if isinstance(part, dict) else part for name, part in whole.items()}
        state["optimizer"]["param_groups"] = list(state["optimizer"]["param_groups"])
        change(state)
        store.Checkpoint(path, 0).save_if_due(lambda state=state: state)
        again, found, _ = pruned_training(config, examples, holding="zero", checkpoint=store.Checkpoint(path, 0))
        assert "starting anew" in capsys.readouterr().out
        assert found == losses
        assert same(again, undisturbed)


@pytest.mark.parametrize(("n_epochs", "steps"), [(1, 5), (3, 15), (0.5, 2), (0.01, 1)])
def test_steps_in_epochs(examples, n_epochs, steps):
    assert training.steps_in(examples, epochs=n_epochs, batch_size=5) == steps  # 23 examples: 5 batches


def test_evaluating_leaves_the_mode_as_it_was(config):
    model = classifier(config)
    for before in (True, False):
        model.train(before)
        with training.evaluating(model):
            assert not model.training
            assert not (model.classifier(torch.ones(1, 16))).requires_grad
        assert model.training == before
        with contextlib.suppress(Interruption), training.evaluating(model):
            raise Interruption
        assert model.training == before


def test_predict_is_each_example_alone_in_the_given_order(config, examples):
    model = classifier(config).train()
    found = training.predict(model, examples, batch_size=4)
    assert found.shape == (23, 2)
    model.eval()
    with torch.no_grad():
        for i in range(23):
            alone = model(input_ids=examples.sequences["input_ids"][i][None]).logits[0]
            np.testing.assert_allclose(found[i], alone, atol=1e-6)
    assert len(np.unique(found.round(6), axis=0)) > 15  # examples do differ


def test_mean_loss_counts_each_example_once(config, examples):
    model = classifier(config).train()
    found = training.mean_loss(model, examples, batch_size=4)
    model.eval()
    total = 0.0
    with torch.no_grad():
        for i in range(23):
            ids, label = examples.sequences["input_ids"][i][None], examples.numbers["labels"][i].item()
            total -= model(input_ids=ids).logits.log_softmax(-1)[0, label].item()
    assert found == pytest.approx(total / 23, abs=1e-6)


def test_predict_spans_is_each_example_alone(config, tokenizer):
    torch.manual_seed(4)
    model = BertForQuestionAnswering(config)
    table = pd.DataFrame(
        {
            "first": ["w1 w2 ?", "w3 ?", "w4 w5 w6 ?"],
            "second": ["w7 w8", "w9 w10 w11 w12 .", "w13"],
            "answer": ["w8", "w9 w10", "w13"],
            "start": [3, 0, 0],
        }
    )
    examples = spans.encode(table, tokenizer, 20)
    starts, ends = training.predict_spans(model, examples, batch_size=2)
    model.eval()
    with torch.no_grad():
        for i in range(3):
            names = ("input_ids", "token_type_ids")
            alone = model(**{name: examples.sequences[name][i][None] for name in names})
            assert len(starts[i]) == len(ends[i]) == len(examples.sequences["input_ids"][i])
            np.testing.assert_allclose(starts[i], alone.start_logits[0], atol=1e-6)
            np.testing.assert_allclose(ends[i], alone.end_logits[0], atol=1e-6)


@pytest.fixture
def sentences(tokenizer):
    """Sentences of 1 to 7 words with tags of two types, of which some words are cut off."""
    draw = np.random.default_rng(4)
    words = [[f"w{number}" for number in draw.integers(50, size=length)] for length in (3, 1, 7, 5, 2, 6)]
    tags = [[("O", "B-A", "I-A")[number] for number in draw.integers(3, size=len(each))] for each in words]
    table = pd.DataFrame({"first": [*map(" ".join, words)], "label": [*map(" ".join, tags)]})
    return tagged.encode(table, tokenizer, 7, tagged.labels(["A"]))[0]


def test_predict_tokens_is_each_example_alone(config, sentences):
    torch.manual_seed(4)
    model = BertForTokenClassification(type(config)(**config.to_dict() | {"num_labels": 3}))
    found = training.predict_tokens(model, sentences, batch_size=4)
    model.eval()
    with torch.no_grad():
        for row, ids in enumerate(sentences.sequences["input_ids"]):
            alone = model(input_ids=ids[None]).logits[0]
            assert found[row].shape == (len(ids), 3)
            np.testing.assert_allclose(found[row], alone, atol=1e-6)


def test_the_mean_loss_of_tags_counts_each_word_once(config, sentences):
    torch.manual_seed(4)
    model = BertForTokenClassification(type(config)(**config.to_dict() | {"num_labels": 3})).train()
    found = training.mean_loss(model, sentences, batch_size=4)
    model.eval()
    losses = []
    with torch.no_grad():
        for ids, labels in zip(*(sentences.sequences[name] for name in ("input_ids", "labels")), strict=True):
            scores = model(input_ids=ids[None]).logits[0].log_softmax(-1)
            losses += [-scores[place, label].item() for place, label in enumerate(labels) if label != -100]
    assert len(losses) == 3 + 1 + 5 + 5 + 2 + 5  # of seven tokens two are not words
    assert found == pytest.approx(np.mean(losses), abs=1e-6)
