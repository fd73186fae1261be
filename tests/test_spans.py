import itertools

import numpy as np
import pandas as pd
import pytest
import torch

from lottery import spans

ROWS = [
    ("w1 w2 ?", "w3 w4s w5.", "w4s", 3),
    ("w1 ?", "w3 w4 w5 w6 w7 w8 w9 w10", "w10", 21),
    ("w1 ?", "w3 w4 w3 w4", "w3 w4", 6),
    ("w1 w3 ?", "w3", "w3", 0),
]


def table(rows=ROWS):
    frame = pd.DataFrame(rows, columns=["first", "second", "answer", "start"])
    for row in frame.itertuples():
        assert row.second[row.start :].startswith(row.answer)
    return frame


def test_the_positions_hold_the_answers_own_tokens(tokenizer):
    examples = spans.encode(table(), tokenizer, 30)
    starts, ends = (examples.numbers[name].tolist() for name in ("start_positions", "end_positions"))
    for row, ids, types, start, end in zip(
        table().itertuples(),
        examples.sequences["input_ids"],
        examples.sequences["token_type_ids"],
        starts,
        ends,
        strict=True,
    ):
        alone = tokenizer(row.first, row.second)
        assert ids.tolist() == alone["input_ids"]
        assert ids[start : end + 1].tolist() == tokenizer(row.answer, add_special_tokens=False)["input_ids"]
        assert types[start : end + 1].tolist() == [1] * (end - start + 1)
    assert starts[2] == 6  # [CLS] w1 ? [SEP] w3 w4 w3: the second w3, as `start` says
    assert starts[3] == 5  # [CLS] w1 w3 ? [SEP] w3: the paragraph's, not the question's


def test_an_answer_that_is_cut_away_is_told_as_position_0(tokenizer):
    examples = spans.encode(table(), tokenizer, 9)
    assert max(examples.lengths) == 9
    assert examples.numbers["start_positions"].tolist()[1] == 0
    assert examples.numbers["end_positions"].tolist()[1] == 0
    half = spans.encode(table([("w1 ?", "w2 w3 w4 w5", "w3 w4 w5", 3)]), tokenizer, 7)
    assert half.numbers["start_positions"].tolist() == half.numbers["end_positions"].tolist() == [0]


@pytest.mark.parametrize("longest", [1, 2, 3, 30])
def test_the_answer_is_the_best_span_of_the_paragraph(tokenizer, longest):
    """Against trying all spans."""
    draw = np.random.default_rng(longest)
    frame = table()
    encoded = [tokenizer(row.first, row.second, return_offsets_mapping=True) for row in frame.itertuples()]
    for _ in range(20):
        starts, ends = ([draw.normal(size=len(each["input_ids"])) for each in encoded] for _ in range(2))
        for scores in (*starts, *ends):
            scores[:3] += 5  # the question scores high, and must not be taken
        found = spans.answers(frame, tokenizer, 30, starts, ends, longest=longest)
        for i, (row, each) in enumerate(zip(frame.itertuples(), encoded, strict=True)):
            inside = [place for place, part in enumerate(each.sequence_ids()) if part == 1]
            allowed = [(a, b) for a, b in itertools.product(inside, inside) if a <= b < a + longest]
            first, last = max(allowed, key=lambda span: starts[i][span[0]] + ends[i][span[1]])
            assert found[i] == row.second[each["offset_mapping"][first][0] : each["offset_mapping"][last][1]]


def test_right_scores_give_the_right_answers_back(tokenizer):
    examples = spans.encode(table(), tokenizer, 30)
    scores = {
        name: [
            torch.nn.functional.one_hot(torch.tensor(place), int(length)).numpy().astype(float)
            for place, length in zip(examples.numbers[name].tolist(), examples.lengths, strict=True)
        ]
        for name in ("start_positions", "end_positions")
    }
    found = spans.answers(table(), tokenizer, 30, scores["start_positions"], scores["end_positions"])
    assert found == [row[2] for row in ROWS]


def test_a_paragraph_without_words_has_an_empty_answer(tokenizer):
    frame = pd.DataFrame({"first": ["w1 ?"], "second": [" "], "answer": [""], "start": [0]})
    found = spans.answers(frame, tokenizer, 12, [np.zeros(5)], [np.zeros(5)])
    assert found == [""]
