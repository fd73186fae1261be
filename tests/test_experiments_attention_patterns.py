"""Patterns of attention as runs: against maps made and sorted one by one, on a BERT of random weights."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from toy_studies import maps_of

from lottery import store
from lottery.attention.patterns import PATTERNS
from lottery.experiments.attention_patterns import AttentionPatterns, TypicalMaps
from lottery.experiments.pattern_training import PatternTraining
from lottery.models import opening

FEATURES = PatternTraining(classifier="features", drawn=40, seed=3)


@pytest.fixture
def patterns(uneven):
    """Of all sentences."""
    return AttentionPatterns(
        of=uneven, task="cola", classifier=FEATURES, kind="raw", sentences=99, max_length=16, seed=0
    )


def test_shares_are_counted_map_by_map(patterns, tmp_path, tokenizer):
    learnt = PatternTraining(classifier="prototype", drawn=40, seed=3)
    run = store.perform(replace(patterns, classifier=learnt), tmp_path)
    found, classify = run.metrics, learnt.classify(run)
    maps = maps_of(patterns.of, tokenizer)
    assert (found["of_layers"], found["of_maps"]) == (2, len(maps))
    assert 3 < len(maps) < 21  # some sentences are too short
    counts, likely = np.zeros((2, 4, 5)), np.zeros((2, 4))
    for each in maps.values():
        for layer in range(2):
            for head in range(4):
                (told,) = classify([each[layer, head].numpy()])
                counts[layer, head, told.argmax()] += 1
                likely[layer, head] += told.max()
    assert np.array(found["shares"]).reshape(2, 4, 5) * len(maps) == pytest.approx(counts)
    assert np.array(found["confidences"]).reshape(2, 4) == pytest.approx(likely / len(maps), abs=1e-5)
    assert (counts.sum((0, 1)) > 0).sum() > 1


def test_sentences_are_drawn_by_the_seed(patterns, tmp_path):
    def tokens(**change):
        few = replace(patterns, sentences=3, **change)
        return sorted(" ".join(told) for told, _, _ in few.maps(store.Run(few, tmp_path)))

    assert len(tokens()) == 3
    assert tokens() == tokens() != tokens(seed=1)
    assert all(text.startswith("[CLS]") and text.endswith("[SEP]") for text in tokens())


def test_the_kinds_and_ways_are_those_of_the_maps(patterns, tmp_path, tokenizer):
    for kind, released in (("normed", False), ("normed", True)):
        here = replace(patterns, kind=kind, released=released)
        found = {len(tokens): maps for tokens, maps, _ in here.maps(store.Run(here, tmp_path))}
        for each in maps_of(patterns.of, tokenizer, kind, released=released).values():
            n = each.shape[-1]
            if sum(len(other) == n for other in found.values()) == 1:
                assert found[n].shape == each.shape
        first = maps_of(patterns.of, tokenizer, kind, released=released)
        longest = max(first.values(), key=lambda maps: maps.shape[-1]).shape[-1]
        expected = [each.numpy() for each in first.values() if each.shape[-1] == longest]
        assert any(np.allclose(found[longest], each, atol=1e-4) for each in expected)


@dataclass(frozen=True)
class Without:
    """All components but the first head of the first layer."""

    def mask(self, run):
        heads = torch.ones(2, 4, dtype=torch.bool)
        heads[0, 0] = False
        return {"heads": heads, "mlps": torch.ones(2, dtype=torch.bool)}


def test_maps_of_a_pruned_model_are_as_if_the_heads_output_were_nothing(patterns, tmp_path):
    pruned = replace(patterns, kept=Without(), sentences=2)
    model = opening.encoder(patterns.of.model)
    with torch.no_grad():
        model.encoder.layer[0].attention.output.dense.weight[:, :4] = 0
    given = {len(tokens): maps for tokens, maps, _ in pruned.maps(store.Run(pruned, tmp_path))}
    whole = replace(patterns, sentences=2)
    intact = {len(tokens): (tokens, maps) for tokens, maps, _ in whole.maps(store.Run(whole, tmp_path))}
    tokenizer = opening.tokenizer(patterns.of.model)
    for n, (tokens, before) in intact.items():
        ids = torch.tensor([tokenizer.convert_tokens_to_ids(tokens)])
        model.set_attn_implementation("eager")
        with torch.no_grad():
            expected = torch.stack(model.eval()(input_ids=ids, output_attentions=True).attentions)[:, 0].numpy()
        assert given[n] == pytest.approx(expected, abs=1e-5)
        assert not np.allclose(given[n][1], before[1], atol=1e-3)


def test_a_task_without_a_long_sentence_is_refused(patterns, tmp_path):
    with pytest.raises(ValueError, match="no sentence in the dev set of 'cola' has 8 tokens or more"):
        store.perform(replace(patterns, max_length=7), tmp_path)


def test_typical_maps_are_the_surest_the_middle_and_the_most_doubtful(patterns, tmp_path):
    found = store.perform(TypicalMaps(of=patterns), tmp_path).metrics
    every = {pattern: [] for pattern in PATTERNS}
    for _, maps, told in patterns.maps(store.Run(patterns, tmp_path)):
        for layer in range(2):
            for head in range(4):
                best = told[layer, head].argmax()
                every[PATTERNS[best]].append((told[layer, head, best], layer, head, maps[layer, head]))
    assert set(found["patterns"]) == {pattern for pattern, some in every.items() if some}
    end = 0
    for number, pattern in enumerate(found["patterns"]):
        likely = sorted(row[0] for row in every[pattern])
        expected = {
            "surest": likely[-1],
            "most doubtful": likely[0],
            "middle": likely[::-1][len(likely) // 2],
        }[found["places"][number]]
        assert found["likely"][number] == pytest.approx(expected)
        size = found["sizes"][number]
        cells = np.reshape(found["cells"][end : end + size**2], (size, size))
        end += size**2
        (attention,) = [
            row[3]
            for row in every[pattern]
            if row[0] == pytest.approx(expected, abs=1e-12)
            and (row[1], row[2]) == (found["in_layers"][number], found["in_heads"][number])
            and len(row[3]) == size
        ][:1]
        assert cells == pytest.approx(np.minimum(attention / np.quantile(attention, 0.99), 1), abs=6e-4)
    assert end == len(found["cells"])
