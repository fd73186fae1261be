"""Against the tokenizer's own windows, the published rules of BERT's code (run_squad.py) in plain loops, all spans."""

import copy
import random

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import RobertaTokenizer

from lottery.data import spans

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


def long_table(seed, rows=12):
    """Questions of 2 to 5 words, paragraphs of 1 to 60, answers of 1 to 4 of them."""
    draw = random.Random(seed)
    drawn = []
    for _ in range(rows):
        words = [f"w{draw.randrange(50)}{draw.choice(['', '', 's', '.'])}" for _ in range(draw.randrange(1, 61))]
        begin = draw.randrange(len(words))
        answer = " ".join(words[begin : begin + draw.randrange(1, 5)])
        question = " ".join(f"w{draw.randrange(50)}" for _ in range(draw.randrange(2, 6)))
        drawn.append((question, " ".join(words), answer, len(" ".join([*words[:begin], ""]))))
    return table(drawn)


@pytest.fixture(scope="module")
def byte_level():
    """RoBERTa's kind of tokenizer: pieces of bytes, two separators, no token types, another padding."""
    texts = [" ".join([*row[:2]]) for row in long_table(0, rows=200).itertuples(index=False)]
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocab = {token: number for number, token in enumerate(special)}
    return RobertaTokenizer(vocab=vocab, merges=[]).train_new_from_iterator(texts, 330, show_progress=False)


@pytest.fixture(params=["tokenizer", "byte_level"])
def either(request):
    return request.getfixturevalue(request.param)


def tokens_of(tokenizer, row):
    """The paragraph's tokens alone: ids, and their characters."""
    alone = tokenizer(row.second, add_special_tokens=False, return_offsets_mapping=True)
    return alone["input_ids"], alone["offset_mapping"]


def best_context(windows, position):
    """Which of a question's windows (low, high) BERT's code lets a token be a start in: _check_is_max_context."""
    best_score = best = None
    for number, (low, high) in enumerate(windows):
        length = high - low
        if position < low or position > high - 1:
            continue
        score = min(position - low, high - 1 - position) + 0.01 * length
        if best_score is None or score > best_score:
            best_score, best = score, number
    return best


def test_the_byte_level_tokenizer_is_of_another_kind(tokenizer, byte_level):
    assert "token_type_ids" not in byte_level.model_input_names
    assert byte_level.num_special_tokens_to_add(pair=True) == 4 > tokenizer.num_special_tokens_to_add(pair=True)
    assert byte_level.pad_token_id != tokenizer.pad_token_id
    assert spans.encode(table(), byte_level, 30).pad["input_ids"] == byte_level.pad_token_id


# Windows


@pytest.mark.parametrize("max_length", [16, 17, 25, 33, 250])
def test_windows_are_the_tokenizers_own_with_the_overlap_that_the_step_leaves(either, max_length):
    frame = long_table(max_length)
    read = spans.windows(frame, either, max_length)
    number = 0
    for i, row in enumerate(frame.itertuples()):
        asked = len(either(row.first, add_special_tokens=False)["input_ids"])
        room = max_length - asked - either.num_special_tokens_to_add(pair=True)
        told = either(
            row.first,
            row.second,
            truncation="only_second",
            max_length=max_length,
            stride=room - min(room, max_length // 3),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        for window, ids in enumerate(told["input_ids"]):
            assert read.question[number] == i
            assert read.examples.sequences["input_ids"][number].tolist() == ids
            if "token_type_ids" in told:
                assert read.examples.sequences["token_type_ids"][number].tolist() == told["token_type_ids"][window]
            inside = [at for at, part in enumerate(told.sequence_ids(window)) if part == 1]
            assert read.place[number] == inside[0]
            assert read.high[number] - read.low[number] == len(inside)
            characters = read.characters[i][read.low[number] : read.high[number]].tolist()
            assert characters == [list(told["offset_mapping"][window][at]) for at in inside]
            number += 1
    assert number == len(read.examples) == len(read.question)
    assert ("token_type_ids" in read.examples.sequences) == ("token_type_ids" in either.model_input_names)
    if max_length < 50:
        assert number > 2 * len(frame)
    assert read.examples.numbers == {}


def test_at_384_tokens_a_window_begins_128_after_the_one_before(tokenizer):
    frame = pd.DataFrame({"first": ["w1 w2 ?"], "second": [" ".join(f"w{i % 50}" for i in range(900))]})
    read = spans.windows(frame, tokenizer, 384)
    assert read.low.tolist() == [0, 128, 256, 384, 512, 640]
    assert read.high.tolist() == [378, 506, 634, 762, 890, 900]  # 384 - 3 of the question - 3 special ones
    assert spans.windows(frame, tokenizer, 906).low.tolist() == [0]
    assert spans.windows(frame, tokenizer, 905).low.tolist() == [0, 301]


def test_a_paragraph_longer_than_the_model_reads_is_nothing_to_be_warned_of(tokenizer, reports):
    short = copy.deepcopy(tokenizer)
    short.model_max_length = 8
    assert len(spans.windows(long_table(seed=0), short, 25).examples) > 12
    assert reports == []


def test_where_the_question_leaves_little_room_no_token_is_skipped(tokenizer):
    frame = pd.DataFrame({"first": ["w1 " * 12], "second": [" ".join(f"w{i}" for i in range(20))]})
    for max_length, low in ((18, range(0, 20, 3)), (16, range(20)), (24, [0, 8, 16])):
        read = spans.windows(frame, tokenizer, max_length)
        assert read.low.tolist() == list(low)
        assert set().union(*map(range, read.low, read.high)) == set(range(20))


def test_of_a_question_64_tokens_are_read(either):
    """The 64th and 65th are parts of one word."""
    special = either.cls_token_id, either.sep_token_id
    for words in range(55, 70):
        question = " ".join(["w1"] * words + ["w4s", "w5s", "w6s"])
        asked = either(question, add_special_tokens=False)["input_ids"]
        paragraph = either("w7 w8 w9", add_special_tokens=False)["input_ids"]
        gap = [special[1]] * (either.num_special_tokens_to_add(pair=True) - 2)
        frame = table([(question, "w7 w8 w9", "w8", 3)])
        examples = spans.encode(frame, either, 100)
        (ids,) = examples.sequences["input_ids"]
        assert ids.tolist() == [special[0], *asked[:64], *gap, *paragraph, special[1]]
        start, end = (examples.numbers[name].item() for name in ("start_positions", "end_positions"))
        assert either.decode(ids[start : end + 1]).strip() == "w8"
    assert len(asked) > 64


def test_a_question_that_leaves_no_room_is_refused(either):
    frame = table([("w1", "w2", "w2", 0), ("w1 " * 80 + "?", "w7 w8", "w8", 3)])
    special = either.num_special_tokens_to_add(pair=True)
    assert len(spans.windows(frame, either, 64 + special + 1).examples) > 2
    match = rf"row 2: at max_length {64 + special} the question 'w1 w1.*leaves no room.*{65 + special} are enough"
    with pytest.raises(ValueError, match=match):
        spans.windows(frame, either, 64 + special)


def test_many_rows_are_as_each_alone(tokenizer):
    """More than are tokenized at a time."""
    draw = random.Random(5)
    rows = [(f"w{draw.randrange(50)} ?", " ".join(f"w{draw.randrange(50)}" for _ in range(5))) for _ in range(2003)]
    read = spans.windows(pd.DataFrame(rows, columns=["first", "second"]), tokenizer, 40)
    assert [ids.tolist() for ids in read.examples.sequences["input_ids"]] == [
        tokenizer(*row)["input_ids"] for row in rows
    ]
    assert read.question.tolist() == list(range(2003))


# Examples with the answer's positions


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


@pytest.mark.parametrize("max_length", [17, 25, 250])
def test_a_window_tells_the_answer_where_it_holds_all_of_it_and_0_elsewhere(either, max_length):
    frame = long_table(max_length + 1, rows=30)
    read, examples = spans.windows(frame, either, max_length), spans.encode(frame, either, max_length)
    told = []
    for window, ids in enumerate(examples.sequences["input_ids"]):
        assert torch.equal(ids, read.examples.sequences["input_ids"][window])
        start, end = (examples.numbers[name][window].item() for name in ("start_positions", "end_positions"))
        row = frame.iloc[read.question[window]]
        tokens, characters = tokens_of(either, row)
        touched = {place for place, (begin, stop) in enumerate(characters) for at in range(begin, stop)
                   if row.start <= at < row.start + len(row.answer)}  # fmt: skip
        told.append(touched <= set(range(read.low[window], read.high[window])))
        if told[-1]:
            assert ids[start : end + 1].tolist() == tokens[min(touched) : max(touched) + 1]
            assert start == read.place[window] + min(touched) - read.low[window]
        else:
            assert (start, end) == (0, 0)
    assert any(told)
    assert all(told) == (max_length == 250)


@pytest.mark.parametrize(
    ("answer", "start", "words"), [(" w4s", 2, "w4s"), ("w4s ", 3, "w4s"), (" w4s  w5 ", 2, "w4s  w5")]
)
def test_an_answer_may_begin_and_end_with_blanks(either, answer, start, words):
    paragraph = "w3 w4s  w5 w6"
    found, wanted = (
        spans.encode(table([("w1 ?", paragraph, told, at)]), either, 30).numbers
        for told, at in ((answer, start), (words, 3))
    )
    assert found == wanted
    assert found["start_positions"].item() > 0


def test_an_answer_inside_of_words_is_told_by_the_words(tokenizer):
    found, wanted = (
        spans.encode(table([("w1 ?", "w3 un w4 w5", *told)]), tokenizer, 30).numbers
        for told in (("n w", 4), ("un w4", 3))
    )
    assert found == wanted
    assert found["start_positions"].item() == 5


def test_an_answer_that_does_not_stand_at_its_start_is_refused(tokenizer):
    for start in (2, 4, 100, -7):
        frame = pd.DataFrame([ROWS[0], ("w1 ?", "w3 w4 w5", "w4", start)], columns=table().columns)
        with pytest.raises(ValueError, match=f"row 2: the answer 'w4' to 'w1 .' does not stand at character {start} "):
            spans.encode(frame, tokenizer, 30)
    assert "w3 w4 w5"[-5:].startswith("w4")
    with pytest.raises(ValueError, match="at character -5"):
        spans.encode(frame.assign(start=[3, -5]), tokenizer, 30)


def test_an_answer_that_the_tokenizer_drops_is_told_as_position_0(tokenizer):
    frame = table([("w1 ?", "w3 \u200b w4", "\u200b", 3)])
    found = spans.encode(frame, tokenizer, 30).numbers
    assert found["start_positions"].tolist() == found["end_positions"].tolist() == [0]


# Answers


@pytest.mark.parametrize("longest", [1, 3, 30])
@pytest.mark.parametrize("max_length", [17, 25, 250])
def test_the_answer_is_the_best_span_of_all_windows(either, max_length, longest):
    """Against trying all spans; the scores are rounded, so that many are equal."""
    draw = np.random.default_rng(longest)
    frame = long_table(max_length + longest)
    read = spans.windows(frame, either, max_length)
    starts, ends = (
        [draw.normal(scale=2, size=length).round().astype(np.float32) for length in read.examples.lengths]
        for _ in range(2)
    )
    for scores, place in zip([*starts, *ends], [*read.place, *read.place], strict=True):
        scores[:place] += 9  # the question scores high, and must not be taken
        scores[-1] += 9  # nor the end
    found = spans.answers(frame["second"].tolist(), read, starts, ends, longest=longest)
    refused = 0
    for i, row in enumerate(frame.itertuples()):
        numbers = np.flatnonzero(read.question == i)
        own = [(read.low[number], read.high[number]) for number in numbers]
        _, characters = tokens_of(either, row)
        candidates = []
        for window, (number, (low, high)) in enumerate(zip(numbers, own, strict=True)):
            for first in range(low, high):
                if best_context(own, first) != window:
                    refused += 1
                    continue
                for last in range(first, min(first + longest, high)):
                    places = (read.place[number] + at - low for at in (first, last))
                    score = sum(of[number][at] for of, at in zip((starts, ends), places, strict=True))
                    candidates.append((score, row.second[characters[first][0] : characters[last][1]]))
        assert found[i] == max(candidates, key=lambda candidate: candidate[0])[1]
    assert (refused > 0) == (max_length < 250)


def test_a_token_is_a_start_only_where_it_has_most_context(tokenizer):
    """BERT's own illustration, in windows of five tokens: `bought` is in the second and third, and counts in the third.

    w0 the, w1 man, w2 went, w3 to, w4 the, w5 store, w6 and, w7 bought, w8 a, w9 gallon, w10 of
    """
    frame = pd.DataFrame({"first": ["w20 w21"], "second": [" ".join(f"w{i}" for i in range(11))]})
    read = spans.windows(frame, tokenizer, 10)
    assert list(zip(read.low, read.high, strict=True)) == [(0, 5), (3, 8), (6, 11)]
    scores = [np.zeros(10) for _ in range(3)]
    scores[1][4 + 7 - 3] = 9  # `bought` at the end of the second window
    scores[2][4 + 7 - 6] = 1  # and second in the third
    assert spans.answers(frame["second"].tolist(), read, scores, scores, longest=1) == ["w7"]
    scores[2][4 + 7 - 6] = -1
    assert spans.answers(frame["second"].tolist(), read, scores, scores, longest=1) == ["w0"]
    # As an end it counts where it stands: w5 has its most context in the second window.
    scores[1][4 + 5 - 3] = 2
    assert spans.answers(frame["second"].tolist(), read, scores, scores) == ["w5 w6 w7"]


def test_a_hundred_tokens_more_weigh_as_one_of_context(tokenizer):
    """The second window of 384 tokens holds 118 fewer of the paragraph than the first; token 253 has 124 and 125."""
    frame = pd.DataFrame({"first": ["w1 w2 ?"], "second": [" ".join(f"w{i % 50}" for i in range(388))]})
    read = spans.windows(frame, tokenizer, 384)
    assert list(zip(read.low, read.high, strict=True)) == [(0, 378), (128, 388)]
    for token, window in ((252, 0), (253, 0), (254, 1)):
        assert best_context([(0, 378), (128, 388)], token) == window
        scores = [np.zeros(384), np.zeros(266)]
        scores[window][5 + token - read.low[window]] = 1
        assert spans.answers(frame["second"].tolist(), read, scores, scores, longest=1) == [f"w{token % 50}"]


def test_right_scores_give_the_right_answers_back(either):
    for frame, max_length in ((table(), 30), (long_table(7, rows=40), 40)):
        read, numbers = spans.windows(frame, either, max_length), spans.encode(frame, either, max_length).numbers
        scores = [
            [
                (place > 0) * np.eye(1, int(length), place)[0]
                for place, length in zip(numbers[name].tolist(), read.examples.lengths, strict=True)
            ]
            for name in ("start_positions", "end_positions")
        ]
        found = spans.answers(frame["second"].tolist(), read, *scores)
        # A full stop after the answer may be part of its last token.
        assert [text.rstrip(".") for text in found] == [text.rstrip(".") for text in frame["answer"]]


def test_a_character_of_several_tokens_is_answered_whole(byte_level):
    paragraph = "w1 \U0001f600 caf\u00e9 w2"
    for answer in ("\U0001f600", "caf\u00e9", "\u00e9"):
        frame = table([("w3 ?", paragraph, answer, paragraph.index(answer))])
        read, numbers = spans.windows(frame, byte_level, 40), spans.encode(frame, byte_level, 40).numbers
        start, end = (numbers[name].item() for name in ("start_positions", "end_positions"))
        assert end > start > 0
        length = int(read.examples.lengths[0])
        scores = [[np.eye(1, length, place)[0]] for place in (start, end)]
        (found,) = spans.answers([paragraph], read, *scores)
        assert found == answer


def test_a_paragraph_without_words_has_an_empty_answer(tokenizer):
    frame = pd.DataFrame({"first": ["w1 ?", "w2 ?"], "second": [" ", "w3"]})
    read = spans.windows(frame, tokenizer, 12)
    assert spans.answers(frame["second"].tolist(), read, [np.zeros(5), np.zeros(6)], [np.zeros(5), np.zeros(6)]) == [
        "",
        "w3",
    ]
