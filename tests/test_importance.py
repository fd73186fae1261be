import itertools

import numpy as np
import pydantic
import pytest
import torch

from lottery.importance import Blind, magnitude, obs, random, wanda


def weights():
    return {"b": torch.nn.Parameter(torch.tensor([[-2.0, 0.5]])), "a": torch.nn.Parameter(torch.tensor([3.0, -0.0]))}


def test_magnitude_is_the_size():
    found = magnitude.score(weights(), {}, torch.Generator())
    assert {name: score.tolist() for name, score in found.items()} == {"b": [[2.0, 0.5]], "a": [3.0, 0.0]}


def test_random_scores_do_not_know_the_weights_nor_the_order_of_names():
    given = weights()
    found = random.score(given, {}, torch.Generator().manual_seed(5))
    others = {name: torch.zeros_like(given[name]) for name in sorted(given)}
    again = random.score(others, {}, torch.Generator().manual_seed(5))
    assert all(torch.equal(found[name], again[name]) for name in given)
    other_seed = random.score(given, {}, torch.Generator().manual_seed(6))
    assert not torch.equal(found["b"], other_seed["b"])
    many = random.score({"w": torch.zeros(100, 200)}, {}, torch.Generator().manual_seed(0))["w"]
    quarters = torch.histc(many, bins=4, min=0, max=1) / many.numel()
    assert torch.allclose(quarters, torch.full((4,), 0.25), atol=0.01)


@pytest.fixture
def layer():
    """A matrix of 3 outputs and 6 inputs, and what 40 tokens gave it to multiply: features that go together."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(40, 6)) @ generator.normal(size=(6, 6)) + generator.normal(size=6)
    inputs[:, 4] = 0  # a feature that never shows
    return generator.normal(size=(3, 6)), inputs


def told(matrix, inputs):
    moments = torch.tensor(inputs.T @ inputs / len(inputs), dtype=torch.float32)
    return {"a": torch.tensor(matrix, dtype=torch.float32)}, {"a": moments}


def test_wanda_is_the_size_times_the_norm_of_the_input_feature(layer):
    matrix, inputs = layer
    found = wanda.score(*told(matrix, inputs), torch.Generator())["a"].numpy()
    for row, column in itertools.product(range(3), range(6)):
        norm = np.sqrt(sum(float(value) ** 2 for value in inputs[:, column]) / 40)
        assert found[row, column] == pytest.approx(abs(matrix[row, column]) * norm, rel=1e-5)


def best(row, kept, inputs):
    """By least squares over the kept features alone, and the error that is left: damping is a feature's own row."""
    damping = obs.DAMPING * np.mean(np.diag(inputs.T @ inputs / 40))
    rows = np.vstack([inputs / np.sqrt(40), np.sqrt(damping) * np.eye(6)])
    found = np.zeros(6)
    found[kept] = np.linalg.lstsq(rows[:, kept], rows @ row, rcond=None)[0]
    return found, float(np.square(rows @ (row - found)).sum())


def test_obs_is_the_error_that_is_left_when_a_weight_goes_and_the_others_make_up_for_it(layer):
    matrix, inputs = layer
    found = obs.score(*told(matrix, inputs), torch.Generator())["a"].numpy()
    for row, column in itertools.product(range(3), range(6)):
        kept = np.arange(6) != column
        assert found[row, column] == pytest.approx(best(matrix[row], kept, inputs)[1], rel=1e-3)


def test_its_update_is_the_least_squares_of_every_row_whatever_stays(layer):
    matrix, inputs = layer
    given, moments = told(matrix, inputs)
    for kept in itertools.product([True, False], repeat=6):
        masks = np.array([kept, kept[::-1], [True] * 6])
        found = obs.update(given, {"a": torch.tensor(masks)}, moments)["a"].numpy()
        assert (found[~masks] == 0).all()
        for row, mask, values in zip(matrix, masks, found, strict=True):
            assert values == pytest.approx(best(row, mask, inputs)[0], abs=2e-3)


def test_the_update_leaves_a_smaller_error_than_the_cut_and_than_steps_from_column_to_column(layer):
    """The authors' own way, written out: each column that goes is made up for by those behind it."""
    matrix, inputs = layer
    given, moments = told(matrix, inputs)
    mask = {"a": torch.tensor(np.random.default_rng(1).random((3, 6)) < 0.5)}
    hessian = moments["a"].numpy() + obs.DAMPING * np.mean(np.diag(moments["a"])) * np.eye(6)
    upper = np.linalg.cholesky(np.linalg.inv(hessian)).T
    swept = matrix.copy()
    for column in range(6):
        error = swept[:, column] * ~mask["a"][:, column].numpy() / upper[column, column]
        swept[:, column:] -= error[:, None] * upper[column, column:]
    updated = obs.update(given, mask, moments)["a"].numpy()
    cut = matrix * mask["a"].numpy()

    def errors(values):
        return np.einsum("oi,ij,oj->o", matrix - values, hessian, matrix - values)

    assert (errors(updated) <= errors(swept) + 1e-6).all()
    assert (errors(swept) < errors(cut)).all()


def test_texts_that_say_nothing_leave_numbers():
    given = {"a": torch.randn(2, 3)}
    silent = {"a": torch.zeros(3, 3)}
    assert obs.score(given, silent, torch.Generator())["a"].isfinite().all()
    kept = {"a": torch.tensor([[True, False, True], [False, False, False]])}
    assert torch.equal(obs.update(given, kept, silent)["a"], given["a"] * kept["a"])


def test_where_there_are_no_texts_a_score_that_reads_some_is_refused():
    blind = pydantic.TypeAdapter(Blind)
    assert blind.validate_python("magnitude") == "magnitude"
    with pytest.raises(pydantic.ValidationError, match=r"'wanda' goes by texts .* give magnitude or random"):
        blind.validate_python("wanda")
    with pytest.raises(pydantic.ValidationError, match="no importance named 'size'"):
        blind.validate_python("size")
