"""CAP's terms against loops over Python numbers, its vectors against models called one sentence at a time."""

import math

import pandas as pd
import pytest
import torch
from torch.nn.functional import normalize
from transformers import BertForSequenceClassification

from lottery.data import examples
from lottery.task_heads._headed import Headed
from lottery.training import contrast, distillation

COUNT, WIDTH = 9, 4


def unit(*shape, seed):
    return normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


@pytest.fixture
def bank():
    return unit(COUNT, 2, WIDTH, seed=1)


@pytest.fixture
def labels():
    return torch.tensor([0, 1, 1, 0, 2, 1, 0, 2, 1])


def cosine(one, other):
    return sum(a * b for a, b in zip(one.tolist(), other.tolist(), strict=True))


def losses(anchor, row, others, at, bank, compared, names):
    """-log of the share of each neighbour of an anchor, the batch's row, whose name is the anchor's; in a loop."""
    neighbours = [(others[other], at[other]) for other in range(len(at)) if other != row]
    neighbours += [(vector, place) for place in compared for vector in bank[place]]
    powers = [math.exp(cosine(anchor, vector) / 0.1) for vector, _ in neighbours]
    return [
        -math.log(power / sum(powers))
        for power, (_, place) in zip(powers, neighbours, strict=True)
        if names[place] == names[at[row]]
    ]


@pytest.mark.parametrize("compared", [list(range(COUNT)), [5, 0, 3, 8]])
def test_the_terms_are_those_of_a_loop_over_pairs(bank, labels, compared):
    vectors, at = unit(3, WIDTH, seed=2), [5, 0, 3]
    given = vectors, torch.tensor(at), bank, labels, torch.tensor(compared)
    for place, names in enumerate((list(range(COUNT)), labels.tolist())):
        each = [losses(vectors[row], row, vectors, at, bank, compared, names) for row in range(3)]
        means, together = [sum(loss) / len(loss) for loss in each], sum(len(loss) for loss in each)
        assert together == 6 or place == 1
        assert contrast.terms(*given, "mean")[place].item() == pytest.approx(sum(means) / 3, rel=1e-4)
        assert contrast.terms(*given, "released")[place].item() == pytest.approx(sum(means) / together, rel=1e-4)


def test_a_batch_is_pulled_but_what_it_is_compared_with_is_not(bank, labels):
    """The gradient of the supervised term by finite differences of one anchor, the others standing still."""
    at, compared = torch.tensor([5, 0, 3]), torch.arange(COUNT)
    vectors = unit(3, WIDTH, seed=2).double().requires_grad_()
    contrast.terms(vectors, at, bank.double(), labels, compared, "mean")[1].backward()
    still = vectors.detach()
    for row, column in ((0, 1), (2, 3)):
        values = []
        for step in (1e-4, -1e-4):
            moved = still[row].clone()
            moved[column] += step
            each = losses(moved, row, still, at.tolist(), bank, range(COUNT), labels.tolist())
            values.append(sum(each) / len(each))
        assert vectors.grad[row, column].item() == pytest.approx((values[0] - values[1]) / 2e-4 / 3, rel=1e-3)


def test_of_a_large_bank_the_batch_and_some_others_are_looked_at():
    at = torch.tensor([40, 7])
    torch.manual_seed(0)
    seen = set()
    for _ in range(200):
        found = contrast.drawn(at, 50, most=10).tolist()
        assert found[:2] == [40, 7]
        assert len(found) == len(set(found)) in (10, 11, 12)
        seen |= set(found)
    assert seen == set(range(50))
    assert contrast.drawn(at, 50, most=50).tolist() == list(range(50))


@pytest.fixture
def given(tokenizer):
    rows = [" ".join(f"w{(row * 7 + word * 3) % 50}" for word in range(2 + row % 5)) for row in range(COUNT)]
    return examples.encode(pd.DataFrame({"first": rows, "label": [row % 2 for row in range(COUNT)]}), tokenizer, 30)


@pytest.fixture
def model(bert_folder):
    torch.manual_seed(0)
    return BertForSequenceClassification.from_pretrained(bert_folder)


def test_vectors_are_what_the_classifier_reads_of_length_1_in_the_order_of_the_data(model, given, monkeypatch):
    monkeypatch.setattr(contrast, "BATCH_SIZE", 4)
    found = contrast.encoded(model.train(), given)
    assert model.training
    model.eval()
    with torch.no_grad():
        for row in range(COUNT):
            batch = given.batch([row])
            read = []
            handle = model.classifier.register_forward_pre_hook(lambda _, inputs, read=read: read.append(inputs[0]))
            model(**batch)
            handle.remove()
            assert torch.allclose(found[row], read[0][0] / read[0][0].square().sum().sqrt(), atol=1e-5)
    headed = Headed(model.bert, torch.nn.Linear(16, 2), spans=False)
    headed.base_model.pooler = None
    with torch.no_grad():
        first = model.bert(**{name: each for name, each in given.batch([3]).items() if name != "labels"})
    expected = first.last_hidden_state[0, 0]
    assert torch.allclose(contrast.encoded(headed, given)[3], expected / expected.norm(), atol=1e-5)


def test_the_loss_adds_both_terms_of_every_bank_there_is(model, given):
    """In the first epoch two banks, the own vectors having been taken; in the third the snapshots of two more."""
    teacher = BertForSequenceClassification.from_pretrained(model.config._name_or_path).eval()
    model.eval()
    banks = contrast.banks(teacher, given, epochs=3)
    assert not banks.pretrained.any()
    batch = given.batch([4, 1, 6]) | {
        contrast.EXAMPLE: torch.tensor([4, 1, 6]),
        distillation.TEACHER: torch.zeros(3, 2),
    }
    guided = distillation.guided("released", 0.9)
    for epoch in range(3):
        loss = contrast.contrasted(guided, banks, given, lambda epoch=epoch: (epoch, True), "mean")
        found = loss(model, batch)
        own = contrast.encoded(model, given)
        with torch.no_grad():
            expected = guided(model, {name: each for name, each in batch.items() if name != contrast.EXAMPLE})
            for bank in (banks.pretrained, banks.tuned, *([banks.snapshots[:, :epoch]] if epoch else [])):
                same, alike = contrast.terms(
                    own[[4, 1, 6]], batch[contrast.EXAMPLE], bank, banks.labels, torch.arange(COUNT), "mean"
                )
                expected += 0.1 * same + 10 * alike
        assert found.item() == pytest.approx(expected.item(), rel=1e-4)
        kept = banks.pretrained[:, 0] if epoch == 0 else banks.snapshots[:, epoch - 1]
        assert torch.equal(kept, own)
        with torch.no_grad():
            model.bert.encoder.layer[0].output.dense.weight.mul_(0.5)
    assert not torch.equal(banks.snapshots[:, 0], banks.snapshots[:, 1])
    assert set(banks.carried) == {"bank.pretrained", "bank.snapshots"}
