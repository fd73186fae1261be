"""A smaller model for a user: the ladder that is tried, the folder that is written, and what was measured of it."""

import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lottery import files, store, training
from lottery.choices import listed
from lottery.data import tagged
from lottery.data.examples import Batch
from lottery.data.own_file import Labels
from lottery.experiments.component_times import ComponentTimes
from lottery.experiments.fine_tuning import AUTO, FineTuning
from lottery.experiments.smaller import ANSWERS, Smaller, parts, spans_in_words, tabled
from lottery.experiments.smallest import TEST, Smallest, change, mean_of
from lottery.experiments.starts import OWN, Given, Own, Unlabelled, Vectors, task_data
from lottery.experiments.starts import own as read_own
from lottery.findings import own_answers
from lottery.masks import HEADS, NEURONS
from lottery.models import exporting, families, folders, opening, pooling, slices, timing
from lottery.models.exporting import Form
from lottery.pruning import components, ladder
from lottery.statistics import Estimate, dev_sets, signed
from lottery.store import Run
from lottery.suite import plots
from lottery.tasks import Task, score
from lottery.training import evaluation, reading, sentence_vectors
from lottery.training.evaluation import Exam

LADDER = (0.2, 0.35, 0.5, 0.65, 0.8)  # of the time of all heads and neurons
TRIED = ("heads", "neurons", "MB", "times as fast", "score", "change")  # what is told of each of them
EXPORT = "export.json"  # in the folder of an exported model
TEST_SHARE = 0.15  # of a user's rows
EPOCHS, UPDATES = 3.0, 300  # of healing, at least: a few epochs of few rows are few updates
# Of the rows that choose, so many a smaller model is taken to answer otherwise and as well, where nobody says how much
# may be lost: of a point that so few rows cannot show, nothing would ever be shown.
DIFFERING = 0.03


@dataclass(frozen=True)
class Data:
    """Where examples come from, as a command is told: a published task with its folder, or a user's own file."""

    task: str = ""
    data_dir: str = ""
    train_file: str = ""
    dev_file: str = ""
    text: str = ""
    second: str = ""
    label: str = ""
    labels: Labels = "classes"
    pooling: str = ""

    def start(self, model: str, max_length: int) -> tuple[Given | Own | Unlabelled | Vectors, str]:
        """The start of runs on it, and the task's name. Raises ValueError where it does not fit together."""
        opening.home(model)
        if self.task == OWN:
            raise ValueError("--task names a published one: for a file of your own give --train-file in its place")
        if self.task and self.train_file:
            raise ValueError("give --task or --train-file, and not both")
        if self.task:
            self._require_use()
            return Given(model=model, data=task_data(model, self.task, self.data_dir)), self.task
        if not self.train_file:
            raise ValueError("say on what the model is to do well: --task with --data-dir, or --train-file")
        named = self.text and (self.label or self.labels != "tags")
        if not named and not (self.labels == "tags" and tagged.is_nameless(self.train_file)):
            missing, what = ("label", "tags") if self.text else ("text", "text")
            raise ValueError(f"--{missing}-column is missing: name the column of the {what}")
        self._require_use()
        if not self.label and self.labels != "tags":
            read = {"file": self.train_file, "text": self.text, "second": self.second, "max_length": max_length}
            read |= {"model": model, "test_share": TEST_SHARE}
            if not pooling.makes_vectors(model):
                if self.pooling:
                    raise ValueError(f"--pooling is for a sentence encoder, and {model!r} is none: leave it out")
                start = Unlabelled(**read)
            else:
                opening.check_length(model, max_length, pair=False)
                start = Vectors(**read, pooling=self.pooling or pooling.pooling(model))
            start.tables(OWN)
            return start, OWN
        own = Own(
            model=model,
            train=self.train_file,
            dev=self.dev_file,
            dev_share=TEST_SHARE,
            text=self.text,
            second=self.second,
            label=self.label,
            labels=self.labels,
        )
        return read_own(own), OWN

    def _require_use(self) -> None:
        """Raise ValueError where something is given that would not be looked at."""
        of_rows, of_vectors = "is for rows with a label", "is for the vectors of a sentence encoder, without labels"
        labelled = self.label or self.labels == "tags"
        idle = [
            ("--data-dir", self.data_dir and not self.task, "is for --task"),
            ("--text-column", self.text and self.task, "is for --train-file"),
            ("--second-column", self.second and self.task, "is for --train-file"),
            ("--label-column", self.label and self.task, "is for --train-file"),
            ("--dev-file", self.dev_file and not labelled, of_rows),
            ("--numbers", self.labels == "numbers" and not self.label, of_rows),
            ("--tags", self.labels == "tags" and self.task, "is for --train-file"),
            ("--pooling", self.pooling and (self.task or labelled), of_vectors),
        ]
        for option, given, where in idle:
            if given:
                raise ValueError(f"{option} {where}: leave it out")


def labels(*, numbers: bool, tags: bool) -> Labels:
    """What the labels of a user's file are, as options of a command say. Raises ValueError for both."""
    if numbers and tags:
        raise ValueError("give one of --numbers and --tags")
    return "numbers" if numbers else "tags" if tags else "classes"


def whole(model: str, data: Data, *, max_length: int, batch_size: int, learning_rate: float, seed: int) -> FineTuning:
    """The model on its task: as it is where its head is of these classes, else with a new head, fine-tuned."""
    opening.check(model)
    if slices.read(opening.locate(model), opening.configuration(model)) is not None:
        raise ValueError(f"components were cut out of {model!r} already: give the full one that it was made of")
    start, name = data.start(model, max_length)
    task = start.task_named(name)
    if task.KIND == "span":
        raise ValueError(spans_in_words(task))
    opening.check_length(model, max_length, pair=task.PAIR and task.KIND != "vectors")
    asis = task.KIND == "vectors" or evaluation.keeps_head(model, task)
    return FineTuning(
        start=start,
        task=name,
        epochs=0.0 if asis else AUTO,
        batch_size=batch_size,
        learning_rate=learning_rate,
        max_length=max_length,
        seed=seed,
        saved=True,
    )


def judged_in_words(of: FineTuning) -> str:
    """By what the smaller models of one are judged, and what becomes of its head, as a sentence."""
    task = of.task_named(of.task)
    if task.KIND != "vectors":
        return evaluation.head_in_words(of.start.model, task)
    held = "the cosines of pairs, by rank," if task.PAIR else "each text's vector, by the cosine,"
    return (
        f"No label is named, so {held} are held to those of the full model, whose vectors of tokens are pooled by "
        f"{pooling.WORDS[task.POOLING]}."
    )


def asked_on(of: FineTuning) -> Exam:
    """The task of a fine-tuning and its rows, as its tokenizer reads them."""
    task = of.task_named(of.task)
    return Exam(task, of.tables(of.task), opening.tokenizer(of.start.model), of.max_length)


def rows(of: FineTuning) -> tuple[int, int, int]:
    """How many rows there are to train on, to choose by and to score on."""
    exam = asked_on(of)
    learnt, choosing = parts(exam)
    return len(learnt), len(choosing), len(exam.tables["dev"])


def long_enough(of: FineTuning) -> float:
    """Epochs of healing where nobody says how many: EPOCHS, or as many as UPDATES take where rows are few."""
    exam = asked_on(of)
    learnt, _ = parts(exam)
    return max(EPOCHS, UPDATES / training.steps_in(exam.encoded(learnt), epochs=1.0, batch_size=of.batch_size))


def bearable(of: FineTuning, judging: int) -> float:
    """The loss that may be, as a share of the score, where nobody says it: a point, or more where few rows judge it."""
    if of.task_named(of.task).METRIC != "accuracy":
        return 0.01
    return max(0.01, math.ceil(1000 * dev_sets.least_shown(judging, DIFFERING)) / 1000)


def tried(choice: Smallest, place: Path, tell: Callable[[str], None]) -> Iterator[list[str]]:
    """Perform the smaller models of a ladder one after another: the rows of a table as of TRIED, the whole one first.

    tell  is told what is being done, and about how long the rest takes
    """
    exam, began, count = asked_on(choice.rung.of), time.monotonic(), len(choice.ladder)
    for number, rung in enumerate(choice.ladder, 1):
        part = (
            "what the ticket leaves"
            if rung.ticket
            else f"without {rung.saved_time:.0%} of the time that heads and neurons take"
        )
        tell(f"{number} of {count}: {part}")
        runs = [store.perform(each, place) for each in choice.healings(rung)]
        found = runs[0].metrics | mean_of([run.metrics for run in runs])
        lost = change([run.read(ANSWERS) for run in runs], exam)
        if number == 1:
            widths = [f"{found[name]}/{found[name]}" for name in ("all_heads", "all_neurons")]
            megabytes = folders.weights_bytes(Path(rung.of.weights(runs[0]))) / 1e6
            yield [*widths, f"{megabytes:.1f}", "1.00", f"{100 * found['whole_score']:.1f}", ""]
        row = [
            f"{found['heads']}/{found['all_heads']}",
            f"{found['neurons']}/{found['all_neurons']}",
            f"{found['bytes'] / 1e6:.1f}",
            f"{found['whole_seconds'] / found['batch_seconds']:.2f}",
            f"{100 * found['score']:.1f}",
            lost.in_words(100),
        ]
        left = (count - number) * (time.monotonic() - began) / number
        rest = f"; about {_span(left)} for those that are left" if left > 10 else ""
        tell(f"   {row[3]} times as fast, score {row[4]}{rest}")
        yield row


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def choice(
    of: FineTuning,
    *,
    even: bool,
    pieces: bool,
    length: int,
    batch: int,
    epochs: float,
    asked: str,
    bound: float,
    seeds: int = 1,
    ticket: str = "",
) -> Smallest:
    """The choice among the smaller models of the ladder that are tried.

    even    whether equally many neurons of every layer go, then whole layers, so that transformers opens it
    pieces  whether the vocabulary is cut, to the word pieces of what is learnt from
    ticket  the file of a mask: the one smaller model that is tried is what it leaves, and is taken whatever it loses
    Raises ValueError where the model cannot read the texts of `length` tokens that times are measured with.
    """
    families.check_length(opening.configuration(of.start.model), length, name="length")
    times = ComponentTimes(of=of, batch_size=batch, length=length)
    healed = {
        "epochs": epochs,
        "batch_size": of.batch_size,
        "learning_rate": of.learning_rate,
        "seed": of.seed,
    }
    rung = Smaller(of=of, times=times, saved_time=LADDER[0], even=even, layers=even, vocabulary=pieces, **healed)
    if ticket:
        alone = replace(rung, saved_time=0.0, ticket=ticket)
        return Smallest(rung=alone, shares=[0.0], asked="within", bound=2.0, seeds=seeds)
    return Smallest(rung=rung, shares=[*LADDER], asked=asked, bound=bound, seeds=seeds)


def within_reach(choice: Smallest, place: Path) -> Smallest:
    """The same without those sizes of the ladder that cannot be had by taking evenly, once it has been timed.

    Raises ValueError where none can.
    """
    rung = choice.rung
    if not rung.even or rung.ticket:
        return choice
    measured = store.perform(rung.times, place).metrics
    everything = components.everything(opening.configuration(rung.of.start.model), neurons=True)
    most = ladder.reach(everything, {HEADS: measured["head"], NEURONS: measured["neuron"]}, layers=rung.layers)
    shares = [share for share in choice.shares if share <= most]
    if not shares:
        raise ValueError(
            f"taking equally many neurons of every layer, and whole layers, saves at most {most:.0%} of the time of "
            f"what can go, and {choice.shares[0]:.0%} is the least that is tried: leave --uniform out"
        )
    return replace(choice, shares=shares)


def write(run: Run, folder: Path, forms: list[Form], command: str) -> dict[str, Any]:
    """Write the chosen model of a finished `Smallest` as a folder, open what was written, and measure that.

    returns  the report, which is written as report.json and, in words, as README.md
    Nothing is left where it fails. Raises RuntimeError where what is opened again answers otherwise.
    """
    exporting.require(forms)
    choice = run.experiment
    rung = choice.healings(choice.ladder[run.metrics["chosen"]])[run.metrics["healing"]]
    of, source = rung.of, Path(rung.weights(run))
    _, exam = of.opened(run)
    task = exam.task
    with files.written_folder(folder.absolute()) as partial:
        home = opening.home(of.start.model)
        own = [path.name for path in files.visible(opening.locate(of.start.model), *folders.TOKENIZER)]
        folders.accompany(home, partial, without=own)
        shutil.copytree(source, partial, dirs_exist_ok=True)
        small = opened(partial, task)
        exporting.write(small.model, small.tokenizer, partial, forms)
        readers = {"whole": opened(Path(of.weights(run)), task), ".": small}
        readers |= {form: opened(partial / form, task) for form in forms}
        scored = run.read(TEST)
        before = own_answers.as_read(scored[scored["model"] == "small"]["answer"])
        answers = {name: answer(reader, exam, exam.tables["dev"]) for name, reader in readers.items()}
        if not _same(answers["."], before):
            raise RuntimeError("the model that was written does not answer as the one that was scored: write it again")
        inputs = {size: timing.batch(small.model, size, rung.times.length) for size in (1, 32)}
        report = {
            "command": command,
            "made_of": str(of.start.model),
            "task": task.TITLE,
            "metric": task.METRIC,
            "test_rows": run.metrics["test_rows"],
            "change": [run.metrics[f"test_{name}"] for name in ("change", "low", "high")],
            "healings": choice.seeds,
            "opened_by": openers(partial, task) if slices.read(partial, small.model.config) is None else [],
            "saved_time": rung.saved_time,
            "left": {name: run.need(rung).metrics[name] for name in ("heads", "all_heads", "neurons", "all_neurons")},
            "layers": [readers[name].model.config.num_hidden_layers for name in (".", "whole")],
            "pieces": [readers[name].model.config.vocab_size for name in (".", "whole")],
            "length": rung.times.length,
            "threads": torch.get_num_threads(),
            "run": f"Smallest/{run.path.name}",
            "models": described(readers, answers, exam, inputs),
        }
        files.write_json(partial / "report.json", report)
        (partial / "README.md").write_text(card(report), "utf-8")
    return report


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other) if one.dtype == object else np.allclose(one, other, atol=1e-4)


def openers(folder: Path, task: Task) -> list[str]:
    """What of other programs opens a model's folder that is as any other, in words."""
    loader = {"vectors": "AutoModel", "tags": "AutoModelForTokenClassification"}.get(
        task.KIND, "AutoModelForSequenceClassification"
    )
    behind = (folder / folders.MODULES).is_file()
    return [
        f"`{loader}.from_pretrained` of transformers",
        *(["`SentenceTransformer` of sentence-transformers"] if behind else []),
    ]


@dataclass(frozen=True)
class Reader:
    """A model of a folder, whichever form it has: called with inputs it gives an output of its own class's names."""

    call: Callable[..., Any]
    model: PreTrainedModel | None  # of an export there is none
    folder: Path
    tokenizer: PreTrainedTokenizerBase
    places: list[int]  # of its numbers, one a class of the task, or one; none of an encoder

    @property
    def bytes(self) -> int:
        """What its weights take on disk; of an export all files but the tokenizer's."""
        if self.model is not None:
            return folders.weights_bytes(self.folder)
        return sum(path.stat().st_size for path in self.folder.glob("model.*"))


def opened(folder: Path, task: Task) -> Reader:
    """A saved model under its head for the task, or an exported one, from its files alone."""
    if (folder / EXPORT).is_file():
        made = exporting.opened(folder)
        places = [] if task.KIND == "vectors" else evaluation.head_places(made.config, task)
        return Reader(made, None, folder, opening.tokenizer(str(folder)), places)
    model = evaluation.with_head(str(folder), task, ours=True).eval()
    return Reader(model, model, folder, opening.tokenizer(str(folder)), [*range(evaluation.outputs(task))])


def answer(reader: Reader, exam: Exam, table: pd.DataFrame) -> np.ndarray:
    """What it answers to every row, as its own tokenizer reads it: (n,) as of `Exam.answering`."""

    def said(output: Any, _: Batch) -> torch.Tensor:
        return output.logits[..., reader.places]

    if exam.task.KIND == "tags":
        sentences, places = tagged.encode(table, reader.tokenizer, exam.max_length, exam.task.LABELS)
        return tagged.told(reading.rows(reader.call, sentences, said, batch_size=32), places, exam.task.LABELS)
    given = replace(exam, tokenizer=reader.tokenizer).encoded(table)
    if exam.task.KIND == "vectors":
        vectors = reading.read(reader.call, given, sentence_vectors.pooled(exam.task.POOLING), batch_size=32)
        return evaluation.alike(exam.task, vectors, table)
    logits = reading.read(reader.call, given, said, batch_size=32)
    return evaluation.decided(exam.task, logits).astype(float)


def described(
    readers: dict[str, Reader], answers: dict[str, np.ndarray], exam: Exam, inputs: dict[int, dict]
) -> dict[str, dict[str, float]]:
    """Of each model its score on the test part, its bytes, and the seconds for one text and for a batch, in turns."""
    right = evaluation.truth(exam.task, exam.tables["dev"])
    times = {size: timing.seconds({n: r.call for n, r in readers.items()}, batch) for size, batch in inputs.items()}
    return {
        name: {
            "score": score(exam.task, answers[name], right),
            "bytes": reader.bytes,
            **{f"seconds_{size}": times[size][name] for size in inputs},
        }
        for name, reader in readers.items()
    }


def lines(report: dict[str, Any]) -> Iterator[list[str]]:
    """The models of a report, as rows of a table: name, score, MB, ms of one text and of 32, how many times as fast."""
    base = report["models"]["whole"]
    for name, found in report["models"].items():
        yield [
            {"whole": "full", ".": "smaller"}.get(name, f"  as {name}"),
            f"{100 * found['score']:.1f}",
            f"{found['bytes'] / 1e6:.1f}",
            *(f"{1000 * found[f'seconds_{size}']:.1f}" for size in (1, 32)),
            *(f"{base[f'seconds_{size}'] / found[f'seconds_{size}']:.2f}" for size in (1, 32)),
        ]


def measured(
    one: str, other: str, data: Data, *, max_length: int, length: int
) -> tuple[list[list[str]], Estimate, int]:
    """Two models or exports on a task's dev set, or a part of a user's rows: a table's rows, B minus A, how many rows.

    Raises ValueError where one of them has no head for the task.
    """
    whole = [model for model in (one, other) if not (opening.locate(model) / EXPORT).is_file()]
    if not whole:
        raise ValueError(
            f"{one!r} and {other!r} are exports both: give the model of one, which lies in the folder above"
        )
    start, name = data.start(whole[0], max_length)
    task, tables = start.task_named(name), start.tables(name)
    readers = {}
    for number, model in zip("AB", (one, other), strict=True):
        folder = opening.locate(model)
        if task.KIND == "vectors":
            if not pooling.makes_vectors(model):
                raise ValueError(f"{model!r} is no sentence encoder as {whole[0]!r} is, to whose vectors it is held")
        elif not evaluation.keeps_head(model, task):
            kind = listed([*task.LABELS], "and") if task.LABELS else "numbers"
            raise ValueError(f"{model!r} has no score to measure: it has no head for {kind}; give one trained for that")
        readers[number] = opened(folder, task)
    exam = Exam(task, tables, opening.tokenizer(whole[0]), max_length)
    fewest = min((reader.call for reader in readers.values()), key=lambda each: each.config.vocab_size)
    inputs = {size: timing.batch(fewest, size, length) for size in (1, 32)}
    answers = {name: answer(reader, exam, tables["dev"]) for name, reader in readers.items()}
    found = described(readers, answers, exam, inputs)
    right = evaluation.truth(task, tables["dev"])
    rows = list(lines({"models": {"whole": found["A"], ".": found["B"]}}))
    rows[0][0], rows[1][0] = f"A: {one}", f"B: {other}"
    return rows, change([tabled({"whole": answers["A"], "small": answers["B"]}, right)], exam), len(right)


HEADINGS = ("model", "score", "MB", "ms, 1 text", "ms, 32", "times as fast", "at 32")


def changed(report: dict[str, Any]) -> str:
    """What the cut changes on the test part, in words."""
    mean, low, high = (float("nan") if value is None else 100 * value for value in report["change"])
    ends = "" if low != low else f" ({signed(low)} to {signed(high)})"
    several = f", the mean of {report['healings']} trainings" if report["healings"] > 1 else ""
    return f"{signed(mean)} points{ends} on {report['test_rows']} rows that no choice was made on{several}"


def worthless(found: dict[str, Any]) -> str:
    """A warning where the model that was chosen, as of `Smallest`, knows nothing of its task; "" where it does."""
    if found["test_score"] > found["test_majority"] or math.isnan(found["test_majority"]):
        return ""
    return (
        f"It scores no better than the majority-class baseline ({100 * found['test_majority']:.1f}): ask for less, or "
        "train it longer, on more rows"
    )


def card(report: dict[str, Any]) -> str:
    """README.md of the folder: what it was made from, what went, the figures, and how to open it."""
    left, (pieces, all_pieces) = report["left"], report["pieces"]
    programs = report["opened_by"]
    layers = "of {} layers {} stay, ".format(*reversed(report["layers"])) if programs else ""
    table = [HEADINGS, ["---"] * len(HEADINGS), *lines(report)]
    forms = [name for name in report["models"] if name not in ("whole", ".")]
    threads = "one thread" if report["threads"] == 1 else f"{report['threads']} threads"
    how = (
        f"{listed(programs, 'and')} {'open' if len(programs) > 1 else 'opens'} this folder."
        if programs
        else "Its layers differ in width, which transformers has no form for: `lottery.models.opening.as_saved` opens "
        "this folder, to use or to train on."
    )
    if forms:
        how += (
            f" {listed([f'`{form}/`' for form in forms], 'and')} hold it as a graph, which needs no code of a model: "
            "`ExportedModel.from_pretrained` of `transformers.exporters.base` opens it; so does ONNX Runtime "
            "`model.onnx`, and `torch.export.load` `model.pt2` after `import transformers.modeling_outputs`."
        )
    return "\n".join(
        [
            f"# A smaller model for {report['task']}",
            "",
            f"Made of `{Path(report['made_of']).name}` by cutting out whole heads and neurons of the feed-forward "
            f"networks, {layers}{left['heads']} of {left['all_heads']} heads and {left['neurons']:,} of "
            f"{left['all_neurons']:,} neurons stay, and training what is left with the full model as its teacher.",
            *(
                [
                    f"Of {all_pieces:,} word pieces the {pieces:,} stay that occur in its training rows, and single "
                    "characters: other words are written with smaller pieces."
                ]
                if pieces < all_pieces
                else []
            ),
            "",
            f"It changes the score ({plots.metric(report['metric'])}, x 100) by {changed(report)}.",
            "The 95% interval is that of the rows" + (" and of these." if report["healings"] > 1 else "."),
            "",
            *("| " + " | ".join(row) + " |" for row in table),
            "",
            f"Times are those of one machine, {threads}, texts of {report['length']} tokens.",
            "",
            how,
            "",
            "```bash",
            report["command"],
            "```",
            "",
        ]
    )
