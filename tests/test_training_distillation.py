"""The teacher's loss, against numpy; for spans in loops over windows and their tokens."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import BertForSequenceClassification, BertForTokenClassification

from lottery.data.examples import Examples
from lottery.training import distillation


class Fixed(torch.nn.Module):
    """A model whose scores are given, and whose own loss is 3."""

    def __init__(self, scores):
        super().__init__()
        self.scores = torch.nn.Parameter(scores)

    def forward(self, input_ids):
        return SimpleNamespace(loss=torch.tensor(3.0), logits=self.scores)


def softmax(scores):
    powers = np.exp(scores)
    return powers / powers.sum(-1, keepdims=True)


def divergence(p, q):
    return float((p * np.log(p / q)).sum(-1).mean())


@pytest.mark.parametrize("recipe", ["printed", "released"])
def test_the_loss_is_the_papers_or_that_of_its_code(recipe):
    student = torch.tensor([[1.0, -0.5, 0.2], [0.3, 0.1, -2.0]], dtype=torch.float64)
    teacher = torch.tensor([[2.0, 0.5, -1.0], [0.0, 1.0, 1.5]], dtype=torch.float64)
    model = Fixed(student.float())
    found = distillation.guided(recipe)(model, {"input_ids": torch.zeros(2, 1), "teacher": teacher.float()})
    s, t = student.numpy(), teacher.numpy()
    if recipe == "printed":
        expected = 3 + divergence(softmax(s), softmax(t))
    else:
        expected = 0.5 * 3 + 0.5 * 4 * divergence(softmax(t / 2), softmax(s / 2))
        other = distillation.guided(recipe, 0.9)(model, {"input_ids": torch.zeros(2, 1), "teacher": teacher.float()})
        assert other.item() == pytest.approx(0.1 * 3 + 0.9 * 4 * divergence(softmax(t / 2), softmax(s / 2)), rel=1e-5)
    assert found.item() == pytest.approx(expected, rel=1e-5)
    found.backward()
    assert model.scores.grad.abs().sum() > 0


class FixedSpans(torch.nn.Module):
    """As `Fixed`, with scores of each token as start and as end."""

    def __init__(self, starts, ends):
        super().__init__()
        self.starts, self.ends = torch.nn.Parameter(starts), torch.nn.Parameter(ends)

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(loss=torch.tensor(3.0), start_logits=self.starts, end_logits=self.ends)


@pytest.mark.parametrize("recipe", ["printed", "released"])
def test_of_spans_the_tokens_of_each_window_count_and_no_others(recipe):
    lengths, generator = (5, 2, 4), torch.Generator().manual_seed(2)
    scores = [3 * torch.randn(3, 5, generator=generator) for _ in range(4)]
    batch = {
        "input_ids": torch.zeros(3, 5),
        "attention_mask": torch.tensor([[int(at < length) for at in range(5)] for length in lengths]),
        "teacher_starts": scores[2],
        "teacher_ends": scores[3],
    }
    model = FixedSpans(*scores[:2])
    found = distillation.guided(recipe)(model, batch)
    apart = []
    for student, teacher in ((scores[0], scores[2]), (scores[1], scores[3])):
        for row, length in enumerate(lengths):
            s, t = (each[row, :length].double().numpy() for each in (student, teacher))
            if recipe == "printed":
                apart.append(divergence(softmax(s), softmax(t)))
            else:
                apart.append(4 * divergence(softmax(t / 2), softmax(s / 2)))
    expected = 3 + np.mean(apart) if recipe == "printed" else 0.5 * 3 + 0.5 * np.mean(apart)
    assert found.item() == pytest.approx(expected, rel=1e-5)
    found.backward()
    for gradient in (model.starts.grad, model.ends.grad):
        assert gradient.isfinite().all()
        assert (gradient[batch["attention_mask"] == 0] == 0).all()
        assert (gradient[batch["attention_mask"] == 1] != 0).all()


def test_a_student_that_says_what_its_teacher_says_has_only_its_own_loss():
    scores = torch.tensor([[1.0, -0.5], [0.3, 0.1]])
    batch = {"input_ids": torch.zeros(2, 1), "teacher": scores + 2}
    assert distillation.guided("printed")(Fixed(scores), batch).item() == pytest.approx(3)
    assert distillation.guided("released")(Fixed(scores), batch).item() == pytest.approx(1.5)


def test_a_number_is_mixed_with_the_teachers_so_that_a_squared_error_weighs_both(bert_folder):
    """Of every number the gradient is that of (1 - share) (x - label)^2 + share (x - teacher)^2."""
    torch.manual_seed(0)
    teacher = BertForSequenceClassification.from_pretrained(bert_folder, num_labels=1).eval()
    ids = [torch.tensor([2, 7 + number, 9, 3]) for number in range(3)]
    labels = torch.tensor([0.5, -2.0, 1.0])
    given = distillation.with_teacher("regression", teacher, Examples({"input_ids": ids}, {"labels": labels}, {}), 0.25)
    with torch.no_grad():
        theirs = torch.cat([teacher(each[None]).logits[0] for each in ids])
    x = torch.tensor([0.3, 0.1, -4.0], requires_grad=True)
    both = (0.75 * (x - labels).square() + 0.25 * (x - theirs).square()).sum()
    (expected,) = torch.autograd.grad(both, x)
    (found,) = torch.autograd.grad((x - given.numbers["labels"]).square().sum(), x)
    assert torch.allclose(found, expected, atol=1e-5)
    assert distillation.TEACHER not in given.numbers


class FixedTags(Fixed):
    """As `Fixed`, of which a batch has labels."""

    def forward(self, input_ids, labels):
        return super().forward(input_ids)


@pytest.mark.parametrize("recipe", ["printed", "released"])
def test_of_tags_the_words_are_counted_that_have_one(recipe):
    draw = np.random.default_rng(2)
    student, teacher = draw.normal(size=(2, 2, 4, 3))
    labels = torch.tensor([[-100, 1, 0, -100], [-100, 2, -100, -100]])
    batch = {"input_ids": torch.zeros(2, 4), "labels": labels, "teacher": torch.tensor(teacher)}
    found = distillation.guided(recipe)(FixedTags(torch.tensor(student)), batch).item()
    words = [(0, 1), (0, 2), (1, 1)]
    s, t = (np.array([scores[place] for place in words]) for scores in (student, teacher))
    if recipe == "printed":
        assert found == pytest.approx(3 + divergence(softmax(s), softmax(t)), rel=1e-5)
    else:
        assert found == pytest.approx(0.5 * 3 + 0.5 * 4 * divergence(softmax(t / 2), softmax(s / 2)), rel=1e-5)


def test_a_teacher_of_tags_says_something_of_every_token(bert_folder):
    torch.manual_seed(0)
    teacher = BertForTokenClassification.from_pretrained(bert_folder, num_labels=3).eval()
    ids = [torch.tensor([2, 7, 9, 3]), torch.tensor([2, 8, 3])]
    labels = [torch.tensor([-100, 1, 0, -100]), torch.tensor([-100, 2, -100])]
    given = Examples({"input_ids": ids, "labels": labels}, {}, {"labels": -100})
    batch = distillation.with_teacher("tags", teacher, given, 0.5).batch([0, 1])
    assert batch["teacher"].shape == (2, 4, 3)
    with torch.no_grad():
        for row, each in enumerate(ids):
            assert torch.allclose(batch["teacher"][row, : len(each)], teacher(each[None]).logits[0], atol=1e-5)
