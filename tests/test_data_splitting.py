"""Parts of a table: rows of one text stay together, and labels keep their shares."""

import pandas as pd
import pytest

from lottery.data import splitting


def test_rows_of_one_text_go_together_and_each_label_has_its_share():
    table = pd.DataFrame({"first": [f"text {number // 2}" for number in range(80)], "label": [0, 0, 1, 1] * 20})
    one, other = splitting.held_out(table, 0.2, seed=3, stratified=True)
    assert not set(one["first"]) & set(other["first"])
    assert (len(one), len(other)) == (64, 16)
    assert other["label"].value_counts().to_dict() == {0: 8, 1: 8}
    again, _ = splitting.held_out(table, 0.2, seed=3, stratified=True)
    assert again.equals(one)


def test_a_table_without_labels_is_dealt_out_too():
    table = pd.DataFrame({"first": list("abcdefghij"), "second": list("klmnopqrst")})
    one, other = splitting.held_out(table, 0.3, seed=0, stratified=False)
    assert sorted([*one["first"], *other["first"]]) == list("abcdefghij")
    assert len(other) == 3


def test_a_label_of_one_text_cannot_be_in_both():
    table = pd.DataFrame({"first": ["same"] * 12 + list("abcdefgh"), "label": [1] * 12 + [0] * 8})
    with pytest.raises(ValueError, match="least populated"):
        splitting.held_out(table, 0.2, seed=0, stratified=True)


def test_rows_of_dev_that_train_has_too_and_rows_at_odds_are_counted():
    train = pd.DataFrame({"first": ["a b", "c", "c", "d", "d"], "label": [0, 1, 1, 0, 1]})
    dev = pd.DataFrame({"first": ["a  b", "x", "c", "x"], "label": [0, 1, 1, 1]})
    assert splitting.also_in(train, dev) == sum(
        any(text.split() == other.split() for other in train["first"]) for text in dev["first"]
    )
    assert splitting.also_in(train, dev) == 2
    assert (splitting.at_odds(train), splitting.at_odds(dev)) == (2, 0)
    pairs = [table.assign(second=[str(number) for number in range(len(table))]) for table in (train, dev)]
    assert splitting.also_in(*pairs) == 2
    assert splitting.also_in(pairs[0], pairs[1].assign(second="none")) == 0


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((10, 10), True), ((9, 90), False), ((10,), True), ((10, 10, 10), True), ((19, 1), False)],
)
def test_each_label_has_its_share_where_a_stratified_part_holds_it(counts, expected):
    """By counting in the part itself, which has a tenth of the texts; every text stands there twice."""
    texts = [(f"text {label} {number}", label) for label, count in enumerate(counts) for number in range(count)]
    table = pd.DataFrame(texts * 2, columns=["first", "label"])
    assert splitting.texts_of_labels(table).to_dict() == dict(enumerate(counts))
    assert splitting.each_label_has(table, 0.1) is expected
    if expected:
        _, part = splitting.held_out(table, 0.1, seed=0, stratified=True)
        assert part["label"].value_counts().to_dict() == {label: 2 * count // 10 for label, count in enumerate(counts)}


@pytest.mark.parametrize("count", [1, 7, 20, 59, 60])
def test_a_stratified_part_holds_of_each_label_its_share_and_of_numbers_each_range(count):
    labels = [0] * 6 + [1] * 30 + [2] * 24
    table = pd.DataFrame({"first": [f"text {number}" for number in range(60)], "label": labels})
    table = table.sample(frac=1, random_state=1).reset_index(drop=True)
    part = splitting.stratified(table, count, seed=3)
    assert len(part) == count == part["first"].nunique()
    for label, of in ((0, 6), (1, 30), (2, 24)):
        assert abs((part["label"] == label).sum() - count * of / 60) < 1
    places = [table["first"].tolist().index(text) for text in part["first"]]
    assert places == sorted(places)
    assert table.iloc[places].reset_index(drop=True).equals(part)
    numbers = splitting.stratified(table.assign(label=range(60)), count, seed=3)["label"]
    assert all(abs(number - (rank + 0.5) * 60 / count) <= 1 for rank, number in enumerate(sorted(numbers)))


def test_a_stratified_part_is_the_same_for_a_seed_and_the_whole_where_there_is_no_more():
    table = pd.DataFrame({"first": [f"text {number}" for number in range(60)], "label": [0, 1] * 30})
    part = splitting.stratified(table, 20, seed=3)
    assert splitting.stratified(table, 20, seed=3).equals(part)
    assert not splitting.stratified(table, 20, seed=4).equals(part)
    assert all(splitting.stratified(table, count, seed=3).equals(table) for count in (0, 60, 61))
