"""How sure the cuts of a search are: against numpy's sort, its own looks, and examples drawn by another generator."""

from dataclasses import replace

import numpy as np
import pytest

from lottery import store
from lottery.experiments.component_search import LOOKS, ComponentSearch
from lottery.experiments.cut_noise import OF_HEADS, OF_STEPS, CutNoise
from lottery.pruning import components, sensitivity


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


def noise(of, **change):
    search = ComponentSearch(of=of, importance="sample", mode="heads", heads_share=0.25)
    return CutNoise(of=replace(search, **change), resamples=300, swaps=4)


def by_step(found):
    """The numbers of heads, step by step."""
    ends = np.cumsum(found["left_at"])
    assert ends[-1] == len(found["scores"])
    return [
        {name: np.array(found[name])[end - n : end] for name in OF_HEADS}
        for n, end in zip(found["left_at"], ends, strict=True)
    ]


def over_norm(importance, kept):
    """Heads over the root of the sum of squares of those of their layer that are there, in a loop."""
    told = np.full(importance.shape, np.nan)
    for layer, row in enumerate(importance):
        norm = np.sqrt(sum(value**2 for value, there in zip(row, kept[layer], strict=True) if there))
        for head, value in enumerate(row):
            if kept[layer][head]:
                told[layer, head] = value / norm
    return told


def test_every_step_is_that_of_the_search(tuned, results):
    experiment = noise(tuned)
    run = store.perform(experiment, results)
    found = run.metrics
    search = run.need(experiment.of)
    looks, searched = search.read(LOOKS), search.metrics
    assert len({len(found[name]) for name in OF_STEPS}) == 1
    before = [max(n for n in range(look) if searched["accepted"][n]) for look in range(1, searched["looks"])]
    steps = by_step(found)
    assert len(steps) == len(before)
    for number, (step, start) in enumerate(zip(steps, before, strict=True)):
        kept = looks["kept.heads"][start].numpy()
        scores = over_norm(looks["importance.heads"][start].double().numpy(), kept)
        places = np.flatnonzero(kept)
        assert step["places"].tolist() == places.tolist()
        assert step["scores"] == pytest.approx(scores.flatten()[places], rel=1e-5)
        gone = set(places[np.argsort(step["scores"], kind="stable")[: found["removed_at"][number]]].tolist())
        assert set(places[step["removed"] == 1].tolist()) == gone
        assert gone == set(np.flatnonzero(kept & ~looks["kept.heads"][number + 1].numpy()).tolist())
        if len(gone) < len(places):
            highest, lowest = step["scores"][step["removed"] == 1].max(), step["scores"][step["removed"] == 0].min()
            assert found["cuts"][number] == pytest.approx((highest + lowest) / 2)
        assert step["chances"].sum() == pytest.approx(found["removed_at"][number])
        assert found["unsure"][number] == np.mean([0.05 < chance < 0.95 for chance in step["chances"]])
    assert found["dense_score"] == searched["scores"][0]
    assert found["lowest_score"] == searched["scores"][1]
    assert len(found["half_scores"]) == len(found["any_scores"]) == 4


def test_chances_are_those_of_examples_drawn_anew(tuned, results):
    run = store.perform(noise(tuned), results)
    step = by_step(run.metrics)[0]
    model, exam = tuned.opened(run)
    given = exam.encoded(exam.tables["dev"])
    sizes = np.abs(sensitivity.per_example(model, given, components.everything(model.config))["heads"].numpy())
    generator, draws, removed = np.random.default_rng(5), [], []
    for _ in range(2000):
        mean = np.mean([sizes[n] for n in generator.integers(len(sizes), size=len(sizes))], axis=0)
        scores = over_norm(mean, np.ones_like(mean)).flatten()
        draws.append(scores)
        removed.append(set(np.argsort(scores)[: run.metrics["removed_at"][0]].tolist()))
    chances = [np.mean([head in each for each in removed]) for head in range(8)]
    assert step["chances"] == pytest.approx(chances, abs=0.08)
    assert step["lows"] == pytest.approx(np.quantile(draws, 0.025, axis=0), abs=0.05)
    assert step["highs"] == pytest.approx(np.quantile(draws, 0.975, axis=0), abs=0.05)
    pairs = [len(one & other) / len(one) for one, other in zip(removed[::2], removed[1::2], strict=True)]
    assert run.metrics["agree"][0] == pytest.approx(np.mean(pairs), abs=0.05)


def test_only_the_search_as_printed_is_judged(tuned, results):
    for change in ({"importance": "magnitude"}, {"recipe": "released"}, {"where": "train"}, {"guarded": True}):
        with pytest.raises(ValueError, match="give a search with 'sample', 'printed' and 'dev', and without a guard"):
            store.perform(noise(tuned, **change), results)
    with pytest.raises(ValueError, match="resamples = 1: two draws"):
        store.perform(replace(noise(tuned), resamples=1), results)
