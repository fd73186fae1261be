"""Training masks, against autograd on the products themselves."""

import copy

import pytest
import torch
from torch.func import functional_call
from transformers import BertForSequenceClassification

from lottery import masks, schedules, store, training
from lottery.choices import choose, offered
from lottery.models.families import prunable
from lottery.training import mask_training

METHODS = offered("mask_learning")
EXACT = [name for name in METHODS if choose("mask_learning", name).AIMED and name != "smp_s_released"]
FROZEN = [name for name in METHODS if choose("mask_learning", name).FROZEN]


def classifier(config, seed=1):
    torch.manual_seed(seed)
    return BertForSequenceClassification(config)


@pytest.fixture
def batch():
    draw = torch.Generator().manual_seed(5)
    ids = torch.randint(5, 60, (6, 9), generator=draw)
    return {"input_ids": ids, "labels": torch.randint(0, 2, (6,), generator=draw)}


def prefix(names):
    return {f"bert.{name}": name for name in names}


def by_autograd(model, learner, batch, *, step, sparsity, progress, strength, summed):
    """dL/dS and dL/dW of every weight, by autograd through product, gates and regulariser, with the same noise."""
    own = {name: value.detach().clone().requires_grad_() for name, value in learner.own.items()}
    scores = {name: score.detach().clone().requires_grad_() for name, score in learner.scores.items()}
    method = learner.method
    gates = method.gates(learner.ranked(), sparsity, progress(step))
    products = {}
    for name, value in own.items():
        gate = gates.values[name].float()
        if method.LEARNED:
            slope = 1.0 if gates.slopes is None else gates.slopes[name]
            gate = gate.detach() + slope * (scores[name] - scores[name].detach())
        products[name] = value * gate
    called = {full: products[name] for full, name in prefix(products).items()}
    loss = functional_call(model, called, kwargs=batch).loss
    if scores and strength(step):
        chance = torch.sigmoid if method is not choose("mask_learning", "l0") else not_zero
        parts = [chance(score).sum() if summed else chance(score).mean() for score in scores.values()]
        loss = loss + strength(step) * (sum(parts) if summed else sum(parts) / len(parts))
    loss.backward()
    return {name: score.grad for name, score in scores.items()}, {name: value.grad for name, value in own.items()}


def not_zero(score):
    """The chance that a hard concrete gate is not 0 (Louizos et al. 2018, eq. 12)."""
    return torch.sigmoid(score - 2 / 3 * torch.log(torch.tensor(0.1 / 1.1)))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("summed", [False, True])
def test_gradients_are_those_of_the_product(config, batch, name, summed):
    model = classifier(config).eval()
    weights = prunable(model, embeddings=False, pooler=False)
    learner = mask_training.learner(choose("mask_learning", name), weights)
    draw = torch.Generator().manual_seed(3)
    for score in learner.scores.values():
        score.data.add_(torch.randn(score.shape, generator=draw))
    learner.done.fill_(7)
    how = {"sparsity": 0.6, "progress": lambda step: step / 10, "strength": lambda step: 2.0 * step}
    untouched = copy.deepcopy(model)
    optimizer = mask_training.optimizer(model, weights, learner, score_rate=1e-2, weight_rate=1e-3, head=True)
    with mask_training.learning(model, weights, learner, optimizer, summed=summed, **how):
        torch.manual_seed(4)
        model(**batch).loss.backward()
        scores = {name: score.grad for name, score in learner.scores.items()}
        values = {name: value.grad for name, value in learner.own.items()}
        assert all(weight.grad is None for weight in weights.values())
    torch.manual_seed(4)
    expected_scores, expected_values = by_autograd(untouched, learner, batch, step=7, summed=summed, **how)
    assert scores.keys() == expected_scores.keys()
    for each, gradient in scores.items():
        torch.testing.assert_close(gradient, expected_scores[each], rtol=1e-4, atol=1e-7)
    for each, gradient in values.items():
        if learner.method.FROZEN:
            assert gradient is None
        else:
            torch.testing.assert_close(gradient, expected_values[each], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", [name for name in METHODS if choose("mask_learning", name).LEARNED])
@pytest.mark.parametrize("summed", [False, True])
def test_the_pulls_are_the_sizes_of_the_gradients_of_loss_and_regulariser(config, batch, name, summed):
    model = classifier(config).eval()
    weights = prunable(model, embeddings=False, pooler=False)
    learner = mask_training.learner(choose("mask_learning", name), weights)
    draw = torch.Generator().manual_seed(3)
    for score in learner.scores.values():
        score.data.add_(torch.randn(score.shape, generator=draw))
    how = {"sparsity": 0.6, "summed": summed}
    untouched, state = copy.deepcopy(model), copy.deepcopy(model.state_dict())
    torch.manual_seed(4)
    found = mask_training.pull(model, weights, learner, lambda: model(**batch).loss, progress=0.5, **how)
    assert torch.equal(torch.rand(1), torch.rand(1, generator=torch.Generator().manual_seed(4)))
    assert all(torch.equal(tensor, state[full]) for full, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    sizes = []
    for strength in (0.0, 1.0):
        torch.manual_seed(4)
        given = {"step": 1, "progress": lambda step: 0.5, "strength": lambda step, s=strength: s}
        gradients, _ = by_autograd(untouched, learner, batch, **given, **how)
        sizes.append(torch.cat([gradients[each].flatten() for each in gradients]).double())
    assert found.loss == pytest.approx(sizes[0].pow(2).mean().sqrt().item(), rel=1e-4)
    assert found.regulariser == pytest.approx((sizes[1] - sizes[0]).pow(2).mean().sqrt().item(), rel=1e-3)


def trained(model, name, batch, *, steps=6, sparsity=0.5, head=False, checkpoint=None, stop_before=None):
    weights = prunable(model, embeddings=False, pooler=False)
    learner = mask_training.learner(choose("mask_learning", name), weights)
    optimizer = mask_training.optimizer(model, weights, learner, score_rate=1.0, weight_rate=1e-2, head=head)
    clipped = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    counts = []

    def batch_at(step):
        if step == stop_before:
            raise InterruptedError
        return batch

    def count(step):
        counts.append({each: int((weight == 0).sum()) for each, weight in weights.items()})

    torch.manual_seed(2)
    with mask_training.learning(
        model,
        weights,
        learner,
        optimizer,
        sparsity=sparsity,
        progress=schedules.rise(steps=4),
        strength=lambda step: learner.method.STRENGTH,
    ):
        losses = training.train(
            model,
            optimizer,
            batch_at,
            steps=steps,
            clipped=clipped,
            carried=learner.carried,
            after_step=count,
            checkpoint=checkpoint,
        )
    return learner, losses, counts


@pytest.mark.parametrize("name", FROZEN)
@pytest.mark.parametrize("head", [False, True])
def test_what_is_frozen_does_not_change_by_a_bit(config, batch, name, head):
    model = classifier(config)
    before = copy.deepcopy(model.state_dict())
    learner, _, _ = trained(model, name, batch, head=head)
    kept = mask_training.kept(learner, 0.5)
    changed = set()
    for full, tensor in model.state_dict().items():
        told = kept.get(full.removeprefix("bert."))
        expected = before[full] if told is None else before[full] * told
        if not torch.equal(tensor, expected):
            changed.add(full)
    assert changed == ({"classifier.weight", "classifier.bias"} if head else set())
    assert 0 < masks.sparsity(kept) < 1
    assert all(score.std() > 0 for score in learner.scores.values())


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(FROZEN)))
def test_what_is_fine_tuned_is_all_but_the_embeddings(config, batch, name):
    model = classifier(config)
    before = copy.deepcopy(model.state_dict())
    learner, _, _ = trained(model, name, batch, head=True)
    same = {full for full, tensor in model.state_dict().items() if torch.equal(tensor, before[full])}
    assert same == {full for full in before if "embeddings." in full}
    for each, gate in learner.method.settled(learner.ranked(), 0.5).items():
        assert torch.equal(dict(model.bert.named_parameters())[each], learner.own[each] * gate)


@pytest.mark.parametrize("name", EXACT)
def test_the_schedule_is_met_at_every_step(config, batch, name):
    """Zeros of the products, in which a step of the loop ends; a product is 0 only where its gate is."""
    model = classifier(config)
    _, _, counts = trained(model, name, batch)
    for step, found in enumerate(counts):
        asked = 0.5 * (1 - (1 - min(step / 4, 1.0)) ** 3)
        sizes = {each: weight.numel() for each, weight in prunable(model, embeddings=False, pooler=False).items()}
        if name == "smp_g":
            assert sum(found.values()) == round(asked * sum(sizes.values()))
        elif name == "smp_s":
            kinds = {}
            for each, size in sizes.items():
                kind = each.split(".", 3)[-1]
                total = kinds.setdefault(kind, [0, 0])
                total[0], total[1] = total[0] + found[each], total[1] + size
            assert all(zeros == round(asked * size) for zeros, size in kinds.values())
        else:
            assert found == {each: round(asked * size) for each, size in sizes.items()}


@pytest.mark.parametrize("name", METHODS)
def test_a_resumed_learning_ends_with_the_same_bits(config, batch, tmp_path, name):
    undisturbed = classifier(config)
    learner, losses, _ = trained(undisturbed, name, batch, head=True)
    path = tmp_path / "checkpoint.pt"
    for stop in (2, 5):
        with pytest.raises(InterruptedError):
            trained(classifier(config), name, batch, head=True, checkpoint=store.Checkpoint(path, 0),
                    stop_before=stop)  # fmt: skip
    again = classifier(config)
    found, told, _ = trained(again, name, batch, head=True, checkpoint=store.Checkpoint(path, 0))
    assert told == losses
    state = undisturbed.state_dict()
    assert all(torch.equal(tensor, state[full]) for full, tensor in again.state_dict().items())
    assert all(torch.equal(found.scores[each], score) for each, score in learner.scores.items())


def test_the_gradients_of_scores_are_clipped_together(config, batch):
    model = classifier(config)
    weights = prunable(model, embeddings=False, pooler=False)
    learner = mask_training.learner(choose("mask_learning", "smp_l"), weights)
    optimizer = mask_training.optimizer(model, weights, learner, score_rate=0.1, weight_rate=0.1, head=False)
    norms = []
    optimizer.register_step_pre_hook(
        lambda *_: norms.append(torch.cat([s.grad.flatten() for s in learner.scores.values()]).norm().item())
    )
    with mask_training.learning(
        model, weights, learner, optimizer, sparsity=0.5, progress=lambda step: 1.0, strength=lambda step: 1e6
    ):
        training.train(model, optimizer, lambda step: batch, steps=1, clip=0.25, clipped=[*learner.scores.values()])
    assert norms == pytest.approx([0.25], rel=1e-4)


def test_a_stock_model_is_left_without_hooks_and_saved_as_it_is(config, batch, tmp_path):
    model = classifier(config)
    trained(model, "smp_s", batch)
    model.eval().save_pretrained(tmp_path)
    opened = BertForSequenceClassification.from_pretrained(tmp_path).eval()
    torch.testing.assert_close(opened(**batch).logits, model(**batch).logits)
    assert not model.base_model._forward_pre_hooks
    model(**batch).loss.backward()
    assert prunable(model, embeddings=False)["encoder.layer.0.output.dense.weight"].grad is not None
