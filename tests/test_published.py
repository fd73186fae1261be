"""The papers' printed numbers in book/published: against a second transcription, and against themselves."""

import csv
import math
import os
import re
from decimal import Decimal
from fractions import Fraction
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "book" / "published"
REFERENCE = ROOT / os.environ.get("LOTTERY_REFERENCE", "../shared") / "reference" / "gordon2020"

TASKS = {"MNLI": "mnli", "QQP": "qqp", "QNLI": "qnli", "SST-2": "sst2", "CoLA": "cola"}
CONDITIONS = {
    "prune_pretrain": "pruned_in_pretraining",
    "information_deletion": "information_deletion",
    "prune_downstream": "pruned_downstream",
    "random": "random",
}
MATRICES = {
    "self attn query": "attention.self.query",
    "self attn key": "attention.self.key",
    "self attn value": "attention.self.value",
    "attention output FC": "attention.output.dense",
    "intermediate FC": "intermediate.dense",
    "output FC": "output.dense",
}
CHEN_TASKS = TASKS | {
    "STS-B": "stsb",
    "WNLI": "wnli",
    "MRPC": "mrpc",
    "RTE": "rte",
    "SQuAD": "squad",
    "MLM": "mlm",
}
TICKETS = {
    "full_bert": "full",
    "imp_pretrained": "iterative",
    "random_pruning_pretrained": "random",
    "imp_random_reinit": "redrawn",
    "imp_shuffled_pretrained": "shuffled",
}


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def transcribed(name: str) -> list[dict[str, str]]:
    if not (REFERENCE / name).exists():
        pytest.skip(f"{REFERENCE / name} is not there: set LOTTERY_REFERENCE to the folder that holds reference/")
    return cells(REFERENCE / name)


def number(text: str, *, hundredths: bool = False) -> Decimal | None:
    return (Decimal(text) / 100 if hundredths else Decimal(text)) if text else None


def numbers(rows: list[dict[str, str]], *columns: str) -> list[tuple]:
    return [tuple(number(row[column]) for column in columns) for row in rows]


def matrix(printed: str) -> str:
    if printed == "embeddings word embeddings":
        return "embeddings.word_embeddings.weight"
    if printed == "pooler FC":
        return "pooler.dense.weight"
    layer, kind = printed.removeprefix("layer ").split(" ", 1)
    return f"encoder.layer.{layer}.{MATRICES[kind]}.weight"


def test_table1_is_the_reference_cell_by_cell():
    ours, theirs = cells(PUBLISHED / "gordon2020_table1.csv"), transcribed("table1.csv")
    names = [(row["condition"], row["task"]) for row in ours]
    assert names == [(CONDITIONS[row["condition"]], TASKS[row["task"]]) for row in theirs]
    assert numbers(ours, "sparsity", "accuracy", "pretraining_loss", "training_loss") == [
        (
            number(row["sparsity"], hundredths=True),
            number(row["dev_accuracy"], hundredths=True),
            number(row["pretrain_loss"]),
            number(row["train_loss"]),
        )
        for row in theirs
    ]


def test_table1_averages_are_the_reference_cell_by_cell():
    ours, theirs = cells(PUBLISHED / "gordon2020_table1_averages.csv"), transcribed("table1_avg_check.csv")
    assert [row["condition"] for row in ours] == [CONDITIONS[row["condition"]] for row in theirs]
    assert numbers(ours, "sparsity", "accuracy", "pretraining_loss", "training_loss") == [
        (
            number(row["sparsity"], hundredths=True),
            number(row["avg_dev_accuracy_printed"], hundredths=True),
            number(row["pretrain_loss"]),
            number(row["avg_train_loss_x100_printed"], hundredths=True),
        )
        for row in theirs
    ]


def test_table2_is_the_reference_cell_by_cell():
    ours, theirs = cells(PUBLISHED / "gordon2020_table2.csv"), transcribed("table2.csv")
    assert [row["task"] for row in ours] == [TASKS[row["task"]] for row in theirs]
    assert numbers(ours, "learning_rate", "movement_mean", "movement_sd") == [
        (number(row["lr"]), number(row["mean"], hundredths=True), number(row["std"], hundredths=True)) for row in theirs
    ]


def test_movement_by_epoch_is_the_reference_cell_by_cell():
    ours, theirs = cells(PUBLISHED / "gordon2020_movement_by_epoch.csv"), transcribed("movement_by_epoch.csv")
    assert [row["task"] for row in ours] == [TASKS[row["task"]] for row in theirs]
    assert numbers(ours, "epochs", "movement_mean", "movement_sd") == numbers(
        theirs, "epochs", "mean_fraction", "std_fraction"
    )


def test_movement_by_matrix_is_the_reference_at_its_highest_rate_cell_by_cell():
    ours = cells(PUBLISHED / "gordon2020_movement_by_matrix.csv")
    theirs = [row for row in transcribed("weight_change_per_matrix.csv") if row["lr"] == "5e-5"]
    names = [(row["task"], row["matrix"]) for row in ours]
    assert names == [(TASKS[row["task"]], matrix(row["matrix"])) for row in theirs]
    assert numbers(ours, "weights", "movement_mean", "movement_sd") == numbers(
        theirs, "n_weights", "mean_fraction", "std_fraction"
    )


def test_table3_is_the_reference_cell_by_cell():
    ours, theirs = cells(PUBLISHED / "gordon2020_table3.csv"), transcribed("table3.csv")
    assert [row["matrix"] for row in ours] == [matrix(row["matrix"]) for row in theirs]
    assert numbers(ours, "mean", "sd") == numbers(theirs, "mean", "std")


@pytest.fixture(scope="module")
def table1() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / "gordon2020_table1.csv")


def test_table1_has_every_condition_sparsity_and_task_once(table1):
    sparsities = [step / 10 for step in range(10)]
    wanted = {(c, s, t) for c in CONDITIONS.values() for s in sparsities for t in TASKS.values()}
    assert len(table1) == 200
    assert set(zip(table1["condition"], table1["sparsity"], table1["task"], strict=True)) == wanted


def test_table1_agrees_with_its_own_averages(table1):
    """Each cell is rounded, and the average again: apart by half a last digit of both at most."""
    printed = pd.read_csv(PUBLISHED / "gordon2020_table1_averages.csv").set_index(["condition", "sparsity"])
    means = table1.groupby(["condition", "sparsity"])[["accuracy", "training_loss"]].mean().loc[printed.index]
    assert len(printed) == 40
    assert (means["accuracy"] - printed["accuracy"]).abs().max() <= 0.0005 + 0.0005 + 1e-9
    assert (means["training_loss"] - printed["training_loss"]).abs().max() <= 0.005 + 0.0005 + 1e-9


def test_table1_pretraining_loss_belongs_to_the_model_and_rises_with_sparsity(table1):
    losses = table1.groupby(["condition", "sparsity"])["pretraining_loss"].agg(["min", "max", "count"])
    assert (losses.loc["pruned_downstream", "count"] == 0).all()
    for condition in ("pruned_in_pretraining", "information_deletion", "random"):
        assert (losses.loc[condition, "min"] == losses.loc[condition, "max"]).all()
        assert losses.loc[condition, "min"].is_monotonic_increasing
    assert (losses.loc["pruned_in_pretraining"] == losses.loc["information_deletion"]).all().all()
    random, magnitude = losses.loc["random", "min"], losses.loc["pruned_in_pretraining", "min"]
    assert (random.loc[0.1:] > magnitude.loc[0.1:]).all()


def test_cola_never_falls_below_its_majority_and_stays_there_in_ten_rows(table1):
    """721 of the 1,043 development sentences are acceptable: 69.1%."""
    cola = table1.loc[table1["task"] == "cola", "accuracy"]
    assert cola.min() == round(721 / 1043, 3)
    assert (cola == cola.min()).sum() == 10


def test_table2_moves_more_at_a_higher_learning_rate():
    rows = pd.read_csv(PUBLISHED / "gordon2020_table2.csv").sort_values("learning_rate")
    assert len(rows) == 20
    assert set(rows["task"]) == set(TASKS.values())
    assert all(moved.is_monotonic_increasing for _, moved in rows.groupby("task")["movement_mean"])
    assert rows["movement_mean"].max() == 0.0412


def test_movement_by_epoch_has_every_epoch_of_every_task_and_rises():
    rows = pd.read_csv(PUBLISHED / "gordon2020_movement_by_epoch.csv")
    assert sorted(rows["task"].unique()) == sorted(TASKS.values())
    for _, task in rows.groupby("task"):
        assert task["epochs"].tolist() == list(range(13))
        assert task["movement_mean"].is_monotonic_increasing


def test_movement_by_matrix_pools_to_the_cells_of_table2():
    """Weighted by hand; each printed cell is rounded to a hundredth of a per cent."""
    rows = pd.read_csv(PUBLISHED / "gordon2020_movement_by_matrix.csv")
    printed = pd.read_csv(PUBLISHED / "gordon2020_table2.csv").query("learning_rate == 5e-5").set_index("task")
    assert len(rows) == 5 * 73
    moved = (rows["weights"] * rows["movement_mean"]).groupby(rows["task"]).sum()
    means = moved / rows.groupby("task")["weights"].sum()
    assert (means - printed["movement_mean"]).abs().max() <= 0.00005 + 1e-9


def test_table3_names_the_matrices_of_bert_base():
    rows = pd.read_csv(PUBLISHED / "gordon2020_table3.csv")
    layers = {f"encoder.layer.{layer}.{kind}.weight" for layer in range(12) for kind in MATRICES.values()}
    assert len(rows) == 74
    assert set(rows["matrix"]) == layers | {"embeddings.word_embeddings.weight", "pooler.dense.weight"}
    assert rows["sd"].between(0.027, 0.048).all()
    assert rows.loc[rows["mean"].abs() > 0.0015, "matrix"].tolist() == ["embeddings.word_embeddings.weight"]


def test_the_baselines_of_glue_are_as_table_2_of_prasanna_quotes_them(reference):
    """Against the text of the paper, cell by cell; the last number of a line is its average."""
    paper = reference("papers/002_d192425506e28857.txt").read_text(encoding="utf-8")
    tasks = ["cola", "sst2", "mrpc", "qqp", "stsb", "mnli", "qnli", "rte", "wnli"]
    assert "Model CoLA SST-2 MRPC QQP STS-B MNLI QNLI RTE WNLI Average" in paper
    ours = pd.read_csv(PUBLISHED / "glue_baselines.csv")
    names = {"cbow": "CBOW", "bilstm_glove": "BILSTM + GloVe", "bilstm_elmo": "BILSTM + ELMO"}
    assert list(ours["baseline"].unique()) == [*names]
    for name, printed in names.items():
        (line,) = re.findall(rf"^{re.escape(printed)} (0\.\d\d.*)$", paper, re.MULTILINE)
        *told, average = map(float, re.findall(r"\d\.\d\d", line))
        rows = ours[ours["baseline"] == name]
        assert rows["task"].tolist() == tasks
        assert rows["printed"].tolist() == told
        assert abs(rows["score"].mean() - average) < 0.005
    changed = ours[ours["printed"] != ours["score"]]
    assert changed.to_numpy().tolist() == [["cbow", "cola", 0.46, 0.046]]
    assert abs(ours.loc[ours["baseline"] == "cbow", "printed"].mean() - 0.61) > 0.04


@pytest.mark.parametrize(
    ("task", "file", "column"),
    [
        ("cola", "CoLA/dev.tsv", 1),
        ("sst2", "SST-2/dev.tsv", "label"),
        ("qnli", "QNLI/dev.tsv", "label"),
        ("mnli", "MNLI/dev_matched.tsv", "gold_label"),
        ("rte", "RTE/dev.tsv", "label"),
        ("wnli", "WNLI/dev.tsv", "label"),
    ],
)
def test_the_most_frequent_labels_of_glue_are_counted_right(task, file, column):
    path = REFERENCE.parents[1] / "glue" / file
    if not path.exists():
        pytest.skip(f"{path} is not there: set LOTTERY_REFERENCE to the folder that holds glue/")
    table = pd.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, header=None if task == "cola" else 0)
    told = pd.read_csv(PUBLISHED / "glue_dev.csv").set_index("task").loc[task]
    assert [told["examples"], told["most_frequent"]] == [len(table), table[column].value_counts().iloc[0]]


def test_chens_table2_is_the_reference_cell_by_cell():
    ours, theirs = cells(PUBLISHED / "chen2020_table2.csv"), transcribed("chen2020_table2.csv")
    names = [(row["ticket"], row["task"]) for row in ours]
    assert names == [(TICKETS[row["condition"]], CHEN_TASKS[row["task"]]) for row in theirs]
    assert numbers(ours, "sparsity", "score", "sd") == [
        tuple(number(row[column], hundredths=True) for column in ("sparsity", "score", "std")) for row in theirs
    ]


def test_chens_transfer_is_the_reference_cell_by_cell():
    ours, theirs = cells(PUBLISHED / "chen2020_transfer70.csv"), transcribed("chen2020_transfer70.csv")
    sources = CHEN_TASKS | {"prune_theta0": "one_shot"}
    assert [(row["source"], row["target"], row["at_least_same_task"]) for row in ours] == [
        (sources[row["source"]], CHEN_TASKS[row["target"]], row["at_least_same_task"]) for row in theirs
    ]
    assert numbers(ours, "sparsity", "difference") == [
        (number(row["sparsity"], hundredths=True), number(row["score_minus_full_bert"], hundredths=True))
        for row in theirs
    ]


def test_chens_table2_has_every_ticket_of_every_task_at_one_sparsity():
    rows = pd.read_csv(PUBLISHED / "chen2020_table2.csv")
    assert set(zip(rows["ticket"], rows["task"], strict=True)) == {
        (ticket, task) for ticket in TICKETS.values() for task in CHEN_TASKS.values()
    }
    assert len(rows) == 55
    assert (rows.loc[rows["ticket"] == "full", "sparsity"] == 0).all()
    assert len(rows[rows["ticket"] != "full"].drop_duplicates(["task", "sparsity"])) == len(CHEN_TASKS)
    scores = rows.pivot_table(index="task", columns="ticket", values="score")
    controls = scores[["random", "redrawn", "shuffled"]].max(axis=1)
    assert (scores["iterative"] > controls).all()


def test_chens_transfer_marks_what_its_numbers_say():
    """Marked are the tickets no worse than the one found on the target; in decimals, as one pair is tied."""
    rows = cells(PUBLISHED / "chen2020_transfer70.csv")
    pairs = {(row["source"], row["target"]): Decimal(row["difference"]) for row in rows}
    assert len(pairs) == len(rows) == 132
    assert {source for source, _ in pairs} == {*CHEN_TASKS.values(), "one_shot"}
    assert {target for _, target in pairs} == set(CHEN_TASKS.values())
    for row in rows:
        own = pairs[row["target"], row["target"]]
        assert (row["at_least_same_task"] == "True") == (pairs[row["source"], row["target"]] >= own)


PRASANNA_TASKS = TASKS | {"MRPC": "mrpc", "STS-B": "stsb", "RTE": "rte", "WNLI": "wnli"}
USABLE = [task for task in PRASANNA_TASKS.values() if task != "wnli"]
SEEDS = (1337, 42, 86, 71, 166)
COMPONENTS = {"heads": 144, "mlps": 12}
METRICS = {"CoLA": ("matthews", "mcc"), "STS-B": ("pearson", "pearson"), "MNLI": ("accuracy", "mnli_acc")}
PRASANNA_CONDITIONS = {
    ("", "majority"): "freq_baseline",
    ("", "full"): "no_mask",
    ("structured", "separate"): "head_mlp_separate",
    ("structured", "good"): "head_mlp",
    ("structured", "random"): "head_mlp_random",
    ("structured", "bad"): "head_mlp_bad_1",
    ("magnitude", "good"): "global_magnitude",
    ("magnitude", "random"): "global_random",
    ("magnitude", "bad"): "global_bad",
    ("super", "good"): "head_mlp_super",
    ("super", "random"): "head_mlp_super_midling",
    ("super", "bad"): "head_mlp_super_bizzaro",
}
NEVER_RETRAINED = {"freq_baseline", "no_mask", "head_mlp_separate"}
MODES = {
    ("structured", "good", "both", "dev"): "heads_mlps",
    ("structured", "good", "heads", "dev"): "heads",
    ("structured", "good", "mlps", "dev"): "mlps",
    ("structured", "good", "both", "train"): "heads_mlps_on_train",
    ("structured", "random", "both", "dev"): "heads_mlps_random",
    ("structured", "bad", "both", "dev"): "heads_mlps_bad_1",
    ("super", "good", "both", "dev"): "heads_mlps_super",
    ("super", "random", "both", "dev"): "heads_mlps_super_midling",
    ("super", "bad", "both", "dev"): "heads_mlps_super_bizzaro",
}
MODELS = {
    "Majority class baseline": "majority",
    "CBOW": "cbow",
    "BILSTM + GloVe": "bilstm_glove",
    "BILSTM + ELMO": "bilstm_elmo",
    "`Bad' subnetwork (s-pruning)": "bad_structured",
    "`Bad' subnetwork (m-pruning)": "bad_magnitude",
    "Random init + random s-pruning": "random_init",
}


@pytest.fixture
def results() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / "prasanna2020_results.csv", keep_default_na=False)


@pytest.fixture
def sizes() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / "prasanna2020_masks.csv")


@pytest.fixture
def survivors() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / "prasanna2020_survivors.csv")


@pytest.fixture
def steps() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / "prasanna2020_magnitude.csv")


@pytest.fixture
def table2() -> pd.DataFrame:
    """A row for each model; the tasks, and the average that the paper prints."""
    rows = pd.read_csv(PUBLISHED / "prasanna2020_table2.csv").pivot_table(index="model", columns="task", values="score")
    return rows.join(pd.read_csv(PUBLISHED / "prasanna2020_table2_averages.csv").set_index("model")["score"])


@pytest.fixture
def masks(reference) -> pd.DataFrame:
    """The masks themselves: a row for each mode, task, seed and component, with `kept` and its `place`."""
    rows = pd.read_csv(reference("reference/prasanna2020/masks.csv.gz"))
    rows["place"] = list(zip(rows["layer"], rows["head"].fillna(-1), strict=True))
    return rows


def of_kind(sizes: pd.DataFrame, *kind: str) -> pd.DataFrame:
    """The rows of (pruning, subnetwork, mode, where), by task and seed."""
    columns = ["pruning", "subnetwork", "mode", "where"][: len(kind)]
    return sizes[(sizes[columns] == list(kind)).all(axis=1)].set_index(["task", "seed"]).sort_index()


def drawn_evenly(sizes: pd.DataFrame, component: str) -> tuple[pd.Series, pd.Series]:
    """How many the random masks keep, and the share of it that each component had as its chance; eight tasks."""
    random = of_kind(sizes, "structured", "random").loc[USABLE, f"{component}_kept"]
    good = of_kind(sizes, "structured", "good", "both", "dev").loc[USABLE, f"{component}_kept"]
    return random, good / COMPONENTS[component]


def test_prasannas_results_are_the_reference_cell_by_cell(results, reference):
    """The standard deviations there divide by five seeds, ours by four."""
    theirs = pd.read_csv(reference("reference/prasanna2020/results.csv"))
    theirs = theirs.set_index(["condition", "task", "metric", "stat"])["value"]
    assert len(results) == len(PRASANNA_TASKS) * (2 * len(PRASANNA_CONDITIONS) - len(NEVER_RETRAINED))
    ours = results.set_index(["pruning", "subnetwork", "retrained", "task"])
    for (pruning, subnetwork), condition in PRASANNA_CONDITIONS.items():
        for retrained in (False,) if condition in NEVER_RETRAINED else (False, True):
            for title, task in PRASANNA_TASKS.items():
                row = ours.loc[(pruning, subnetwork, retrained, task)]
                metric, theirs_metric = METRICS.get(title, ("accuracy", "acc"))
                name = (condition + "_retrained" * retrained, title, theirs_metric)
                assert row["metric"] == metric
                assert row["mean"] == pytest.approx(theirs[*name, "mean"], abs=5.1e-7)
                assert row["sd"] ** 2 * 4 / 5 == pytest.approx(theirs[*name, "std_pop"] ** 2, abs=1e-6)


def test_retrained_random_heads_are_not_the_good_ones_drawn_in_prasannas_figure_2(results):
    """Its bars of both are one file's; the two files differ in every task but WNLI, where all s-pruned are constant."""
    of = results[(results["pruning"] == "structured") & results["retrained"]].set_index(["subnetwork", "task"])
    difference = (of.loc["random", ["mean", "sd"]] - of.loc["good", ["mean", "sd"]]).abs().max(axis=1)
    assert sorted(difference.index[difference > 0.004]) == sorted(USABLE)
    assert difference["wnli"] == 0


def test_the_good_subnetworks_keep_nine_tenths_of_the_published_scores(results):
    means = results[~results["retrained"]].pivot_table(index="task", columns=["pruning", "subnetwork"], values="mean")
    for pruning in ("structured", "magnitude"):
        assert (means[pruning, "good"] >= 0.9 * means["", "full"]).all()
        assert (means.loc[USABLE, (pruning, "good")] > means.loc[USABLE, (pruning, "random")]).all()


def test_the_sizes_and_overlaps_are_those_of_the_masks_of_the_reference(sizes, masks):
    """Counted by joining rows of single heads."""
    assert len(sizes) == len(MODES) * len(PRASANNA_TASKS) * len(SEEDS)
    assert not sizes.duplicated(["pruning", "subnetwork", "mode", "where", "task", "seed"]).any()
    place = ["task", "seed", "component", "place"]
    masks["task"] = masks["task"].map(PRASANNA_TASKS)
    good = masks[masks["mode"] == "heads_mlps"].set_index(place)["kept"]
    for kind, mode in MODES.items():
        theirs = masks[masks["mode"] == mode].set_index(place)["kept"]
        found = pd.DataFrame({"kept": theirs, "of_good": theirs * good.loc[theirs.index]})
        found = found.pivot_table(index=["task", "seed"], columns="component", aggfunc="sum")
        ours = of_kind(sizes, *kind)
        for component in COMPONENTS:
            for count in ("kept", "of_good"):
                column = ours[f"{component}_{count}"]
                if (count, component.removesuffix("s")) in found:
                    assert column.tolist() == found[count, component.removesuffix("s")].loc[ours.index].tolist()
                else:
                    assert column.isna().all()


def test_good_masks_have_sizes_that_the_search_can_reach(sizes):
    """14 heads a step with an MLP, then 7: 144 - 14 a - 7 b, and none where fewer than a step were left."""
    reached = {144 - 14 * joint - 7 * halves for joint in range(11) for halves in range(21)} | {0}
    for where in ("dev", "train"):
        good = of_kind(sizes, "structured", "good", "both", where)
        assert set(good["heads_kept"]) <= reached
        assert good["mlps_kept"].between(0, 12).all()
    assert set(of_kind(sizes, "structured", "good", "both", "dev").loc["wnli", "mlps_kept"]) == {0}


@pytest.mark.parametrize("component", COMPONENTS)
def test_bad_masks_have_the_good_ones_size_and_share_what_they_must(sizes, component):
    """All that was removed comes first; what is still lacking is good: max(0, 2 k - n) of k."""
    good = of_kind(sizes, "structured", "good", "both", "dev")[f"{component}_kept"]
    bad = of_kind(sizes, "structured", "bad")
    assert (bad[f"{component}_kept"] == good).all()
    assert (bad[f"{component}_of_good"] == (2 * good - COMPONENTS[component]).clip(lower=0)).all()
    if component == "heads":
        assert (bad.loc[USABLE, "heads_of_good"] == 0).sum() == 9


def test_random_masks_are_of_the_good_ones_size_in_expectation_only(sizes):
    good, random = of_kind(sizes, "structured", "good", "both", "dev"), of_kind(sizes, "structured", "random")
    heads, mlps = random["heads_kept"] - good["heads_kept"], random["mlps_kept"] - good["mlps_kept"]
    assert (heads.min(), heads.max(), heads["mnli", 42]) == (-13, 14, 14)
    assert (mlps.min(), mlps.max(), mlps["qnli", 71]) == (-5, 2, -5)


@pytest.mark.parametrize("component", COMPONENTS)
def test_random_masks_vary_as_coins_do(sizes, component):
    """Sizes, and what is shared with the good, against binomial counts: sums of squares within what chance gives."""
    kept, chance = drawn_evenly(sizes, component)
    shared = of_kind(sizes, "structured", "random").loc[USABLE, f"{component}_of_good"]
    total = COMPONENTS[component]
    varied = chance < 1
    for seen, trials in ((kept, total), (shared, chance * total)):
        squares = (seen - trials * chance) ** 2 / (trials * chance * (1 - chance))
        assert 0.001 < stats.chi2.sf(squares[varied].sum(), varied.sum()) < 0.999
        assert (seen[~varied] == total).all()


def test_super_survivors_and_their_rivals_are_of_one_size_in_all_seeds(sizes, survivors):
    wanted = survivors[(survivors["mode"] == "both") & (survivors["where"] == "dev")]
    wanted = wanted.pivot_table(index="task", columns="component", values="in_all_seeds")
    for subnetwork in ("good", "random", "bad"):
        rows = of_kind(sizes, "super", subnetwork).reset_index("seed")
        for component in COMPONENTS:
            assert (rows[f"{component}_kept"] == wanted[component].loc[rows.index]).all()
            if subnetwork == "good":
                assert (rows[f"{component}_of_good"] == rows[f"{component}_kept"]).all()


def test_survivors_are_counted_as_in_the_reference(survivors, masks, reference):
    told = pd.read_csv(reference("reference/prasanna2020/expected_stats.csv"))
    told = told.set_index(["mode", "component", "task", "statistic"])["value"]
    counted = masks.groupby(["mode", "task", "component", "place"])["kept"].sum()
    names = {name: title for title, name in PRASANNA_TASKS.items()}
    assert len(survivors) == 6 * len(PRASANNA_TASKS)
    for row in survivors.itertuples():
        mode = MODES["structured", "good", row.mode, row.where]
        name = (mode, row.component.removesuffix("s"), names[row.task])
        seeds = counted.loc[(mode, names[row.task], name[1])]
        assert len(seeds) == row.of
        assert row.in_all_seeds == (seeds == len(SEEDS)).sum() == told[*name, "super_survivors"]
        assert row.in_no_seed == (seeds == 0).sum() == told[*name, "never_survive"]
        assert row.share_kept == pytest.approx(told[*name, "survival_mean"], abs=5.1e-7)


def test_agreement_is_counted_as_in_the_reference(reference):
    told = pd.read_csv(reference("reference/prasanna2020/expected_stats.csv"))
    told = told.set_index(["mode", "component", "task", "statistic"])["value"].sort_index()
    found = pd.read_csv(PUBLISHED / "prasanna2020_agreement.csv")
    titles = {name: title for title, name in PRASANNA_TASKS.items()}
    assert len(found) == 6 * len(PRASANNA_TASKS)
    for row in found.itertuples():
        of = told[MODES["structured", "good", row.mode, row.where], row.component.removesuffix("s"), titles[row.task]]
        assert row.kappa == pytest.approx(of["fleiss_kappa"], abs=5.1e-7, nan_ok=True)
        assert row.cochran_q == pytest.approx(of["cochran_q"], abs=5.1e-7, nan_ok=True)
        assert row.cochran_p == pytest.approx(of["cochran_p"], rel=5.1e-6, nan_ok=True)
        assert row.alike_in_size == of["pairs_mcnemar_exact_p>=0.05"]
        if row.task != "wnli":  # there the reference takes two empty masks for alike
            assert row.mean_jaccard == pytest.approx(of["mean_pairwise_jaccard"], abs=5.1e-7)


def test_every_component_survives_as_often_as_in_the_masks(masks):
    found = masks[masks["mode"] == "heads_mlps"].assign(task=masks["task"].map(PRASANNA_TASKS.get))
    place = ["component", "layer", "head"]
    found = found.assign(component=found["component"] + "s", head=found["head"].fillna(-1).astype(int))
    told = pd.read_csv(PUBLISHED / "prasanna2020_survival.csv").fillna({"head": -1}).astype({"head": int})
    assert len(told) == 9 * 156
    counted = found.groupby(["task", *place])["kept"].sum()
    assert (told.set_index(["task", *place])["seeds_kept"].sort_index() == counted.sort_index()).all()
    told = pd.read_csv(PUBLISHED / "prasanna2020_across_tasks.csv").fillna({"head": -1}).astype({"head": int})
    assert len(told) == 5 * 156
    for column, rows in (("tasks", found), ("without_wnli", found[found["task"] != "wnli"])):
        counted = rows.groupby(["seed", *place])["kept"].sum()
        assert (told.set_index(["seed", *place])[column].sort_index() == counted.sort_index()).all()


def test_shares_of_weights_kept_are_the_reference_cell_by_cell(reference):
    theirs = pd.read_csv(reference("reference/prasanna2020/magnitude_survival.csv"))
    theirs = theirs.assign(task=theirs["task"].map(PRASANNA_TASKS.get), component=theirs["component"] + "s")
    place = ["task", "component", "layer", "head"]
    theirs = theirs.fillna({"head": -1}).set_index(place).sort_index()
    told = (
        pd.read_csv(PUBLISHED / "prasanna2020_weight_survival.csv").fillna({"head": -1}).set_index(place).sort_index()
    )
    assert len(told) == len(theirs) == 9 * 156
    assert (told["mean"] == theirs["survival_mean"]).all()
    assert (told["sd"] == theirs["survival_std"]).all()
    sizes = pd.read_csv(PUBLISHED / "prasanna2020_magnitude.csv").groupby("task")["remaining_weights"].mean()
    heads, mlps = (told.xs(kind, level="component")["mean"].groupby("task").mean() for kind in ("heads", "mlps"))
    # A third of the weights of a layer are those of its heads; the cells are rounded to .01.
    assert ((heads + 2 * mlps) / 3).to_numpy() == pytest.approx(sizes.loc[heads.index].to_numpy(), abs=0.01)


def test_expected_survivors_are_what_independent_seeds_of_the_same_sizes_give(survivors, sizes):
    """Products of fractions; every component has the chance of its mask's size."""
    searches = (("both", "dev"), ("heads", "dev"), ("mlps", "dev"), ("both", "train"))
    good = {search: of_kind(sizes, "structured", "good", *search) for search in searches}
    for row in survivors.itertuples():
        kept = good[row.mode, row.where].loc[row.task, f"{row.component}_kept"]
        assert len(kept) == len(SEEDS)
        rates = [Fraction(int(count), row.of) for count in kept]
        assert row.share_kept == pytest.approx(float(sum(rates) / len(SEEDS)), abs=5.1e-7)
        assert row.in_all_seeds_expected == pytest.approx(float(row.of * math.prod(rates)), abs=5.1e-5)
        assert row.in_no_seed_expected == pytest.approx(
            float(row.of * math.prod(1 - rate for rate in rates)), abs=5.1e-5
        )


def test_more_heads_survive_all_seeds_than_independent_seeds_would_keep(survivors):
    heads = survivors[(survivors["component"] == "heads") & (survivors["where"] == "dev")].set_index(["mode", "task"])
    ratio = (heads["in_all_seeds"] / heads["in_all_seeds_expected"]).loc["both"][USABLE]
    assert 2 < ratio.min() < ratio.max() < 7


def test_the_steps_of_magnitude_pruning_are_the_reference_row_by_row(steps, reference):
    theirs = pd.read_csv(reference("reference/prasanna2020/magnitude_sizes.csv"))
    theirs["task"] = theirs["task"].map(PRASANNA_TASKS)
    theirs = theirs.set_index(["task", "seed"])
    ours = steps.set_index(["task", "seed"])
    assert len(ours) == len(theirs) == 45
    theirs = theirs.loc[ours.index]
    assert (ours["steps"] == theirs["inferred_steps_of_5pct"]).all()
    assert (ours["weight_ratio"] - theirs["good_bad_weight_ratio"]).abs().max() < 5.1e-7
    assert (ours["task_mean_printed"] - theirs["task_mean_survival_published"]).abs().max() < 5.1e-9


def test_the_steps_of_magnitude_pruning_follow_from_one_ratio_a_step(steps):
    """The ratio of kept magnitudes knows the share kept, whichever the task: it groups the runs as the steps do."""
    ratios = steps.groupby("steps")["weight_ratio"].agg(["min", "max"]).sort_index()
    assert (ratios["max"] / ratios["min"] < 1.001).all()
    assert (ratios["min"].iloc[1:].to_numpy() > ratios["max"].iloc[:-1].to_numpy()).all()
    for row in steps.itertuples():
        left = 1.0
        for _ in range(row.steps):
            left -= 0.05 * left
        assert row.remaining_weights == pytest.approx(left, abs=5.1e-9)


def test_the_masks_of_magnitude_pruning_took_five_per_cent_a_step_and_not_ten(steps):
    """At a tenth every way for five seeds to take up to nine steps is tried: the released loop takes no more."""
    counts = np.array(list(combinations_with_replacement(range(10), len(SEEDS))))
    tenths = (0.9**counts).mean(axis=1)
    for _, rows in steps.groupby("task"):
        printed = rows["task_mean_printed"].iloc[0]
        assert len(rows) == len(SEEDS)
        assert (rows["task_mean_printed"] == printed).all()
        assert np.mean(0.95 ** rows["steps"]) == pytest.approx(printed, abs=1e-7)
        assert np.abs(tenths - printed).min() > 1e-6


def test_prasannas_table2_is_that_of_the_paper(reference):
    """As printed, two misprints and all; two columns run together in its text."""
    text = reference("papers/002_d192425506e28857.txt").read_text(encoding="utf-8").splitlines()
    header = next(line for line in text if line.startswith(" Model CoLA"))
    titles = header.removeprefix(" Model ").removesuffix(" Average6").split()
    ours, averages = cells(PUBLISHED / "prasanna2020_table2.csv"), cells(PUBLISHED / "prasanna2020_table2_averages.csv")
    for printed, model in MODELS.items():
        line = next(line for line in text if line.startswith(f"{printed} 0"))
        *scores, average = map(Decimal, re.findall(r"0\.\d{1,2}", line.removeprefix(printed)))
        wanted = {PRASANNA_TASKS[title]: score for title, score in zip(titles, scores, strict=True)}
        assert {row["task"]: Decimal(row["score"]) for row in ours if row["model"] == model} == wanted
        assert [Decimal(row["score"]) for row in averages if row["model"] == model] == [average]
    assert len(ours) == len(MODELS) * len(PRASANNA_TASKS)
    assert len(averages) == len(MODELS)


def unfit(table: pd.DataFrame) -> list[str]:
    """The models whose average is none of their scores', both rounded or cut off after two decimals."""
    means = table[list(PRASANNA_TASKS.values())].mean(axis=1)
    apart = (table["score"] - 0.005 > means + 0.01 + 1e-9) | (means - 0.005 > table["score"] + 0.01 + 1e-9)
    return sorted(table.index[apart])


def test_two_rows_of_prasannas_table2_fit_their_averages_only_without_its_misprints(table2):
    assert unfit(table2) == ["bad_magnitude", "cbow"]
    table2.loc["bad_magnitude", "cola"] = 0.02
    assert unfit(table2) == ["cbow"]
    table2.loc["cbow", "cola"] = 0.046
    assert unfit(table2) == []


def test_prasannas_table2_differs_from_the_result_files_in_one_cell(table2, results):
    """Majority answers are rounded, bad subnetworks cut off after two decimals: nothing else is a hundredth apart."""
    means = results.set_index(["pruning", "subnetwork", "retrained", "task"])["mean"]
    rows = {
        "majority": ("", "majority", False),
        "bad_structured": ("structured", "bad", True),
        "bad_magnitude": ("magnitude", "bad", True),
    }
    apart = []
    for model, row in rows.items():
        for task in PRASANNA_TASKS.values():
            exact, printed = means[*row, task], table2.loc[model, task]
            told = round(exact, 2) if model == "majority" else math.floor(100 * exact) / 100
            if printed != told:
                apart.append((model, task, printed, told))
    assert apart == [("bad_magnitude", "cola", 0.24, 0.02)]


JIANG_METHODS = {
    "BERT-base full fine-tuning": "fine_tuning",
    "full fine-tuning": "fine_tuning",
    "L0-regularization": "l0",
    "Soft-Movement": "soft_movement",
} | {name: name.lower() for name in ("CAP", "Magnitude", "Movement", "SMP", "SuperT")}
JIANG_METHODS |= {f"SMP-{letter}": f"smp_{letter.lower()}" for letter in "LS"}
JIANG_METRICS = {
    "acc_matched": "accuracy",
    "acc_mismatched": "dev_mismatched.accuracy",
    "acc": "accuracy",
    "mcc": "matthews",
    "em": "exact_match",
}


@pytest.fixture(scope="module")
def jiang() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / "jiang2023_results.csv")


def in_project_words(table: int) -> pd.DataFrame:
    """The reference's rows of a table of Jiang et al. under our names, the values in per cent as printed."""
    rows = pd.DataFrame(transcribed(f"../jiang2023/table{table}.csv"))
    found = pd.DataFrame(
        {
            "task": rows["task"].map(lambda task: CHEN_TASKS.get(task, "average")),
            "sparsity": [float(1 - Decimal(kept)) for kept in rows["remaining_weights"]],
            "teacher": rows["kd"] == "yes",
        }
    )
    if "metric" in rows:
        found["metric"] = rows["metric"].map(lambda metric: JIANG_METRICS.get(metric, metric))
    if "model" in rows:
        found["model"] = rows["model"]
    if table in (1, 2, 6, 7):
        found["method"] = rows["method"].map(JIANG_METHODS)
    if table == 3:
        found["method"] = "smp_" + rows["masking_function"].str.lower()
    if table == 4:
        found["head"] = ["random" if head.startswith("from_scratch") else "label_words" for head in rows["head"]]
    if table == 5:
        found["pressed"] = rows["variant"] == "SMP-L"
    printed = rows["std" if table in (6, 7) else "value"]
    return found.assign(printed=[float(number(text, hundredths=True)) if text else math.nan for text in printed])


@pytest.mark.parametrize(("table", "cells"), [(1, 150), (2, 45), (3, 24), (4, 12), (5, 12)])
def test_jiangs_tables_are_the_reference_cell_by_cell(jiang, table, cells):
    reference, ours = in_project_words(table), jiang[jiang["table"] == table]
    by = [name for name in reference if name != "printed"]
    both = ours.merge(reference, on=by, how="outer", validate="one_to_one", indicator=True)
    assert len(reference) == len(ours) == len(both) == cells
    assert (both["_merge"] == "both").all()
    pd.testing.assert_series_equal(both["score"], both["printed"], check_names=False)


@pytest.mark.parametrize(("table", "of", "cells"), [(6, 1, 30), (7, 2, 16)])
def test_jiangs_deviations_are_the_reference_cell_by_cell(jiang, table, of, cells):
    reference = in_project_words(table)
    ours = jiang[(jiang["table"] == of) & jiang["sd"].notna()]
    by = [name for name in reference if name != "printed"]
    both = ours.merge(reference, on=by, how="outer", validate="one_to_one", indicator=True)
    assert len(reference) == len(ours) == len(both) == cells
    assert (both["_merge"] == "both").all()
    pd.testing.assert_series_equal(both["sd"], both["printed"], check_names=False)


def test_jiangs_average_is_that_of_its_eight_tasks(jiang):
    rows = jiang[jiang["table"] == 2]
    for _, some in rows.groupby(["model", "method"]):
        average = some.loc[some["task"] == "average", "score"].item()
        assert some.loc[some["task"] != "average", "score"].mean() == pytest.approx(average, abs=6e-4)


def test_jiangs_facts_are_those_of_the_reference():
    ours = pd.read_csv(PUBLISHED / "jiang2023_facts.csv")["value"].tolist()
    units = {"percent": 100, "percentage points": 100, "M": 1e-6}
    theirs = [
        float(row["value"]) / units.get(row["unit"].split(" (")[0], 1)
        for row in transcribed("../jiang2023/figure_facts.csv")
        if row["figure_or_section"] != "fig1"
    ]
    assert sorted(ours) == pytest.approx(sorted(theirs))


@pytest.mark.parametrize(("name", "number"), [("gordon2020", "000"), ("prasanna2020", "002")])
def test_a_fact_is_a_number_of_the_papers_text(reference, name, number):
    """As a share, or in per cent; "10-26%" has two."""
    (paper,) = reference("papers").glob(f"{number}*")
    text = paper.read_text(encoding="utf-8")
    for row in pd.read_csv(PUBLISHED / f"{name}_facts.csv").itertuples():
        forms = [f"{row.value:g}", f"{row.value:.2f}", f"{100 * row.value:g}%", f"{100 * row.value:g}-"]
        points = rf"(?<![\d.]){100 * row.value:g} (performance )?points"
        assert any(form in text for form in forms) or re.search(points, text), row


def test_the_sizes_of_jiang_are_in_the_papers_text_and_agree_with_each_other(reference):
    """Five numbers: of the encoder, of its mask at 32 bits a parameter, and of what stays at three shares."""
    (paper,) = reference("papers").glob("004*")
    text = paper.read_text(encoding="utf-8")
    rows = pd.read_csv(PUBLISHED / "jiang2023_sizes.csv")
    assert len(rows) == 5
    for row in rows.itertuples():
        assert re.search(rf"\b{row.parameters / 1e6:g}M\b", text), row
    numbers = rows.set_index(["what", rows["remaining_weights"].fillna(1)])["parameters"]
    weights = 12 * (4 * 768**2 + 2 * 768 * 3072)
    assert numbers["encoder", 1] == round(weights, -6)
    assert numbers["mask", 1] == round(weights / 32, -5)
    for share, number in numbers["kept weights"].items():
        assert number == pytest.approx(share * numbers["encoder", 1], abs=5e4 + 1)


def test_shares_of_patterns_are_the_reference_cell_by_cell(reference):
    theirs = pd.read_csv(reference("reference/prasanna2020/attention_patterns.csv"))
    ours = pd.read_csv(PUBLISHED / "prasanna2020_attention_patterns.csv")
    assert len(ours) == len(theirs) == 320
    place = ["model", "heads", "kind", "task", "pattern"]
    given = {tuple(row[:5]): row[5] for row in ours[[*place, "share"]].itertuples(index=False)}
    groups = {
        "Fine-tuned model - Super Survivors": ("tuned", "super"),
        "Finetuned Model - All": ("tuned", "all"),
        "Pre-trained Super Survivors": ("pretrained", "super"),
        "Pre-trained All": ("pretrained", "all"),
    }
    for row in theirs.itertuples(index=False):
        task = row.task.lower().replace("-", "")
        assert given[(*groups[row.heads], row.map, task, row.pattern)] == pytest.approx(row.fraction, abs=1e-6)
    assert ours.groupby(["model", "heads", "kind", "task"])["share"].sum().to_numpy() == pytest.approx(1, abs=1e-5)
