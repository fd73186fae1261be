import torch

from lottery.importance import magnitude, random


def weights():
    return {"b": torch.nn.Parameter(torch.tensor([[-2.0, 0.5]])), "a": torch.nn.Parameter(torch.tensor([3.0, -0.0]))}


def test_magnitude_is_the_size():
    found = magnitude.score(weights(), torch.Generator())
    assert {name: score.tolist() for name, score in found.items()} == {"b": [[2.0, 0.5]], "a": [3.0, 0.0]}


def test_random_scores_do_not_know_the_weights_nor_the_order_of_names():
    given = weights()
    found = random.score(given, torch.Generator().manual_seed(5))
    others = {name: torch.zeros_like(given[name]) for name in sorted(given)}
    again = random.score(others, torch.Generator().manual_seed(5))
    assert all(torch.equal(found[name], again[name]) for name in given)
    other_seed = random.score(given, torch.Generator().manual_seed(6))
    assert not torch.equal(found["b"], other_seed["b"])
    many = random.score({"w": torch.zeros(100, 200)}, torch.Generator().manual_seed(0))["w"]
    quarters = torch.histc(many, bins=4, min=0, max=1) / many.numel()
    assert torch.allclose(quarters, torch.full((4,), 0.25), atol=0.01)
