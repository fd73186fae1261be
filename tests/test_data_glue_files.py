import pytest

from lottery.data.glue_files import read_split

PAIR = {"first": "a", "second": "b", "label": "l"}


@pytest.fixture
def written(tmp_path):
    def write(text: str, encoding: str = "utf-8"):
        path = tmp_path / "train.tsv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_columns_are_taken_by_name_whatever_their_order(written):
    path = written("l\tidx\tb\ta\nno\t7\tw1 w2\tw3\nyes\t8\tw4\tw5\n")
    split = read_split(path, PAIR, ("yes", "no"))
    assert split.to_dict("list") == {"first": ["w3", "w5"], "second": ["w1 w2", "w4"], "label": [1, 0]}
    assert split["label"].dtype.kind == "i"


def test_columns_are_taken_by_position_where_there_is_no_header(written):
    path = written("gj04\t1\t\tfirst row\ngj04\t0\t*\tsecond row\n")
    split = read_split(path, {"first": 3, "label": 1}, ("0", "1"), header=False)
    assert split.to_dict("list") == {"first": ["first row", "second row"], "label": [1, 0]}


def test_text_stays_as_it_is(written):
    """Unbalanced quotes, words that other readers take for missing values, line separators of Unicode."""
    texts = ['he said "no', "NA", "null", "nan", "''", "a\u2028b", "a\x85b", " blank at both ends ", "a\rb", "café 語"]
    path = written("a\tl\n" + "".join(f"{text}\t0\n" for text in texts))
    assert read_split(path, {"first": "a", "label": "l"}, ("0", "1"))["first"].tolist() == texts


@pytest.mark.parametrize("begin", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_the_line_ends_of_windows_are_no_text(written, begin, end):
    path = written(begin + end.join(["a\tb\tl", "w1\tw2\t1", "w3\tw4\t0"]))
    assert read_split(path, PAIR, ("0", "1")).to_dict("list") == {
        "first": ["w1", "w3"],
        "second": ["w2", "w4"],
        "label": [1, 0],
    }


def test_labels_that_are_numbers(written):
    path = written("a\tb\tl\nw1\tw2\t2.500\nw1\tw2\t0\n")
    assert read_split(path, PAIR, ())["label"].tolist() == [2.5, 0.0]
    assert read_split(path, PAIR, (), between=(0, 2.5))["label"].tolist() == [2.5, 0.0]
    with pytest.raises(ValueError, match=r"row 2: label '0' is not a number from 1 to 2\.5"):
        read_split(path, PAIR, (), between=(1, 2.5))


def test_incomplete_rows_are_left_out_where_that_is_asked_for_and_counted(written):
    path = written("a\tb\tl\nw1\tw2\t1\nw3\t\t0\nw4\nw5\tw6\t0\n")
    with pytest.warns(UserWarning, match=r"train\.tsv: 2 of 4 rows lack a field"):
        split = read_split(path, PAIR, ("0", "1"), leave_out_incomplete=True)
    assert split.to_dict("list") == {"first": ["w1", "w5"], "second": ["w2", "w6"], "label": [1, 0]}
    with pytest.raises(ValueError, match="row 1: 4 fields"):
        read_split(written("a\tb\tl\nw1\tw2\t1\tw3\n"), PAIR, ("0", "1"), leave_out_incomplete=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no row"),
        ("a\tb\tl\n", "no row"),
        ("a\tb\nw1\tw2\n", "column 'l' is not there"),
        ("a,b,l\nw1,w2,1\n", "column 'a' is not there"),
        ("a\tb\tl\tl\nw1\tw2\t1\t0\n", "column 'l' is twice"),
        ("a\tb\tl\nw1\tw2\t1\nw1\tw2\n", "row 2"),
        ("l\ta\tb\n1\tw1\tw2\n1\tw1\n", "row 2"),
        ("a\tb\tl\nw1\tw2\t1\nw1\t \t1\n", "row 2: column 'b' is empty"),
        ("a\tb\tl\nw1\tw2\t1\tw3\n", "row 1"),
        ("a\tb\tl\nw1\tw2\t1\nw1\tw2\t1\tw3\n", "row 2"),
        ("a\tb\tl\nw1\tw2\t1\nw1\tw2\t2\n", "row 2: label '2' is none of 0, 1"),
        ("a\tb\tl\nw1\tw2\t1\nw1\tw2\t\n", "row 2: label '' is none of 0, 1"),
    ],
)
def test_a_file_in_another_layout_is_refused_with_its_name_and_the_row(written, text, told):
    path = written(text)
    with pytest.raises(ValueError, match=r"train\.tsv") as error:
        read_split(path, PAIR, ("0", "1"))
    assert told in str(error.value)


@pytest.mark.parametrize("label", ["", "nan", "inf", "four", "NA"])
def test_a_label_that_is_no_number_is_refused(written, label):
    path = written(f"a\tb\tl\nw1\tw2\t1.5\nw1\tw2\t{label}\n")
    with pytest.raises(ValueError, match=r"row 2: .* is not a number"):
        read_split(path, PAIR, ())


def test_a_file_in_another_encoding_is_refused(written):
    with pytest.raises(ValueError, match="UTF-8"):
        read_split(written("a\tb\tl\ncafé\tw2\t1\n", "latin-1"), PAIR, ("0", "1"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"dev\.tsv"):
        read_split(tmp_path / "dev.tsv", PAIR, ("0", "1"))
