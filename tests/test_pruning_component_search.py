"""The search for heads and MLPs: its steps on made-up scores, as the paper and as its released code take them."""

import pytest
import torch

from lottery.pruning import component_search
from lottery.pruning.component_search import last_accepted, normalised, search, without_lowest


def everything(layers=12, heads=12):
    return {"heads": torch.ones(layers, heads, dtype=torch.bool), "mlps": torch.ones(layers, dtype=torch.bool)}


def counts(step):
    return int(step.kept["heads"].sum()), int(step.kept["mlps"].sum())


def looking(score, importance):
    """A look that knows the score of a number of heads and MLPs."""
    seen = []

    def look(kept):
        seen.append(kept)
        return score(int(kept["heads"].sum()), int(kept["mlps"].sum())), importance(kept)

    return look, seen


def by_number(kept):
    layers, heads = kept["heads"].shape
    return {
        "heads": torch.arange(layers * heads, dtype=torch.float32).reshape(layers, heads) + 1,
        "mlps": torch.arange(layers, dtype=torch.float32) + 1,
    }


@pytest.mark.parametrize("least", [144, 131, 130, 125, 100, 67, 40, 20, 1, 0])
def test_as_many_heads_are_kept_as_the_paper_can_keep(least):
    """144 - 14 a - 7 b: fourteen at a time with an MLP, then seven at a time."""
    look, _ = looking(lambda heads, mlps: float(heads >= least), by_number)
    steps = search(look, everything(), mode="both", heads_at_once=14, share=0.9)
    heads, mlps = counts(steps[max(i for i, step in enumerate(steps) if step.accepted)])
    joint = sum(step.accepted for step in steps if step.phase == "heads and MLPs")
    halves = sum(step.accepted for step in steps if step.phase == "heads")
    assert heads == max(144 - 14 * joint - 7 * halves, 0)
    assert heads >= least
    assert heads - 7 < least or heads == 0
    assert mlps == 0  # MLPs cost nothing here, so the third phase takes all


def test_the_three_phases_take_back_what_fell_below_the_bound():
    """Score: a point a head over 60, and 10 for each MLP; the bound is .9 of 204."""
    look, seen = looking(lambda heads, mlps: min(heads, 110) / 100 + mlps / 10, by_number)
    steps = search(look, everything(), mode="both", heads_at_once=14, share=0.9)
    assert [(step.phase, *counts(step), step.accepted) for step in steps] == [
        ("whole", 144, 12, True),
        ("heads and MLPs", 130, 11, True),
        ("heads and MLPs", 116, 10, True),
        ("heads and MLPs", 102, 9, False),
        ("heads", 109, 10, True),
        ("heads", 102, 10, False),
        ("MLPs", 109, 9, False),
    ]
    assert counts(steps[-3]) == (109, 10)
    assert torch.equal(last_accepted(steps).kept["heads"], steps[4].kept["heads"])
    assert len(seen) == len(steps)


def test_one_kind_alone_goes_in_whole_steps():
    look, _ = looking(lambda heads, mlps: heads + mlps, by_number)
    heads = search(look, everything(), mode="heads", heads_at_once=14, share=0.5)
    assert [counts(step) for step in heads] == [(144 - 14 * n, 12) for n in range(6)] + [(60, 12)]
    assert [step.accepted for step in heads] == [True] * 6 + [False]
    mlps = search(look, everything(), mode="mlps", heads_at_once=0, share=0.95)
    assert [counts(step)[1] for step in mlps] == [12, 11, 10, 9, 8, 7, 6, 5, 4]
    assert not mlps[-1].accepted


def test_after_a_step_back_it_ranks_by_what_was_seen_before_or_as_released_after():
    """The rejected step saw heads 20 and 21 at 0, of which none was ranked lowest before."""

    def importance(kept):
        scores = by_number(kept)
        if int(kept["mlps"].sum()) < 6:
            scores["heads"].view(-1)[20:22] = 0.0
        return scores

    look, _ = looking(lambda heads, mlps: 1.0 if heads >= 20 and mlps == 6 else 0.0, importance)
    whole = everything(6, 4)
    how = {"mode": "both", "heads_at_once": 4, "share": 0.9}
    afresh, released = (search(look, whole, afresh=way, norm_over_removed=True, **how) for way in (True, False))
    gone = [
        set((~last_accepted(steps).kept["heads"]).flatten().nonzero().flatten().tolist())
        for steps in (afresh, released)
    ]
    assert afresh[1].accepted is released[1].accepted is False
    # The step that was taken back removed the first heads of the first layers, not those of the last.
    assert {20, 21} <= gone[1]
    assert not {20, 21} & gone[0]


def test_a_guard_leaves_every_layer_a_head():
    look, _ = looking(lambda heads, mlps: 1.0, by_number)
    free = search(look, everything(3, 4), mode="heads", heads_at_once=5, share=0.9)
    guarded = search(look, everything(3, 4), mode="heads", heads_at_once=5, share=0.9, guarded=True)
    assert last_accepted(free).kept["heads"].sum() == 0
    assert last_accepted(guarded).kept["heads"].sum(1).tolist() == [1, 1, 1]
    assert [counts(step)[0] for step in guarded] == [12, 7, 3]


@pytest.mark.parametrize("score", [0.0, -0.1, float("nan")])
def test_a_score_of_which_no_share_is_a_bound_ends_the_search_at_once(score):
    look, _ = looking(lambda heads, mlps: score, by_number)
    steps = search(look, everything(), mode="both", heads_at_once=14, share=0.9)
    assert [counts(step) for step in steps] == [(144, 12)]


def test_an_undefined_score_on_the_way_is_taken_back():
    look, _ = looking(lambda heads, mlps: 1.0 if heads > 120 else float("nan"), by_number)
    steps = search(look, everything(), mode="heads", heads_at_once=14, share=0.9)
    assert counts(steps[-2]) == (130, 12)
    assert not steps[-1].accepted


def test_too_few_heads_at_once_are_refused():
    look, _ = looking(lambda heads, mlps: 1.0, by_number)
    for mode, number in (("both", 1), ("heads", 0)):
        with pytest.raises(ValueError, match="heads_at_once"):
            search(look, everything(), mode=mode, heads_at_once=number, share=0.9)


def test_heads_are_divided_by_the_norm_of_their_layer():
    scores = {"heads": torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "mlps": torch.tensor([7.0, 9.0])}
    assert torch.allclose(normalised(scores)["heads"].float(), torch.tensor([[0.6, 0.8], [0.0, 0.0]]))
    assert torch.equal(normalised(scores)["mlps"], scores["mlps"])
    kept = {"heads": torch.tensor([[True, False], [True, True]]), "mlps": torch.ones(2, dtype=torch.bool)}
    assert normalised(scores, kept)["heads"][0, 0] == 1  # what is gone counts no more
    scores["heads"][0, 1] = torch.nan
    assert normalised(scores, kept)["heads"][0, 0] == 1
    assert "mlps" not in normalised({"heads": scores["heads"]}, kept)


def test_the_lowest_go_first_and_among_equals_the_first():
    kept = torch.tensor([[True, True, False], [True, True, True]])
    scores = torch.tensor([[2.0, 1.0, torch.nan], [1.0, 5.0, 1.0]])
    assert without_lowest(kept, scores, 2).tolist() == [[True, False, False], [False, True, True]]
    assert without_lowest(kept, scores, 9).sum() == 0
    assert without_lowest(kept, scores, 9, guarded=True).sum(1).tolist() == [1, 1]
    assert without_lowest(kept, scores, 0) is not kept
    scores[1, 1] = torch.nan
    with pytest.raises(ValueError, match="NaN"):
        without_lowest(kept, scores, 1)


def test_the_last_accepted_step_holds_what_can_stay():
    whole = everything(2, 2)
    steps = [
        component_search.Step("whole", whole, 1.0, True, by_number(whole)),
        component_search.Step("heads", everything(2, 1), 0.5, False, by_number(whole)),
    ]
    assert last_accepted(steps).kept is whole


def test_neurons_go_alone_or_beside_heads():
    """Score: a point a head over 6 of 8 and half a point a neuron; what goes first has the lower number."""
    whole = everything(2, 4) | {"neurons": torch.ones(2, 10, dtype=torch.bool)}

    def look(kept):
        score = min(int(kept["heads"].sum()), 6) + int(kept["neurons"].sum()) / 2
        numbers = torch.arange(20, dtype=torch.float32).view(2, 10)
        return score, by_number(kept) | {"neurons": numbers}

    def told(mode):
        steps = search(look, whole, mode=mode, heads_at_once=2, neurons_at_once=2, share=0.8)
        assert all(step.kept["mlps"].all() for step in steps)
        return [
            (step.phase, int(step.kept["heads"].sum()), int(step.kept["neurons"].sum()), step.accepted)
            for step in steps
        ]

    assert told("neurons") == [
        ("whole", 8, 20, True),
        ("neurons", 8, 18, True),
        ("neurons", 8, 16, True),
        ("neurons", 8, 14, True),
        ("neurons", 8, 12, False),
    ]
    assert told("heads and neurons") == [
        ("whole", 8, 20, True),
        ("heads and neurons", 6, 18, True),
        ("heads and neurons", 4, 16, False),
        ("heads", 5, 18, True),
        ("heads", 4, 18, True),
        ("heads", 3, 18, False),
        ("neurons", 4, 16, False),
    ]
    last = search(look, whole, mode="neurons", heads_at_once=2, neurons_at_once=3, share=0.8)[1].kept["neurons"]
    assert (~last).nonzero().tolist() == [[0, 0], [0, 1], [0, 2]]
    with pytest.raises(ValueError, match="neurons_at_once = 0: give at least 1"):
        search(look, whole, mode="neurons", heads_at_once=2, share=0.8)
    with pytest.raises(ValueError, match="removes neurons, and this importance ranks heads alone"):
        search(
            lambda kept: (1.0, {"heads": torch.ones(2, 4)}),
            whole,
            mode="neurons",
            heads_at_once=2,
            neurons_at_once=1,
            share=0.8,
        )
