"""The ledger as pages tell it: every sentence read, each with the numbers that it was made of."""

import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from lottery import claims, store
from lottery.claims import HOLDS, MISSING, OPEN, SILENT, Evidence, Need, Plan, _runs
from lottery.suite import ledger
from lottery.suite.chapter import all_published

ROOT = Path(__file__).parent.parent
INFINITE, NAN = math.inf, math.nan


def evidence(**change: object) -> dict[str, object]:
    """A row of the evidence: 1.5 points of 0.5 to 2.5 over three seeds, where more than 1 was claimed."""
    row = {"claim": "bad_tickets_win", "source": "minilm", "what": "good minus bad", "unit": "points",
           "claimed": (1.0, INFINITE), "estimate": 1.5, "low": 0.5, "high": 2.5, "basis": "3 seeds", "p": 0.2,
           "silent": "", "favoured": "", "supposed": 2.0, "plan": Plan("seeds", 3, 1.0, seconds=60.0),
           "verdict": OPEN, "why": ""}  # fmt: skip
    return row | change


def lacking(**change: object) -> dict[str, object]:
    """A row of `needs`: 12 seeds instead of 3, a minute each."""
    return evidence(**Need("seeds", 3, 12.0, NAN, 540.0, "")._asdict(), **change)


def with_need(need: Need, **change: object) -> dict[str, object]:
    return evidence(**change) | need._asdict()


def test_a_headline_counts_every_state_that_some_claim_came_to():
    """One and several of each state; all that are counted are all that there are."""
    told = pd.Series([HOLDS, claims.FAILS, OPEN, SILENT, MISSING, claims.UNASKED])
    assert ledger.headline(told) == (
        "1 holds, 1 fails, 1 is undecided, 1 has evidence that says nothing, 1 has no number, 1 is not asked"
    )
    twice = pd.concat([told, told])
    assert ledger.headline(twice) == (
        "2 hold, 2 fail, 2 are undecided, 2 have evidence that says nothing, 2 have no number, 2 are not asked"
    )
    assert ledger.headline(pd.Series([OPEN, HOLDS, HOLDS])) == "2 hold, 1 is undecided"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        *((1.0, "1.00"), (-1.234, "−1.23"), (12.345, "12.35"), (0.1, "0.10"), (0.0999, "0.1"), (-0.0123, "−0.012")),
        *((0.0, "0"), (-0.0, "0"), (-1e-9, "0"), (0.00042, "0.00042"), (1234.5, "1234.50")),
    ],
)
def test_a_number_is_short_and_its_minus_sign_is_no_hyphen(value, told):
    assert ledger.number(value) == told
    assert float(told.replace("−", "-")) == pytest.approx(value, rel=0.06, abs=1e-6)


def test_a_range_is_told_by_the_ends_that_it_has():
    assert ledger.in_range(-INFINITE, 2.0) == "below 2.00"
    assert ledger.in_range(0.0, INFINITE) == "above 0"
    assert ledger.in_range(-1.0, 1.0) == "between −1.00 and 1.00"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, "good minus bad: **1.50** points (0.50 to 2.50, 3 seeds); claimed above 1.00: *undecided*"),
        (
            {"verdict": SILENT, "why": "it lies as claimed, but the mask was chosen by it"},
            "good minus bad: **1.50** points (0.50 to 2.50, 3 seeds); claimed above 1.00: *says nothing*, it lies as "
            "claimed, but the mask was chosen by it",
        ),
        (
            {"unit": "", "low": NAN, "high": NAN, "basis": "one seed: no interval"},
            "good minus bad: **1.50** (one seed: no interval); claimed above 1.00: *undecided*",
        ),
        (
            {"estimate": NAN, "low": NAN, "high": NAN, "basis": "not recorded", "verdict": MISSING,
             "why": "not recorded"},
            "good minus bad: no number; claimed above 1.00: *no number*, not recorded",
        ),
    ],
)  # fmt: skip
def test_a_measurement_is_told_with_its_interval_its_claim_and_its_reason_once(change, told):
    assert ledger.measurement(evidence(**change)) == told


def test_measurements_that_say_nothing_for_one_reason_are_told_together():
    nothing = {"estimate": NAN, "low": NAN, "high": NAN, "verdict": SILENT}
    rows = pd.DataFrame([
        evidence(what="one", why="no better than the majority-class baseline", **nothing),
        evidence(what="two"),
        evidence(what="three", why="no better than the majority-class baseline", **nothing),
        evidence(what="four", why="too few labels", **nothing),
        evidence(what="five", verdict=SILENT, why="it lies as claimed, but it is favoured"),
    ])  # fmt: skip
    told = ledger.measurements(rows)
    assert [line.split(":")[0] for line in told] == ["two", "five", "one and 1 more like it", "four"]
    assert told[2:] == [
        "one and 1 more like it: *says nothing*, no better than the majority-class baseline",
        "four: *says nothing*, too few labels",
    ]
    assert sum("like it" in line for line in told) == 1


def test_needs_are_those_of_undecided_measurements_the_cheapest_first():
    rows = pd.DataFrame([
        evidence(what="decided", verdict=HOLDS),
        evidence(what="dear", plan=Plan("seeds", 3, 1.0, seconds=60.0)),
        evidence(what="cheap", plan=Plan("seeds", 3, 2.0, seconds=1.0)),
        evidence(what="untimed", plan=Plan("seeds", 3, 1.0)),
        evidence(what="not to be had", plan=None),
    ])  # fmt: skip
    found = ledger.needs(rows)
    assert found["what"].tolist() == ["cheap", "dear", "untimed", "not to be had"]
    by_what = found.set_index("what")
    each = claims.need(Evidence(**{name: rows.iloc[1][name] for name in Evidence._fields}))
    assert by_what.loc["dear", list(Need._fields)].tolist()[:3] == ["seeds", 3, each.needed]
    assert by_what.loc["dear", "seconds"] == 60.0 * (each.needed - 3)
    assert by_what.loc["not to be had", "why"] == "more is not to be had"
    assert set(evidence()) <= set(found)  # what was measured stands beside it
    assert ledger.needs(rows[:1]).empty


def test_a_chapter_asks_for_what_decides_the_claims_that_a_night_decides():
    """Of two claims of one chapter the one that needs more; nothing for one that takes too long or more data."""
    night = 12 * 3600.0
    told = [
        ("bad_tickets_win", "minilm", Need("seeds", 3, 12.0, NAN, 0.6 * night, "")),
        ("good_weights_match", "minilm", Need("seeds", 2, 30.0, NAN, 0.4 * night, "")),
        ("bad_weights_lose", "minilm", Need("seeds", 3, 50.0, NAN, 0.6 * night, "")),
        ("bad_weights_lose", "minilm", Need("seeds", 3, 60.0, NAN, 0.6 * night, "")),  # together a night and a fifth
        ("good_components_trail", "minilm", Need("seeds", 3, 9.0, 5000.0, 9.0, "")),
        ("random_tickets_win", "minilm", Need("seeds", 3, NAN, NAN, NAN, "how far they spread is not known yet")),
        ("low_sparsity_is_free", "miniature", Need("worlds", 3, 8.0, NAN, 60.0, "")),
        ("masks_are_unstable", "minilm", Need("seeds", 5, 3.0, NAN, 0.0, "")),  # as many are there
    ]
    rows = pd.DataFrame([evidence(claim=name, source=source) | need._asdict() for name, source, need in told])
    found = ledger.wanted(rows)
    assert found.to_numpy().tolist() == [
        ["minilm", "good_random_bad", "seeds", 2, 30.0, 2],
        ["miniature", "gordon_pruning", "worlds", 3, 8.0, 1],
    ]
    assert list(found) == ["source", "chapter", "units", "count", "needed", "claims"]
    assert ledger.within_reach(rows[:1])
    assert not ledger.within_reach(rows[2:4])
    assert not ledger.within_reach(rows[4:5])
    assert not ledger.within_reach(rows[5:6])
    assert not ledger.within_reach(rows[:0])
    assert ledger.wanted(rows[4:6]).empty


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (lacking(), "12 seeds instead of 3, if the truth is 2.00 points."),
        (lacking(unit=""), "12 seeds instead of 3, if the truth is 2.00."),
        (
            with_need(Need("seeds", 3, 2000.0, 5200.0, 9.0, ""), plan=Plan("seeds", 3, 1.0, 2.0, 1043)),
            "2,000 seeds instead of 3 and a dev set of 5,200 examples instead of 1,043, if the truth is 2.00 points.",
        ),
        (with_need(Need("seeds", 3, INFINITE, NAN, NAN, "")), "No number of seeds shows it where the truth is 2.00 "
                                                              "points."),
        (with_need(Need("worlds", 9, 8.0, NAN, 0.0, "")), "9 worlds would show it in four of five cases, if the "
                                                          "truth is 2.00 points."),
        (with_need(Need("", 0, NAN, NAN, NAN, "more is not to be had")), "More is not to be had."),
    ],
)  # fmt: skip
def test_what_is_lacking_is_told_in_a_sentence(row, told):
    assert ledger.need_in_words(row) == told


def test_a_percent_sign_stands_right_behind_its_number_and_a_word_apart():
    assert [ledger.in_unit("**3**", unit) for unit in ("%", "points", "")] == ["**3**%", "**3** points", "**3**"]


@pytest.mark.parametrize(
    ("seconds", "examples", "told"),
    [
        (NAN, NAN, "not known"),
        (60.0, 5000.0, "more data"),
        (0.0, NAN, "nothing more"),
        (90.0, NAN, "2 min, within reach"),
        (3599.0, NAN, "60 min, within reach"),
        (2.4 * 3600, NAN, "2 h, within reach"),
        (12 * 3600.0, NAN, "12 h, within reach"),
        (13 * 3600.0, NAN, "13 h, for a GPU"),
    ],
)
def test_a_night_is_within_reach(seconds, examples, told):
    assert ledger.time_in_words({"units": "seeds", "seconds": seconds, "examples": examples}) == told


def test_more_heads_than_a_model_has_are_those_of_a_larger_one():
    assert ledger.time_in_words({"units": "heads", "seconds": NAN, "examples": NAN}) == "a larger model"


def test_what_is_recorded_of_a_chapter_is_weighed_and_what_is_not_has_no_number(tmp_path):
    """Of one profile and one chapter; the two that are always told stand first."""
    (tmp_path / "records/mine").mkdir(parents=True)
    for chapter in ("gordon_masks", "another_chapter"):
        shutil.copy(ROOT / "book/records/minilm/gordon_masks.parquet", tmp_path / f"records/mine/{chapter}.parquet")
    found = ledger.weighed(tmp_path / "records", ["gordon_masks", "mask_learning"])
    assert found.sources == ["published", "minilm", "miniature", "mine"]
    assert found.recorded == {"minilm": set(), "miniature": set(), "mine": {"gordon_masks"}}
    assert found.verdicts.loc["masks_differ_little", "mine"] == HOLDS
    assert set(found.verdicts["minilm"]) == {MISSING, claims.UNASKED}
    assert found.verdicts["published"].equals(
        claims.verdicts(claims.evidence(all_published(), {}), ["published"])["published"]
    )
    assert [ledger.named(each) for each in found.sources] == [
        "In print", "On a real BERT", "On the miniature", "Under the profile mine",
    ]  # fmt: skip


def test_evidence_is_computed_once_until_what_it_rests_on_changes(tmp_path, monkeypatch):
    computed, chapters, evidence = [], ["gordon_masks", "gordon_pruning"], claims.evidence
    monkeypatch.setattr(claims, "evidence", lambda *tables: computed.append(1) or evidence(*tables))
    shutil.copytree(ROOT / "book/records/minilm", tmp_path / "records/minilm")

    def times():
        found = ledger.weighed(tmp_path / "records", chapters)
        return len(computed), found

    first, again = times(), times()
    assert (first[0], again[0]) == (1, 1)
    assert_frame_equal(first[1].evidence, again[1].evidence)
    sizes = all_published()["glue_dev"].set_index("task")["examples"]
    tables = {
        name: _runs.prepared(store.recorded(tmp_path / f"records/minilm/{name}.parquet"), sizes) for name in chapters
    }
    expected = evidence(all_published(), {"minilm": tables, "miniature": {}})
    assert_frame_equal(again[1].evidence, expected)
    assert again[1].verdicts.equals(claims.verdicts(again[1].evidence, again[1].sources))
    monkeypatch.setattr(claims, "evidence", lambda *_: computed.append(1) or expected)  # when, and no longer what
    kept = tmp_path / "_build/evidence.json"
    assert list(json.loads(kept.read_text().partition("\n")[2])["recorded"]) == ["miniature", "minilm"]
    (tmp_path / "_build/.evidence-1.json").write_text("half")  # of a process that was killed
    kept.write_text(kept.read_text().replace("0.05", "0.06", 1))  # a bit has flipped
    assert times()[0] == 2
    assert sorted(path.name for path in kept.parent.iterdir()) == ["evidence.json", "evidence.lock"]
    changed = tmp_path / "records/minilm/gordon_masks.parquet"
    pd.read_parquet(changed).iloc[:-1].to_parquet(changed)
    assert times()[0] == 3
    changed.unlink()
    assert times()[0] == 4
    (tmp_path / "records/minilm/all_methods.parquet").write_bytes(b"of another chapter")
    assert times()[0] == 4
