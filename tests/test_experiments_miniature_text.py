"""The text of a language as pairs of passages: which documents they are of, and which passages follow."""

import pytest

from lottery import miniature, store
from lottery.experiments import miniature_text
from lottery.experiments.miniature_text import MiniatureText
from lottery.miniature.language import Language


@pytest.fixture(autouse=True)
def little_is_held_out(monkeypatch):
    monkeypatch.setattr(miniature_text, "HELD_OUT_DOCUMENTS", 6)


def passages(pairs, tokenizer):
    """Both passages of each pair, without blanks."""
    texts = [tokenizer.decode(ids).removeprefix("[CLS]").split("[SEP]") for ids in pairs.sequences["input_ids"]]
    return [tuple(text.replace(" ", "") for text in (first, second)) for first, second, _ in texts]


def test_passages_are_of_their_documents_and_follow_each_other_where_it_is_said(tmp_path):
    of = MiniatureText(seed=5, documents=12)
    run = store.perform(of, tmp_path)
    language = Language(5)
    tokenizer = miniature.tokenizer(language)
    for pairs, number, part in zip(miniature_text.text(run, of, tokenizer), (12, 6), (1, 2), strict=True):
        documents = ["".join(each).replace(" ", "") for each in miniature.documents(language, number, part)]
        follows = pairs.numbers["next_sentence_label"] == 0
        assert 0.2 < follows.double().mean() < 0.8
        for (first, second), next_one in zip(passages(pairs, tokenizer), follows.tolist(), strict=True):
            assert any(first in document for document in documents)
            assert any(second in document for document in documents)
            # What is too long is cut at either end of either passage, so that something may be missing between them.
            together = [document for document in documents if first in document and second in document]
            assert bool(together) or not next_one
    assert run.metrics["pairs"] > run.metrics["held_out_pairs"] > 0


def test_as_many_documents_as_usual_are_told_by_0(tmp_path, monkeypatch):
    monkeypatch.setattr(miniature, "DOCUMENTS", 7)
    usual, seven = (store.perform(MiniatureText(seed=5, documents=number), tmp_path) for number in (0, 7))
    assert usual.path != seven.path
    assert (usual.path / "train.safetensors").read_bytes() == (seven.path / "train.safetensors").read_bytes()
