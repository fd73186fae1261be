"""The ledger of claims: the rule on made-up measurements, and the claims in print computed by hand."""

import inspect
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, norm, ttest_1samp
from scipy.stats import f as fisher
from scipy.stats import t as student

from lottery import claims
from lottery import statistics as stats
from lottery import store as runs
from lottery.choices import choose, offered
from lottery.claims import FAILS, HOLDS, MISSING, OPEN, SILENT, UNASKED, Evidence, Plan, need, together
from lottery.claims import _evidence as evidence
from lottery.claims import _gordon as gordon
from lottery.claims._patterns import Recorded
from lottery.claims._runs import prepared
from lottery.statistics import power

ROOT = Path(__file__).parent.parent
CLAIMS = offered("claims")
PRINTED = {path.stem: pd.read_csv(path) for path in (ROOT / "book" / "published").glob("*.csv")}
SIZES = PRINTED["glue_dev"].set_index("task")["examples"]
INFINITE = math.inf


def printed(name: str) -> list[Evidence]:
    return choose("claims", name).published(PRINTED)


def judged(measurements: list[Evidence]) -> list[str]:
    return [verdict for verdict, _ in claims.judged(measurements)]


# The rule


@pytest.mark.parametrize("claimed", [(-1.0, 1.0), (0.0, INFINITE), (-INFINITE, 0.5)])
def test_a_measurement_over_seeds_has_the_interval_and_the_p_value_of_scipy(claimed):
    for shift in (-3.0, 0.2, 3.0):
        values = np.array([-0.1, 0.0, 0.3, 0.15]) + shift
        found = evidence.over("it", "points", claimed, values)
        interval = ttest_1samp(values, 0).confidence_interval(0.90)
        assert (found.estimate, found.low, found.high) == pytest.approx((values.mean(), *interval))
        sides = [
            ttest_1samp(values, bound, alternative="greater" if values.mean() > bound else "less").pvalue
            for bound in claimed
            if math.isfinite(bound)
        ]
        inside = claimed[0] < values.mean() < claimed[1]
        assert found.p == pytest.approx(max(sides) if inside else min(sides, key=lambda p: -p), abs=1e-9)


def test_a_measurement_within_a_margin_of_zero_is_the_test_of_equivalence():
    values = np.array([0.2, -0.3, 0.1])
    assert evidence.over("it", "", (-1.0, 1.0), values).p == pytest.approx(stats.equivalence(values, 0 * values, 1.0))


@pytest.mark.parametrize(
    ("values", "basis", "verdict"),
    [
        ([], "not recorded", MISSING),
        ([0.1, math.nan, 0.2], "missing or not defined for 1 of 3 seeds", MISSING),
        ([0.1], "one seed: no interval", OPEN),
        ([0.1, 0.1, 0.1], "3 seeds that do not differ: no interval", OPEN),
        ([0.1, 0.11, 0.12], "3 seeds", HOLDS),
        ([2.1, 2.11, 2.12], "3 seeds", FAILS),
        ([0.8, 0.99, 1.1], "3 seeds", OPEN),
        ([1.0, 1.2, 0.9], "3 seeds", OPEN),
    ],
)
def test_every_way_to_a_verdict(values, basis, verdict):
    found = evidence.over("it", "points", (-1.0, 1.0), values)
    assert found.basis == basis
    assert judged([found]) == [verdict]


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(-0.9, 0.9, HOLDS), (1.1, 1.3, FAILS), (0.9, 1.1, OPEN), (0.1 + 0.2 - 0.3, 1.0, OPEN)]
)
def test_an_interval_that_is_none_of_sampling_is_judged_as_it_lies(low, high, verdict):
    assert judged([evidence.within("it", "", (-1.0, 1.0), 0.5, low, high, basis="rounding")]) == [verdict]


def test_what_says_nothing_is_said_with_its_reason_whatever_was_measured():
    values = [0.1, 0.11, 0.12]
    plain = evidence.over("it", "points", (-1.0, 1.0), values)
    assert claims.judged([plain._replace(silent="at the floor")]) == [(SILENT, "at the floor")]
    favoured = plain._replace(favoured="the other was trained for less")
    assert claims.judged([favoured]) == [(SILENT, "it lies as claimed, but the other was trained for less")]
    against = evidence.over("it", "points", (-1.0, 1.0), [2.1, 2.11, 2.12])._replace(favoured="so")
    assert judged([against]) == [FAILS]  # what is favoured and fails all the same does fail


def test_one_that_fails_is_corrected_for_the_tests_beside_it_and_one_that_holds_is_not():
    """z = 1.8: p = .036 alone, .072 as one of two."""
    outside = evidence.with_error("it", "", (-INFINITE, 0.0), 1.8, 1.0, basis="")
    inside = evidence.with_error("it", "", (-INFINITE, 0.0), -1.8, 1.0, basis="")
    assert (outside.p, inside.p) == pytest.approx((0.0359, 0.0359), abs=1e-4)
    assert (outside.low, outside.high) == pytest.approx((1.8 - 1.645, 1.8 + 1.645), abs=0.001)
    assert judged([outside]) == [FAILS]
    assert claims.judged([outside, inside]) == [
        (OPEN, "outside its range, but not after Holm's correction for 2 tests"),
        (HOLDS, ""),
    ]
    assert judged([inside, inside, inside]) == [HOLDS] * 3
    rounded = evidence.within("it", "", (-INFINITE, 0.0), -1.0, -1.1, -0.9, basis="")
    assert judged([outside, rounded, inside._replace(silent="so")]) == [FAILS, HOLDS, SILENT]  # neither is a test


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("claimed", [(0.0, INFINITE), (-1.0, 1.0)])
def test_a_wrong_verdict_comes_in_one_of_twenty_at_the_most(parts, claimed):
    """All parts on a bound, where either verdict is as wrong as it can be; independent and over four seeds each."""
    generator = np.random.default_rng(9)
    found = []
    for _ in range(400):
        draws = generator.normal(claimed[0], 0.2, size=(parts, 4))
        found.append(together(judged([evidence.over("it", "points", claimed, values) for values in draws])))
    for verdict in (HOLDS, FAILS):
        assert np.mean([each == verdict for each in found]) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert parts > 1 or found.count(HOLDS) / 400 > 0.02  # and it is not far below either


def test_a_claim_needs_all_that_was_measured_and_tells_what_stands_in_its_way():
    assert together([]) == together([MISSING, MISSING]) == MISSING
    assert together([HOLDS, HOLDS]) == HOLDS
    assert together([HOLDS, MISSING]) == MISSING
    assert together([HOLDS, SILENT, MISSING]) == SILENT
    assert together([HOLDS, OPEN, SILENT]) == OPEN
    assert together([HOLDS, OPEN, SILENT, FAILS]) == FAILS


def test_values_of_models_are_those_of_their_worlds_and_a_given_model_is_a_fact():
    found = evidence.of_models("it", "", (0.0, INFINITE), pd.Series([1.0, 3.0, 4.0]), [1, 1, 2])
    assert (found.estimate, found.basis) == (3.0, "2 worlds")
    found = evidence.of_models("it", "", (0.0, INFINITE), pd.Series([0.2]), None)
    assert (found.low, found.high, judged([found])) == (0.2, 0.2, [HOLDS])


def test_a_bootstraps_p_value_says_what_its_interval_says():
    """Whichever side of the estimate the bound is on, and however lopsided the interval."""
    generator = np.random.default_rng(10)
    for _ in range(300):
        low, estimate, high = np.sort(generator.normal(size=3))
        for claimed in ((0.0, INFINITE), (-INFINITE, 0.0), (-0.5, 0.5)):
            found = evidence.bootstrapped("it", "", claimed, (estimate, low, high), units="heads", count=72)
            inside = claimed[0] < low and high < claimed[1]
            outside = high < claimed[0] or low > claimed[1]
            assert judged([found]) == [HOLDS if inside else FAILS if outside else OPEN]
    assert judged([evidence.bootstrapped("it", "", (0.0, 1.0), (math.nan,) * 3, units="heads", count=72)]) == [MISSING]
    assert judged(
        [evidence.bootstrapped("it", "", (0.0, 1.0), (0.5, math.nan, math.nan), units="heads", count=72)]
    ) == [OPEN]


def test_more_units_than_were_drawn_from_narrow_a_bootstraps_interval_by_their_root():
    """Of an even interval: with as many as are told, four in five such intervals clear the bound."""
    found = evidence.bootstrapped("it", "points", (0.0, INFINITE), (0.5, -1.5, 2.5), units="heads", count=72)
    assert (found.basis, found.plan.units, found.plan.count) == ("a bootstrap over 72 heads", "heads", 72)
    told = need(found)
    error = 2.0 / norm.ppf(0.95) * math.sqrt(72 / told.needed)
    assert norm.sf(norm.ppf(0.95) - found.supposed / error) == pytest.approx(0.8, abs=0.01)


def test_seeds_that_share_a_dev_set_have_its_error_beside_their_own():
    values = [1.0, 2.0, 4.0]
    alone = evidence.over("it", "points", (0.0, INFINITE), values, seconds=9.0)
    found = evidence.beside_dev_sets(alone, 0.8, 872)
    own = np.var(values, ddof=1) / 3
    freedom = (own + 0.64) ** 2 / (own**2 / 2)
    reach = student.ppf(0.95, freedom) * math.sqrt(own + 0.64)
    assert (found.estimate, found.high) == pytest.approx((7 / 3, 7 / 3 + reach))
    assert found.basis == "3 seeds and the examples of dev"
    assert found.plan == alone.plan._replace(fixed=0.8, examples=872)
    assert evidence.beside_dev_sets(alone, 0.0, 0) == alone
    one = evidence.over("it", "points", (0.0, INFINITE), values[:1])
    assert evidence.beside_dev_sets(one, 0.8, 872).basis == "one seed: no interval"


def test_a_deviation_is_judged_by_the_chi_square_test_of_its_samples_together():
    generator = np.random.default_rng(11)
    samples = [generator.normal(0, 4.0, size=5), generator.normal(9, 4.0, size=3)]
    found = evidence.deviation("it", "points", (1.0, INFINITE), samples)
    pooled = math.sqrt((4 * np.var(samples[0], ddof=1) + 2 * np.var(samples[1], ddof=1)) / 6)
    assert found.estimate == pytest.approx(pooled)
    assert (found.low, found.high) == pytest.approx(stats.deviation_interval(pooled, 6, level=0.9))
    assert found.p == pytest.approx(chi2.sf(6 * pooled**2 / 1.0, 6), abs=1e-6)
    above = evidence.pooled_deviation("it", "points", (10.0, INFINITE), 4.0, 6, basis="")
    assert above.p == pytest.approx(chi2.cdf(6 * 4.0**2 / 100, 6), abs=1e-6)
    assert judged([above]) == [FAILS]
    assert judged([evidence.deviation("it", "points", (1.0, INFINITE), [[1.0], []])]) == [MISSING]


def test_a_ratio_of_deviations_is_judged_by_the_f_test():
    found = evidence.ratio_of_deviations("it", (0.0, 1.0), 2.0, 4.0, (8, 12), basis="")
    assert found.estimate == 0.5
    assert found.p == pytest.approx(fisher.cdf(0.25, 8, 12), abs=1e-6)
    assert found.low == pytest.approx(0.5 / math.sqrt(fisher.ppf(0.95, 8, 12)))
    assert judged([found]) == [HOLDS]


@pytest.mark.parametrize(
    ("claimed", "unit", "truth"),
    [
        ((-1.0, 1.0), "points", 0.0),
        ((-INFINITE, 5.0), "points", 0.0),
        ((2.0, INFINITE), "points", 3.0),
        ((-INFINITE, 0.0), "nats", -0.05),
        ((3.15, 3.45), "points", 3.3),
        ((-INFINITE, -0.2), "", pytest.approx(-0.3)),
    ],
)
def test_the_truth_is_supposed_to_be_no_difference_or_one_worth_finding(claimed, unit, truth):
    assert evidence.supposed(claimed, unit) == truth


def test_what_it_would_take():
    """Against the power of the numbers that are told."""
    found = evidence.over("it", "points", (-1.0, 1.0), [0.2, -1.4, 1.2], units="worlds", seconds=60.0)
    told = need(found)
    spread = np.std([0.2, -1.4, 1.2], ddof=1)
    assert (told.units, told.count) == ("worlds", 3)
    assert told.needed == power.units_needed(0.0, spread, low=-1.0, high=1.0)
    assert told.seconds == (told.needed - 3) * 60.0
    assert need(found._replace(plan=None, p=math.nan)).why == "no run decides it: the printed digits do not tell"
    assert need(found._replace(plan=None)).why == "more is not to be had"
    assert "not known yet" in need(evidence.over("it", "points", (-1.0, 1.0), [0.2])).why
    shared = found._replace(plan=Plan("seeds", 3, 0.5, fixed=2.0, examples=400, seconds=10.0))
    told = need(shared)
    assert told.examples > 400
    fixed = 2.0 * math.sqrt(400 / told.examples)
    assert told.needed == power.units_needed(0.0, 0.5, low=-1.0, high=1.0, fixed=fixed)
    assert math.isfinite(told.seconds)
    varied = evidence.pooled_deviation("it", "points", (10.0, INFINITE), 11.5, 4, basis="")
    assert need(varied).needed == power.units_for_deviation(11.0, low=10.0, high=INFINITE)


# Every claim


def test_as_many_are_found_as_there_are():
    assert len(CLAIMS) == 73


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_says_what_it_is_and_the_page_reads_its_records(name):
    claim = choose("claims", name)
    title, _, how = claim.__doc__.partition("\n\n")
    assert title.endswith(".")
    assert how.strip()
    assert claim.CLAIM.endswith(".")
    assert claim.WHERE
    assert isinstance(claim.NOT_OF_MINIATURE, str)
    assert isinstance(claim.MARGIN, float)
    assert f"{{{claim.PAPER}," in (ROOT / "book/references.bib").read_text(encoding="utf-8")
    assert hasattr(claim, "measured") == (claim.TABLE is not None)
    for page in ("claims", "what_it_would_take", "index"):
        text = (ROOT / f"notebooks/analyses/{page}.py").read_text(encoding="utf-8")
        assert claim.TABLE is None or f'"{claim.TABLE}"' in text, page
    for each in claim.published(PRINTED):
        assert each.claimed[0] < each.claimed[1]
        assert not each.low > each.estimate + 1e-9
        assert not each.estimate > each.high + 1e-9


def test_what_is_not_asked_of_a_model_is_said_with_its_reason():
    assert claims.not_asked("short_pieces_go_first", "miniature").startswith("its words are made up")
    assert claims.not_asked("short_pieces_go_first", "minilm") == ""
    assert claims.not_asked("matrices_have_one_variance", "minilm") == "the sentence is about one published model"
    assert claims.not_asked("matrices_have_one_variance", "published") == ""


def test_a_verdict_of_one_source_is_never_merged_with_anothers():
    rows = pd.DataFrame(
        [
            {"claim": "low_sparsity_is_free", "source": "published", "verdict": HOLDS},
            {"claim": "low_sparsity_is_free", "source": "miniature", "verdict": FAILS},
            {"claim": "masks_are_unstable", "source": "minilm", "verdict": OPEN},
        ]
    )
    found = claims.verdicts(rows, ["published", "minilm", "miniature"])
    assert list(found) == ["published", "minilm", "miniature"]
    assert found.loc["low_sparsity_is_free"].tolist() == [HOLDS, MISSING, FAILS]
    assert found.loc["masks_are_unstable"].tolist() == [MISSING, OPEN, MISSING]
    assert found.loc["short_pieces_go_first"].tolist() == [MISSING, MISSING, UNASKED]
    told = claims.counts(found["miniature"])
    assert sum(told.values()) == len(CLAIMS)
    assert list(told) == list(claims.STATES)


@pytest.fixture(scope="module")
def ledger() -> pd.DataFrame:
    """Of all that is printed and recorded."""
    chapters = {choose("claims", name).TABLE for name in CLAIMS} - {None}
    recorded = {
        folder.name: {
            path.stem: prepared(runs.recorded(path), SIZES)
            for path in folder.glob("*.parquet")
            if path.stem in chapters
        }
        for folder in (ROOT / "book" / "records").iterdir()
    }
    return claims.evidence(PRINTED, recorded)


def test_the_ledger_has_every_claim_of_every_source(ledger):
    told = {"one.of": "FineTuning", "one.of.task": "cola", "one.of.epochs": 1.0, "one.of.recipe": "printed",
            "one.of.seed": 1, "one.of.start.seed": 0, "one.sparsity": 0.6, "one.seed": 1,
            "other": "GradualPruning"}  # fmt: skip
    masks = pd.DataFrame([{"experiment": "MaskDifference", **told, "different": 0.02, "parameters": "{}"}])
    found = claims.evidence(PRINTED, {"minilm": {"gordon_masks": prepared(masks, SIZES)}, "miniature": {}})
    of_ours = found[(found["source"] != "published") & (found["claim"] == "masks_differ_little")]
    assert of_ours[["source", "estimate", "verdict"]].to_numpy().tolist() == [["minilm", 2.0, OPEN]]
    in_print = ledger[ledger["source"] == "published"].groupby("claim").size()
    assert in_print.sum() == sum(len(printed(name)) for name in CLAIMS)


def test_no_printed_interval_contradicts_its_verdict(ledger):
    assert len(ledger) > 200
    for row in ledger.itertuples():
        below, above = row.claimed
        inside, outside = below < row.low and row.high < above, row.high < below or row.low > above
        if row.verdict == HOLDS:
            assert inside, row
        if row.verdict == FAILS:
            assert outside, row
        if row.verdict == OPEN:
            assert not inside, row
            assert not outside or "Holm" in row.why, row
        if row.verdict in (SILENT, MISSING):
            assert row.why, row


def test_every_undecided_measurement_says_what_it_would_take(ledger):
    for row in ledger[ledger["verdict"] == OPEN].to_dict("records"):
        told = need(Evidence(**{name: row[name] for name in Evidence._fields}))
        assert told.why or told.needed >= 2, row
        assert math.isnan(told.seconds) or told.seconds >= 0


def told_in(page: str) -> str:
    """The text of a notebook on one line, without the signs of comments."""
    return " ".join((ROOT / f"notebooks/{page}.py").read_text(encoding="utf-8").replace("#", " ").split())


def recorded(profile: str, chapter: str) -> pd.DataFrame:
    return runs.recorded(ROOT / "book/records" / profile / f"{chapter}.parquet")


def test_what_pages_and_ledger_once_told_apart_they_tell_alike(ledger):
    """Verdicts that contradicted a chapter, the landing page or each other, each with what it was that they did."""
    verdict = claims.verdicts(ledger, ["published", "minilm", "miniature"])
    counted = [column for column in verdict if column != claims.MINIATURE]
    assert counted == ["published", "minilm"]  # the miniature is no evidence about BERT
    index = (ROOT / "notebooks/analyses/index.py").read_text(encoding="utf-8")
    assert "no evidence" in index
    # A model that always answers the same class refuted BERT's regimes.
    assert verdict.loc["high_sparsity_binds"].tolist()[:2] == [HOLDS, SILENT]
    # Made-up words spoke against a claim on English ones; 0.07 counted where its chapter calls that none.
    assert verdict.loc["short_pieces_go_first", "miniature"] == UNASKED
    margin = choose("claims", "short_pieces_go_first").MARGIN
    assert f"within {margin:g} of zero counts as" in told_in("analyses/gordon_weights")
    # A property of ranks was a finding; the rate of the miniature overruled BERT's own movement.
    assert verdict.loc["large_weights_are_stable"].tolist()[1:] == [SILENT, SILENT]
    assert verdict.loc["weights_keep_their_place"].tolist() == [HOLDS, HOLDS, UNASKED]
    assert verdict.loc["masks_differ_little", "miniature"] == UNASKED
    # 24 heads of the miniature overruled the authors' own masks.
    assert verdict.loc["masks_are_unstable", "published"] == HOLDS
    # Two thirds of a model held as 10 to 26% of it.
    assert verdict.loc["super_survivors_lose_little", "minilm"] == SILENT
    # Two fine-tunings of one pruned model, at the floor, were as good as another by a wider margin than the claim's.
    free = choose("claims", "low_sparsity_is_free").MARGIN
    text = told_in("experiments/gordon_pruning")
    assert f"within {free:g} point, the margin of the claim" in text
    assert "margin=MARGIN / 100" in text
    assert "' =' if several" in text
    minilm = ledger[(ledger["claim"] == "low_sparsity_is_free") & (ledger["source"] == "minilm")]
    assert HOLDS not in set(minilm["verdict"])
    # Super-survivors were compared with heads among which they are, by a pattern of three labelled maps.
    text = told_in("analyses/attention_patterns")
    assert "{doc}`/analyses/claims` judges the paper's sentence by the other heads, task by task" in text
    raw = ledger[(ledger["claim"] == "survivors_are_not_more_linguistic") & (ledger["source"] == "minilm")]
    raw = raw[raw["what"].str.contains("raw")]
    assert set(raw["verdict"]) == {SILENT}
    assert set(raw["why"]) == {Recorded(recorded("minilm", "attention_patterns")).unknown("heterogeneous", ["raw"])}
    # The regulariser mattered because the sparsities that say otherwise were not asked.
    asked = ledger[(ledger["claim"] == "the_regulariser_matters") & (ledger["source"] == "miniature")]
    assert set(asked["verdict"]) >= {HOLDS, FAILS}


# The printed numbers


def test_the_dev_sets_have_as_many_examples_as_their_files(reference):
    for task, file, header in (
        ("cola", "glue/CoLA/dev.tsv", 0),
        ("sst2", "glue/SST-2/dev.tsv", 1),
        ("qnli", "glue/QNLI/dev.tsv", 1),
        ("mnli", "glue/MNLI/dev_matched.tsv", 1),
        ("stsb", "glue/STS-B/dev.tsv", 1),
    ):
        assert SIZES[task] == len(reference(file).read_text(encoding="utf-8").splitlines()) - header, task


def test_a_printed_accuracy_moves_as_the_four_fits_of_the_full_model_do():
    """By hand from the four rows of Table 1 at 0%: MNLI 83.1 83.0 82.6 83.3, CoLA 79.1 80.6 78.7 78.7."""
    deviations, freedom = gordon.replicates(PRINTED)
    assert freedom == 3
    assert deviations["mnli"] == pytest.approx(np.std([83.1, 83.0, 82.6, 83.3], ddof=1))
    assert deviations["cola"] == pytest.approx(np.std([79.1, 80.6, 78.7, 78.7], ddof=1))
    (mean_of_five,) = [math.sqrt((deviations**2).sum()) / 5]
    assert mean_of_five == pytest.approx(0.22, abs=0.005)


def test_free_weights_in_print():
    """By hand from Table 1, with each task's change at 30 and 40%: +.2 -.3 -.4 -.2 +.4 and -.1 -.4 -.7 -.6 -.7."""
    found = printed("low_sparsity_is_free")
    assert [each.estimate for each in found] == pytest.approx([-0.3 / 5, -2.5 / 5, 0.04, 0.11])
    deviations, _ = gordon.replicates(PRINTED)
    variances = 2 * deviations**2 / 25
    freedom = variances.sum() ** 2 / (variances**2 / 3).sum()
    reach = math.sqrt(variances.sum()) * student.ppf(0.95, freedom)
    assert (found[0].low, found[0].high) == pytest.approx((-0.06 - reach, -0.06 + reach), abs=1e-9)
    assert (found[3].low, found[3].high) == pytest.approx((0.10, 0.12))
    assert judged(found) == [HOLDS, OPEN, OPEN, FAILS]


def test_medium_sparsity_in_print():
    loss, deleted, alike = printed("medium_sparsity_deletes")
    assert loss.estimate == pytest.approx((2.03 + 2.25) / 2 - 1.82)
    # Means over tasks at 0, 50 and 60%: deletion 87.26, 86.42, 85.74; pruning 86.18, 85.56.
    assert deleted.estimate == pytest.approx((86.42 + 85.74) / 2 - 87.26)
    assert alike.estimate == pytest.approx((86.42 - 86.18 + 85.74 - 85.56) / 2)
    assert judged([loss, deleted, alike]) == [HOLDS, HOLDS, HOLDS]
    # The control of the second stands in both differences: its error does not shrink with their number.
    deviations, _ = gordon.replicates(PRINTED)
    one = (deviations**2).sum() / 25
    reach = {name: each.high - each.estimate for name, each in (("deleted", deleted), ("alike", alike))}
    assert reach["deleted"] / reach["alike"] == pytest.approx(math.sqrt((one / 2 + one) / (4 * one / 4)), rel=1e-6)


def test_high_sparsity_in_print_leaves_out_what_one_answer_to_all_gets():
    """Deletion minus pruning at 70, 80, 90%; from 80% on CoLA is not clearly above .691, the majority class."""
    recovered, fit = printed("high_sparsity_binds")
    by_task = {
        "mnli": [80.8 - 79.5, 78.6 - 75.9, 72.9 - 64.8],
        "qqp": [90.2 - 88.6, 89.3 - 86.9, 87.5 - 81.1],
        "qnli": [88.7 - 88.4, 86.0 - 85.3, 76.8 - 71.7],
        "sst2": [90.3 - 90.1, 88.8 - 88.1, 83.0 - 80.3],
        "cola": [74.4 - 72.7],
    }
    assert recovered.estimate == pytest.approx(np.mean([np.mean(values) for values in by_task.values()]))
    assert fit.estimate == pytest.approx((1.36 + 1.75 + 2.50) / 15 - 0.79 / 5)
    assert judged([recovered, fit]) == [HOLDS, HOLDS]


def test_pruning_after_fine_tuning_in_print():
    low, medium, high = printed("fine_tuning_does_not_help")
    # Sums over tasks at 50 and 60%: 431.4 and 428.0 after, 430.9 and 427.8 before.
    assert medium.estimate == pytest.approx((0.5 + 0.2) / 10)
    assert low.estimate < 0 > high.estimate
    assert judged([low, medium, high]) == [HOLDS, HOLDS, HOLDS]


def test_who_fits_the_training_data_in_print():
    mean, worst = printed("deletion_fits_better")
    assert (mean.estimate, worst.estimate) == pytest.approx((0.157 - 0.157, 0.61 - 0.26))
    assert "CoLA" in worst.what
    assert judged([mean, worst]) == [OPEN, FAILS]
    pruned, deleted = printed("full_model_fits_best")
    assert (pruned.estimate, deleted.estimate) == pytest.approx((0.156 - 0.157, 0.072 - 0.157))
    assert judged([pruned, deleted]) == [OPEN, FAILS]
    late = printed("late_cut_fits_better")
    assert late[0].estimate == pytest.approx(
        np.mean([0.103, 0.107, 0.128, 0.139]) - np.mean([0.160, 0.160, 0.169, 0.156]), abs=0.002
    )
    assert judged(late) == [HOLDS] * 3
    fit, behind = printed("freed_models_stay_behind")
    assert fit.estimate == pytest.approx(np.mean([0.093, 0.115, 0.157]) - 0.157, abs=0.002)
    assert judged([fit, behind]) == [HOLDS, HOLDS]


def test_large_tasks_in_print():
    """What freeing wins at 70, 80 and 90%; of CoLA at 70% alone."""
    (found,) = printed("large_tasks_recover_more")
    large = np.mean([np.mean([1.3, 2.7, 8.1]), np.mean([1.6, 2.4, 6.4])])
    small = np.mean([np.mean([0.2, 0.7, 2.7]), 1.7])
    assert found.estimate == pytest.approx(large - small)
    assert judged([found]) == [HOLDS]


def test_thirty_percent_in_print():
    alike, dearest = printed("thirty_percent_costs")
    assert (alike.estimate, dearest.estimate) == pytest.approx((77.9 - 70.0, 77.4 - 69.1))
    assert "information deletion, 50% to 80%" in alike.what
    assert "pruning, 50% to 80%" in dearest.what
    assert judged([alike, dearest]) == [FAILS, FAILS]


def test_movement_and_variances_in_print():
    (moved,) = printed("weights_keep_their_place")
    assert moved.estimate == pytest.approx(4.12)
    smallest, largest = printed("matrices_have_one_variance")
    assert (smallest.estimate, largest.estimate) == pytest.approx((0.027**2, 0.048**2))
    assert judged([smallest, largest]) == [FAILS, FAILS]
    rates, sizes = printed("larger_rates_move_more")
    assert (rates.estimate, sizes.estimate) == pytest.approx((1.11 - 1.06, 1.91 - 1.82))
    (settled,) = printed("weights_settle_in_an_epoch")
    by_epoch = PRINTED["gordon2020_movement_by_epoch"].set_index(["task", "epochs"])["movement_mean"]
    more = [by_epoch[task, 12] / by_epoch[task, 1] - 1 for task in ("mnli", "qqp", "qnli", "sst2", "cola")]
    assert settled.estimate == pytest.approx(100 * np.mean(more))
    assert judged([settled]) == [FAILS]


def test_a_parabolas_distance_from_its_chord():
    """Of 3 + 2 x + 5 x^2 between 1 and 4: its chord is 5 (3 / 2)^2 above it in the middle."""
    x = np.array([1.0, 1.5, 2.2, 3.0, 4.0])
    bend = choose("claims", "accuracy_falls_in_line").bend_weights
    assert bend(x) @ (3 + 2 * x + 5 * x**2) == pytest.approx(5 * 1.5**2)
    assert bend(x) @ (3 + 2 * x) == pytest.approx(0, abs=1e-9)
    noisy = 3 + 2 * x - x**2 + np.array([0.1, -0.2, 0.1, 0.3, -0.1])
    assert bend(x) @ noisy == pytest.approx(np.polyfit(x, noisy, 2)[0] * 1.5**2)


def test_lines_in_print_are_fitted_where_the_model_learned_something(reference):
    *bends, slopes = printed("accuracy_falls_in_line")
    table = PRINTED["gordon2020_table1"]
    table = table[table["condition"] == "information_deletion"]
    left_out = {("cola", 0.8), ("cola", 0.9)}
    for found, task in zip(bends, ("mnli", "qqp", "qnli", "sst2", "cola"), strict=True):
        rows = table[(table["task"] == task) & np.array([(task, s) not in left_out for s in table["sparsity"]])]
        loss = rows["pretraining_loss"]
        fit = np.polyfit(loss, 100 * rows["accuracy"], 2)
        assert found.estimate == pytest.approx(fit[0] * (np.ptp(loss) / 2) ** 2)
    fits = pd.read_csv(reference("reference/gordon2020/expected_fit.csv"))
    flat = fits[(fits["condition"] == "information_deletion") & (fits["task"] == "QQP") & (fits["excluded"] == "none")]
    steep = table[(table["task"] == "cola") & (table["sparsity"] < 0.8)]
    steepness = np.polyfit(steep["pretraining_loss"], 100 * steep["accuracy"], 1)[0]
    assert slopes.estimate == pytest.approx(steepness - flat["slope_pct_per_nat"].item(), rel=1e-4)
    assert judged([*bends, slopes]) == [HOLDS, HOLDS, OPEN, HOLDS, OPEN, HOLDS]


def test_subnetworks_in_print():
    """Means over eight tasks and their errors by a loop over the stored results."""
    table = PRINTED["prasanna2020_results"]
    for name, pruning, pairs in (
        ("random_tickets_win", "structured", [("good", "random")]),
        ("bad_tickets_win", "structured", [("good", "bad")]),
        ("good_components_trail", "structured", [("full", "good")]),
        ("bad_weights_lose", "magnitude", [("good", "random"), ("random", "bad")]),
        ("good_weights_match", "magnitude", [("full", "good")]),
    ):
        for (one, other), found in zip(pairs, printed(name), strict=True):
            differences, variances = [], []
            for task in ("cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte"):
                value = {}
                for _, row in table.iterrows():
                    whole = row["subnetwork"] == "full"
                    if row["task"] == task and (whole or (row["pruning"] == pruning and row["retrained"])):
                        value[row["subnetwork"]] = (100 * row["mean"], 100 * row["sd"])
                differences.append(value[one][0] - value[other][0])
                variances += [value[one][1] ** 2 / 5, value[other][1] ** 2 / 5]
            assert found.estimate == pytest.approx(np.mean(differences))
            variances = np.array(variances)
            freedom = variances.sum() ** 2 / (variances**2 / 4).sum()
            reach = student.ppf(0.95, freedom) * math.sqrt(variances.sum()) / 8
            assert found.high - found.estimate == pytest.approx(reach, rel=1e-6)
    assert judged(printed("random_tickets_win")) == [OPEN]
    assert judged(printed("bad_tickets_win")) == [OPEN]
    assert judged(printed("bad_weights_lose")) == [HOLDS, HOLDS]
    assert judged(printed("good_weights_match")) == [HOLDS]


def test_super_survivors_in_print_are_few_and_lose_little():
    """Sizes counted in a second list of the authors' masks: of 34 heads and 9 MLPs CoLA's are 41% of BERT-base."""
    few, loss = printed("super_survivors_lose_little")
    survivors = PRINTED["prasanna2020_survivors"]
    survivors = survivors[(survivors["mode"] == "both") & (survivors["where"] == "dev")]
    kept = survivors.pivot_table("in_all_seeds", "task", "component")
    shares = (kept["heads"] * 4 * 64 * 768 + kept["mlps"] * 2 * 768 * 3072) / 109_482_240
    assert few.estimate == (shares.drop("wnli") <= 0.26).sum() == 6
    assert loss.estimate == pytest.approx(8.848, abs=0.001)
    assert judged([few, loss]) == [HOLDS, HOLDS]


def test_what_two_prunings_remove_in_print(reference):
    """By a loop over the sizes of the authors' own masks; a head of BERT-base has 4 x 64 x 768 weights."""
    folder = reference("reference/prasanna2020")
    structured, magnitude, by_seed, by_task = {}, {}, {}, {}
    for _, row in pd.read_csv(folder / "mask_sizes.csv").iterrows():
        if row["mode"] == "heads_mlps":
            left = row["heads_kept"] * 4 * 64 * 768 + row["mlps_kept"] * 2 * 768 * 3072
            structured[row["task"], row["seed"]] = left / (144 * 4 * 64 * 768 + 12 * 2 * 768 * 3072)
    for _, row in pd.read_csv(folder / "magnitude_sizes.csv").iterrows():
        magnitude[row["task"], row["seed"]] = 0.95 ** row["inferred_steps_of_5pct"]
    for (task, seed), left in structured.items():
        if task != "WNLI":
            by_seed.setdefault(seed, []).append(100 * (left - magnitude[task, seed]))
            by_task.setdefault(task, []).append(100 * (left - magnitude[task, seed]))
    means = [np.mean(values) for values in by_seed.values()]
    found, tasks = printed("weights_compress_more")
    assert found.estimate == pytest.approx(np.mean(means), abs=1e-5)
    assert (found.low, found.high) == pytest.approx(ttest_1samp(means, 0).confidence_interval(0.90), abs=1e-4)
    assert tasks.estimate == sum(np.mean(values) > 10 for values in by_task.values()) == 7
    assert judged([found, tasks]) == [HOLDS, HOLDS]


def test_how_seeds_vary_in_print():
    table = PRINTED["prasanna2020_results"]
    rows = table[(table["pruning"] == "structured") & ~table["retrained"]]
    named = rows[rows["task"].isin(["cola", "sst2", "mrpc", "stsb", "mnli"])]
    for kind, found in zip(("random", "bad"), printed("poor_tickets_vary"), strict=True):
        assert found.estimate == pytest.approx(100 * named.loc[named["subnetwork"] == kind, "sd"].min())
    assert judged(printed("poor_tickets_vary")) == [HOLDS, FAILS]  # 9 of the 10 are above 10 points
    pooled = {
        kind: np.sqrt(
            np.mean([row.sd**2 for row in rows.itertuples() if (row.subnetwork, row.task != "wnli") == (kind, True)])
        )
        for kind in ("good", "random", "bad")
    }
    ratios = [pooled["good"] / pooled[other] for other in ("random", "bad")]
    assert [each.estimate for each in printed("good_tickets_are_steady")] == pytest.approx(ratios)


def test_counts_of_tasks_and_averages_in_print():
    """Table 2 with its misprint on CoLA mended: bad heads and MLPs are 5 points ahead on 5 tasks, 4.5 on QQP."""
    (tasks,) = printed("bad_components_beat_bad_weights")
    assert tasks.estimate == 5
    table2 = PRINTED["prasanna2020_table2"].pivot_table("score", "task", "model").round(2)
    ahead = table2["bad_structured"] - table2["bad_magnitude"].where(table2.index != "cola", 0.02)
    assert (ahead.round(2) >= 0.05).sum() == 5
    (ahead,) = printed("pretrained_beats_untrained")
    drawn = [0.00, 0.78, 0.67, 0.78, 0.14, 0.63, 0.59, 0.53, 0.50]
    assert ahead.high == pytest.approx(67.366 - 100 * np.mean(drawn), abs=0.5)
    assert ahead.high - ahead.low == pytest.approx(1.0)
    lstm = [0.17, 0.87, 0.77, 0.85, 0.71, 0.66, 0.77, 0.58, 0.56]
    assert printed("bad_tickets_match_lstms")[0].estimate == pytest.approx(
        ahead.high + 100 * np.mean(drawn) - 100 * np.mean(lstm)
    )


def test_searches_alone_and_together_in_print(reference):
    sizes = pd.read_csv(reference("reference/prasanna2020/mask_sizes.csv"))
    kept = {(row.mode, row.task, row.seed): row for row in sizes.itertuples()}
    seeds = sorted({seed for mode, _, seed in kept if mode == "heads"})
    tasks = sorted({task for mode, task, _ in kept if mode == "heads"})
    alone = [
        100
        * np.mean(
            [(kept["heads", task, seed].heads_kept - kept["heads_mlps", task, seed].heads_kept) / 144 for task in tasks]
        )
        for seed in seeds
    ]
    heads, mlps, said = printed("fewer_remain_separately")
    assert heads.estimate == pytest.approx(np.mean(alone))
    assert (heads.low, heads.high) == pytest.approx(ttest_1samp(alone, 0).confidence_interval(0.90))
    assert judged([heads, mlps, said]) == [HOLDS, HOLDS, FAILS]
    assert judged(printed("together_is_smaller")) == [HOLDS, HOLDS]


def test_published_masks_agree_little_and_depend_on_the_seed():
    kappas = PRINTED["prasanna2020_agreement"].query("mode == 'both' and where == 'dev' and component == 'heads'")
    kappas = [row.kappa for row in kappas.itertuples() if row.task != "wnli"]
    least, most, share = printed("masks_are_unstable")
    assert (least.estimate, most.estimate) == (min(kappas), max(kappas))
    kin = PRINTED["prasanna2020_kinship"].set_index("without_seed")
    sizes = PRINTED["prasanna2020_masks"].query("pruning == 'structured' and subnetwork == 'good' and mode == 'both'")
    sizes = sizes[(sizes["where"] == "dev") & (sizes["task"] != "wnli")]
    attainable = []
    for _, some in sizes.groupby("task"):
        nested = [np.arange(144) < kept for kept in some["heads_kept"]]
        attainable.append(np.mean([cohen(a, b) for i, a in enumerate(nested) for b in nested[i + 1 :]]))
    assert share.estimate == pytest.approx(kin.loc["none", "same_task"] / np.mean(attainable))
    assert judged([least, most, share]) == [HOLDS, HOLDS, HOLDS]
    lost, symmetric = printed("masks_depend_on_the_seed")
    values = 1 - 2 * kin["same_task"] + kin["neither"]
    assert lost.estimate == pytest.approx(values["none"])
    without = values.drop("none").to_numpy()
    error = math.sqrt(4 / 5 * ((without - without.mean()) ** 2).sum())
    assert lost.high - lost.estimate == pytest.approx(2.131847 * error, rel=1e-5)
    assert symmetric.estimate == pytest.approx(0.119195 - 0.250508)
    assert judged([lost, symmetric]) == [HOLDS, FAILS]
    assert judged(printed("masks_are_not_alike")) == [FAILS]


def cohen(one, other):
    """Cohen's kappa by its definition."""
    one, other = np.array(one, dtype=float), np.array(other, dtype=float)
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return ((one == other).mean() - chance) / (1 - chance)


def test_where_components_survive_in_print():
    across = PRINTED["prasanna2020_across_tasks"]
    by_seed = {"heads": [], "mlps": []}
    for seed in across["seed"].unique():
        for component, middle in (("heads", range(8)), ("mlps", range(4, 8))):
            rows = across[(across["seed"] == seed) & (across["component"] == component)]
            inside = rows["layer"].isin(middle)
            by_seed[component].append(
                12.5 * (rows.loc[inside, "without_wnli"].mean() - rows.loc[~inside, "without_wnli"].mean())
            )
    for found, values in zip(printed("middle_components_survive"), by_seed.values(), strict=True):
        assert found.estimate == pytest.approx(np.mean(values))
        assert (found.low, found.high) == pytest.approx(ttest_1samp(values, 0).confidence_interval(0.90))
    weights = PRINTED["prasanna2020_weight_survival"]
    later = []
    for task in set(weights["task"]) - {"wnli"}:
        rows = weights[weights["task"] == task]
        parts = [
            rows[(rows["component"] == part) & (rows["layer"] >= 6)]["mean"].mean()
            - rows[(rows["component"] == part) & (rows["layer"] < 6)]["mean"].mean()
            for part in ("heads", "mlps")
        ]
        later.append(100 * np.mean(parts))
    (found,) = printed("earlier_layers_lose_more_weights")
    assert found.estimate == pytest.approx(np.mean(later))


def test_published_patterns_of_attention():
    """Differences task by task, in a loop over the rows; the other heads are all but the super-survivors."""
    share = {}
    for row in PRINTED["prasanna2020_attention_patterns"].itertuples():
        if row.model == "tuned":
            share[row.heads, row.kind, row.task, row.pattern] = 100 * row.share
    survivors = PRINTED["prasanna2020_survivors"].query("mode == 'both' and where == 'dev' and component == 'heads'")
    count = survivors.set_index("task")["in_all_seeds"]
    tasks = ("cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte")

    def rest(kind, task, pattern):
        few, every = share["super", kind, task, pattern], share["all", kind, task, pattern]
        return max((144 * every - count[task] * few) / (144 - count[task]), 0)

    linguistic = printed("survivors_are_not_more_linguistic")
    for kind, found in zip(("raw", "normed"), linguistic, strict=True):
        values = [
            100 * (share["super", kind, task, "heterogeneous"] / rest(kind, task, "heterogeneous") - 1)
            for task in tasks
        ]
        assert found.estimate == pytest.approx(np.mean(values))
        assert (found.low, found.high) == pytest.approx(ttest_1samp(values, 0).confidence_interval(0.90))
    assert judged(linguistic) == [OPEN, HOLDS]
    for pattern, found in zip(("block", "vertical"), printed("survivors_are_block_and_vertical"), strict=True):
        values = [share["super", "raw", task, pattern] - rest("raw", task, pattern) for task in tasks]
        assert found.estimate == pytest.approx(np.mean(values))
    diagonal = printed("normed_maps_are_more_diagonal")
    values = [
        (share["all", "normed", task, "vertical+diagonal"] - share["all", "raw", task, "vertical+diagonal"])
        - (share["all", "normed", task, "vertical"] - share["all", "raw", task, "vertical"])
        for task in tasks
    ]
    assert diagonal[5].estimate == pytest.approx(np.mean(values))
    assert judged(diagonal) == [OPEN, OPEN, OPEN, HOLDS, HOLDS, HOLDS]


def test_tickets_of_chen_et_al_in_print():
    table = PRINTED["chen2020_table2"].set_index(["task", "ticket"])
    tasks = ("mnli", "qqp", "stsb", "wnli", "qnli", "mrpc", "rte", "sst2", "cola", "squad")
    (match,) = printed("iterative_tickets_match")
    assert match.estimate == pytest.approx(
        100 * np.mean([table.loc[(t, "full"), "score"] - table.loc[(t, "iterative"), "score"] for t in tasks])
    )
    variances = np.array([(100 * table.loc[(t, k), "sd"]) ** 2 / 5 for t in tasks for k in ("full", "iterative")])
    freedom = variances.sum() ** 2 / (variances**2 / 4).sum()
    assert match.high - match.estimate == pytest.approx(student.ppf(0.95, freedom) * math.sqrt(variances.sum()) / 10)
    redrawn, shuffled = printed("trained_weights_are_needed")
    assert redrawn.estimate > shuffled.estimate > 20
    (universal,) = printed("mlm_tickets_transfer")
    assert universal.estimate == pytest.approx(np.mean([-0.20, 0.16, 0.97, -0.12, -0.30, 3.65, 6.35, 0.19, 7.36, 2.29]))
    assert [judged(printed(name))[0] for name in ("iterative_tickets_match", "mlm_tickets_transfer")] == [HOLDS, FAILS]


@pytest.mark.parametrize(
    ("name", "number", "differences", "deviations"),
    [
        # Tables 1 to 5 in points: MNLI, QQP (accuracy), SQuAD (F1); deviations of each side from Tables 6 and 7.
        ("fine_tuning_is_redundant", 0, [82.0 - 79.3, 90.8 - 89.1, 84.3 - 81.7], 2 * [0.27, 0.06, 0.36]),
        ("fine_tuning_is_redundant", 1, [80.6 - 76.1, 90.2 - 85.6, 81.0 - 76.3], 2 * [0.20, 0.01, 0.01]),
        ("shares_that_follow_scores_win", 0, [0.5, 0.0, 0.3], [0.27, 0.06, 0.36, 0.25, 0.01, 0.42]),
        ("one_ranking_loses", 1, [80.6 - 80.1, 81.0 - 79.3], 2 * [0.20, 0.01]),
        ("the_regulariser_matters", 2, [80.6 - 69.2], 2 * [0.20]),
        ("label_words_help", 1, [82.0 - 81.7, 84.3 - 84.2], 2 * [0.27, 0.36]),
        ("a_teacher_always_helps", 3, [0.9, 0.2, 2.7], [0.30, 0.02, 0.02, 0.28, 0.02, 0.07]),
        # Where no deviation is printed at the sparsity, the largest at another stands for it.
        ("label_words_help", 0, [84.8 - 84.6, 88.0 - 87.5], 2 * [0.27, 0.36]),
        (
            "a_mask_beats_fine_tuning",
            0,
            [0.5, 0.0, -0.7, 3.4, -0.5, 0.0, 1.2, -1.6],
            2 * [0.15, 0.36, 1.21, 0.69, 0.15, 0.03, 1.59, 0.14],
        ),
    ],
)
def test_learned_masks_in_print(name, number, differences, deviations):
    found = printed(name)[number]
    assert found.estimate == pytest.approx(np.mean(differences))
    variances = np.array(deviations) ** 2 / 5
    freedom = variances.sum() ** 2 / (variances**2 / 4).sum()
    reach = student.ppf(0.95, freedom) * math.sqrt(variances.sum()) / len(differences)
    assert found.high - found.estimate == pytest.approx(reach, rel=1e-5)


def test_verdicts_on_learned_masks_in_print():
    told = {
        "a_mask_beats_fine_tuning": [OPEN],
        "fine_tuning_is_redundant": [SILENT, SILENT],  # quoted
        "label_words_help": [HOLDS, OPEN, HOLDS],
        "learned_masks_beat_magnitude": [],  # curves
        "one_ranking_loses": [HOLDS, HOLDS],
        "shares_that_follow_scores_win": [HOLDS, HOLDS],
        "the_regulariser_matters": [HOLDS] * 4,
        "masks_suit_two_models": [OPEN, SILENT],  # the better of two masks for each task
        "thresholds_do_not_converge": [HOLDS],
        "masks_compress": [HOLDS],
        "a_taught_half_beats_full_bert": [SILENT],
    }
    assert {name: judged(printed(name)) for name in told} == told
    assert printed("the_regulariser_matters")[3].estimate == 2


def test_answers_by_masks_and_by_movement_in_print():
    """Every cell of Table 1 without a teacher: QQP's accuracy at 10% is 90.8 against 89.1."""
    least, other = printed("answers_need_no_fine_tuning")
    assert (least.estimate, other.estimate) == pytest.approx((1.7, 4.3))
    assert "accuracy on QQP" in least.what
    assert judged([least, other]) == [FAILS, SILENT]


def test_what_a_teacher_adds_to_f1_is_less_than_the_paper_says():
    """86.9 - 84.3 at 10% is nearer to 3.3 than 83.4 - 81.0 at 3%; 84.1 - 81.4 nearer to 4.1 than 87.2 - 84.6."""
    found = printed("a_teacher_adds_to_f1")
    assert [each.estimate for each in found] == pytest.approx([2.6, 2.7])
    assert judged(found) == [FAILS, FAILS]


def test_titles_are_told_once():
    titles = [inspect.getdoc(choose("claims", name)).splitlines()[0] for name in CLAIMS]
    assert len(set(titles)) == len(titles)
