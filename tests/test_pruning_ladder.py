"""Rungs of a ladder: against a loop that takes one component after another."""

import pytest
import torch

from lottery.pruning.ladder import reach, rung


def scores(seed, layers=3, heads=4, neurons=10):
    generator = torch.Generator().manual_seed(seed)
    return {
        "heads": torch.rand(layers, heads, generator=generator),
        "neurons": torch.rand(layers, neurons, generator=generator) / 4,
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.77, 0.95])
def test_the_cheapest_importance_for_the_time_goes_until_enough_is_saved(seed, share):
    given, seconds = scores(seed), {"heads": 0.7, "neurons": 0.11}
    total = 12 * 0.7 + 30 * 0.11
    waiting = sorted(
        (given[kind][place].item() / seconds[kind], kind, place)
        for kind in given
        for place in [(layer, number) for layer in range(3) for number in range(given[kind].shape[1])]
    )
    gone, saved = set(), 0.0
    while saved < share * total - 1e-9:
        _, kind, place = waiting.pop(0)
        gone.add((kind, *place))
        saved += seconds[kind]
    kept = rung(given, seconds, share)
    assert {(kind, *place) for kind in given for place in (~kept[kind]).nonzero().tolist()} == gone
    assert kept["mlps"].tolist() == [True] * 3


@pytest.mark.parametrize("share", [0.0, 0.05, 0.15, 0.25])
def test_even_cuts_take_as_many_neurons_from_every_layer(share):
    given, seconds = scores(1), {"heads": 0.7, "neurons": 0.11}
    total = 12 * 0.7 + 30 * 0.11
    kept = rung(given, seconds, share, even=True)
    assert kept["heads"].all()
    counts = {int((~row).sum()) for row in kept["neurons"]}
    assert len(counts) == 1
    (count,) = counts
    assert 3 * count * 0.11 >= share * total - 1e-9
    assert 3 * (count - 1) * 0.11 < share * total
    for row, own in zip(kept["neurons"], given["neurons"], strict=True):
        assert sorted(own.tolist())[count:] == sorted(own[row].tolist())


@pytest.mark.parametrize("layers", [False, True])
def test_what_is_in_reach_can_be_saved_evenly_and_no_more(layers):
    given, seconds = scores(2), {"heads": 0.7, "neurons": 0.11}
    kept = {kind: torch.ones(each.shape, dtype=torch.bool) for kind, each in given.items()}
    most = reach(kept, seconds, layers=layers)
    found = rung(given, seconds, most, even=True, layers=layers)
    assert sorted(found["neurons"].sum(1).tolist()) == ([0, 0, 1] if layers else [1, 1, 1])
    with pytest.raises(ValueError, match="cannot be saved by taking equally many"):
        rung(given, seconds, most + 1e-6, even=True, layers=layers)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.8])
def test_whole_layers_go_where_neurons_do_not_take_enough(seed, share):
    given, seconds = scores(seed), {"heads": 0.2, "neurons": 0.11}
    given["heads"] = given["heads"] * seed / 3  # of heads without worth layers are cheap
    total, found = 12 * 0.2 + 30 * 0.11, []
    worth = [given["heads"][layer].sum().item() + given["neurons"][layer].sum().item() for layer in range(3)]
    for gone in range(3):
        out = sorted(range(3), key=worth.__getitem__)[:gone]
        for count in range(10):
            if gone * (4 * 0.2 + 10 * 0.11) + (3 - gone) * count * 0.11 >= share * total - 1e-9:
                found.append((out, count))
                break
    out, count = found[0]
    kept = rung(given, seconds, share, even=True, layers=True)
    assert (~kept["mlps"]).nonzero().flatten().tolist() == sorted(out)
    for layer in range(3):
        assert kept["heads"][layer].tolist() == [layer not in out] * 4
        assert int(kept["neurons"][layer].sum()) == (0 if layer in out else 10 - count)


def test_what_cannot_be_is_refused():
    given = scores(1)
    with pytest.raises(ValueError, match="a neuron 0: measure again"):
        rung(given, {"heads": 0.7, "neurons": 0.0}, 0.5)
    with pytest.raises(ValueError, match=r"neurons take 28% of the time of what can go, so that 50% cannot be saved"):
        rung(given, {"heads": 0.7, "neurons": 0.11}, 0.5, even=True)
    given["heads"][0, 0] = torch.nan
    with pytest.raises(ValueError, match="contain NaN"):
        rung(given, {"heads": 0.7, "neurons": 0.11}, 0.5)
