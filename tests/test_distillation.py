"""The teacher's loss, against numpy."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lottery import distillation


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


def test_a_student_that_says_what_its_teacher_says_has_only_its_own_loss():
    scores = torch.tensor([[1.0, -0.5], [0.3, 0.1]])
    batch = {"input_ids": torch.zeros(2, 1), "teacher": scores + 2}
    assert distillation.guided("printed")(Fixed(scores), batch).item() == pytest.approx(3)
    assert distillation.guided("released")(Fixed(scores), batch).item() == pytest.approx(1.5)
