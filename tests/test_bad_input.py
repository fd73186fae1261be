"""What a user may get wrong, given to the command as it is typed: one sentence, exit code 2, and nothing is run.

The notebook is the project's own; only its execution is kept from happening.
"""

import shutil
from pathlib import Path

import pytest

from lottery.suite import cli, execution

HOW_MUCH = "how_much_can_go"
TEXTS = "text,label\n" + "".join(f"w{row} w1,{'ab'[row % 2]}\n" for row in range(20))


@pytest.fixture
def refused(capsys, monkeypatch):
    """Calls `lottery run how_much_can_go` with these parameters; the sentence it refuses them with."""

    def never(*_, **__):
        raise AssertionError("the notebook was executed")

    monkeypatch.setattr(execution, "execute", never)

    def call(**parameters):
        words = [word for name, value in parameters.items() for word in ("-p", name, str(value))]
        with pytest.raises(SystemExit) as left:
            cli.main(["run", HOW_MUCH, *words])
        told = capsys.readouterr()
        assert (left.value.code, told.out) == (2, "")
        assert told.err.startswith("lottery: ")
        assert told.err.count("\n") == 1
        assert "Traceback" not in told.err
        return told.err

    return call


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"task": "colla"}, "did you mean 'cola'"),
        ({"importance": "magntude"}, "did you mean 'magnitude'"),
        ({"sparsitys": "[0.5]"}, "did you mean 'sparsities'"),
        ({"dev": "a.csv"}, "did you mean 'dev_examples', 'dev_file' or 'dev_share'"),
        ({"task": "OWN"}, "did you mean 'own'"),
        ({"task": "SST-2"}, "did you mean 'sst2'"),
        ({"sparsities": "[20, 40]"}, "sparsity = 20.0: input should be less than 1; it is a share: 20% is 0.2"),
        ({"sparsities": "[0.5"}, "sparsities = '[0.5' cannot be read"),
        ({"sparsities": "[0.5, 0.50]"}, "0.5 is there twice"),
        ({"seeds": "[1, 2, 1]"}, "1 is there twice"),
        ({"task": "cola", "more_tasks": "[cola]"}, "'cola' is the task already"),
        ({"train_file": "a.csv"}, "is the task 'own': give that, in the place of cola"),
        (
            {"task": "own", "model": "minilm", "train_file": "https://a.org/b.csv"},
            "'https://a.org/b.csv' is an address",
        ),
        ({"model": "https://huggingface.co/bert-base-uncased"}, "is an address"),
        ({"sparsities": "[1.0]"}, "sparsity = 1.0"),
        ({"sparsities": "[-0.1]"}, "sparsities = [-0.1]: -0.1 is below 0"),
        ({"sparsities": "[.nan]"}, "sparsities = [nan]: nan is not finite"),
        ({"sparsities": "0.5"}, "is not a list"),
        ({"sparsities": "[half]"}, "is not a number"),
        ({"seeds": "[-1]"}, "seeds = [-1]: -1 is below 0"),
        ({"seeds": "[]"}, "seeds = []: at least one"),
        ({"scope": "globl"}, "scope = 'globl'"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"learning_rate": -1}, "learning_rate = -1"),
        ({"epochs": -1}, "epochs = -1"),
        ({"max_length": -1}, "max_length = -1"),
        ({"model": "miniature", "data_dir": "glue_data"}, "leave data_dir empty"),
        ({"model": "minilm"}, "data_dir = ''"),
        ({"model": "minilm", "data_dir": "nowhere"}, "data_dir = 'nowhere' has no folder 'CoLA'"),
        ({"task": "own"}, "knows the words of its own language alone"),
        ({"task": "own", "model": "minilm"}, "train_file = ''"),
        ({"task": "own", "model": "minilm", "train_file": "nowhere.csv"}, "nowhere.csv"),
    ],
)
def test_a_parameter(refused, parameters, told):
    assert told in refused(**parameters)


@pytest.mark.parametrize(
    ("content", "parameters", "told"),
    [
        ("", {}, "mine.csv has no row"),
        ("text,label\n", {}, "mine.csv has no row"),
        ("comment,label\nw1,a\n", {}, "column 'text' is not there (the first line names the columns)"),
        ("text,text,label\nw1,w2,a\n", {}, "column 'text' is twice"),
        ("text,label\nw1,a\nw2\n", {}, "row 2: 1 fields"),
        (TEXTS + "w1,\n", {}, "row 21: column 'label' is empty"),
        (TEXTS + ",a\n", {}, "row 21: column 'text' is empty"),
        ("text,label\n" + "w1,a\n" * 9, {}, "all rows have the label 'a'"),
        (TEXTS, {"labels": "numbers"}, "label 'a' is not a number"),
        (TEXTS + "w1,nan\n", {"labels": "number"}, "labels = 'number'"),
        ("text,label\nw1,1\nw2,nan\n", {"labels": "numbers"}, "row 2: label 'nan' is not a number"),
        (TEXTS, {"second_column": "answer"}, "column 'answer' is not there"),
        (TEXTS, {"dev_file": "mine.csv"}, "is the same as"),
        (TEXTS, {"dev_file": "gone.csv"}, "gone.csv"),
        (TEXTS, {"dev_share": 1}, "dev_share = 1.0"),
        (TEXTS, {"dev_share": 20}, "dev_share = 20.0: input should be less than 1; it is a share: 20% is 0.2"),
        (
            TEXTS,
            {"dev_share": 0},
            "a share of 0 of its 20 different texts cannot be held out, with a text of each of its",
        ),
        (TEXTS, {"max_length": 1}, "max_length = 1: a text takes at least 3 tokens"),
        (TEXTS, {"max_length": 513}, "max_length = 513: the model has positions for 512 tokens"),
        (TEXTS, {"second_column": "label", "label_column": "text", "text_column": "text"}, "are not all different"),
        (TEXTS.encode("utf-16"), {}, "not a UTF-8 file"),
    ],
)
def test_a_file_of_ones_own(refused, tmp_path, content, parameters, told):
    """A byte order mark is no fault: tests/test_own_file.py."""
    file = tmp_path / "mine.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    files = {name: str(tmp_path / value) for name, value in parameters.items() if name == "dev_file"}
    assert told in refused(task="own", model="minilm", train_file=file, **(parameters | files))


def one_folder_up(folder: Path) -> None:
    """The folder that holds a model's folder in the place of that one."""
    inside = folder.rename(folder.with_name("checkpoint-500"))
    folder.mkdir()
    inside.rename(folder / inside.name)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: shutil.rmtree(folder), "there is no folder"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (
            lambda folder: (folder / "config.json").write_text('{"model_type": "gpt2"}'),
            "a model of the type 'gpt2', and what can be pruned of those is not known: give a BERT,",
        ),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no model.safetensors: give a folder"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "pickled weights"),
        (
            lambda folder: [(folder / "model.safetensors").unlink(), (folder / "adapter_config.json").write_text("{}")],
            "it holds an adapter",
        ),
        (
            lambda folder: (folder / "model.safetensors").write_text(
                "version https://git-lfs.github.com/spec/v1\nsize 9\n"
            ),
            "is the pointer that git keeps",
        ),
        (one_folder_up, "give the folder of the model in it, such as 'checkpoint-500'"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "could not be opened"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_a_folder_of_a_model(refused, bert_folder, cola_folder, tmp_path, change, told, own):
    model = shutil.copytree(bert_folder, tmp_path / "model")
    change(model)
    (tmp_path / "mine.csv").write_text(TEXTS)
    data = {"task": "own", "train_file": tmp_path / "mine.csv"} if own else {"data_dir": cola_folder.parent}
    assert told in refused(model=model, **data)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda path: path.unlink(), "no file"),
        (lambda path: path.write_text(""), "has no row"),
        (lambda path: path.write_text("src\t1\t\tw1\nsrc\t0\n"), "row 2: 2 fields where there are 4 columns"),
        (
            lambda path: path.write_text("src\t1\t\tw1\nsrc\t0\t*\tw1\tw2\n"),
            "row 2: 5 fields where there are 4 columns",
        ),
        (lambda path: path.write_text("src\t7\t\tw1\n"), "row 1: label '7' is none of 0, 1"),
        (lambda path: path.write_text("src\t1\t\t \n"), "row 1: column 3 is empty"),
        (lambda path: path.write_bytes("src\t1\t\té\n".encode("latin-1")), "not a UTF-8 file"),
    ],
)
def test_a_published_file(refused, cola_folder, tmp_path, change, told):
    shutil.copytree(cola_folder, tmp_path / "CoLA")
    change(tmp_path / "CoLA" / "dev.tsv")
    sentence = refused(model="minilm", data_dir=tmp_path)
    assert told in sentence
    assert str(Path("CoLA", "dev.tsv")) in sentence


def test_a_task_that_has_no_training_set(refused, tmp_path):
    (tmp_path / "HANS").mkdir()
    text = "gold_label\tsentence1\tsentence2\theuristic\nentailment\tw1\tw2\tconstituent\n"
    (tmp_path / "HANS" / "heuristics_evaluation_set.txt").write_text(text)
    assert "has no training set" in refused(model="minilm", task="hans", data_dir=tmp_path)
