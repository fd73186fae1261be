import json

import pytest

from lottery.data import text_corpus
from lottery.tasks import squad


def documents(count=40, sentences=2):
    return [[f"Sentence {number} of document {d}." for number in range(sentences)] for d in range(count)]


def test_documents_end_at_blank_lines_and_at_the_end_of_a_file(tmp_path):
    whole = documents(45, 3)
    (tmp_path / "deep").mkdir()
    for name, some in (("a.txt", whole[:20]), ("deep/b.txt", whole[20:])):
        (tmp_path / name).write_text("\n\n".join("\n".join(document) for document in some))
    (tmp_path / "notes.md").write_text("This is no text of the corpus.\nNor is this.\n")
    assert text_corpus.read(tmp_path) == whole


def test_blanks_line_ends_and_a_byte_order_mark_are_no_text(tmp_path):
    text = "".join(f"  One\t{d}. \r\n\u00a0two {d}.  \r\n \t\r\n\r\n" for d in range(40))
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert text_corpus.read(tmp_path / "a.txt") == [[f"One {d}.", f"two {d}."] for d in range(40)]


def test_what_is_written_is_read_again(tmp_path):
    (tmp_path / "a.txt").write_text(text_corpus.written(documents(41, 3)))
    assert text_corpus.read(tmp_path / "a.txt") == documents(41, 3)


def test_a_document_that_comes_again_and_one_of_a_single_sentence_are_left_out(tmp_path):
    told = [*documents(40), ["Alone."], *documents(3), ["Alone."]]
    (tmp_path / "a.txt").write_text(text_corpus.written(told))
    assert text_corpus.read(tmp_path / "a.txt") == documents(40)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "has 0 different documents"),
        (b" \n\n\t\n", "has 0 different documents"),
        (b"One.\nTwo.\nThree.\n", "has 1 different documents of two sentences or more, and at least 40"),
        (text_corpus.written(documents(39)).encode(), "has 39 different"),
        (text_corpus.written(documents(39) + documents(39)).encode(), "has 39 different"),
        (text_corpus.written(documents(80, 1)).encode(), "has 0 different"),
        ("Wie schön.\nJa.\n".encode("latin-1"), "not a UTF-8 file"),
        ("One.\nTwo.\n".encode("utf-16-le"), "line 1: it holds a zero byte"),
    ],
)
def test_what_is_no_text_to_train_on_is_refused(tmp_path, content, match):
    (tmp_path / "a.txt").write_bytes(content)
    for place in (tmp_path / "a.txt", tmp_path):
        with pytest.raises(ValueError, match=match) as refusal:
            text_corpus.read(place)
        assert str(tmp_path) in str(refusal.value)
        assert "\n" not in str(refusal.value)


def test_hidden_files_are_no_text(tmp_path):
    """Such as those that a Mac leaves on foreign disks."""
    (tmp_path / "a.txt").write_text("".join(f"One {n}.\nTwo {n}.\n\n" for n in range(50)))
    before = text_corpus.read(tmp_path)
    (tmp_path / ".git").mkdir()
    for name in ("._a.txt", ".git/b.txt"):
        (tmp_path / name).write_bytes(b"\0\5\26\7")
    assert text_corpus.read(tmp_path) == before


def test_a_missing_file_and_a_folder_without_text_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*gone\.txt"):
        text_corpus.read(tmp_path / "gone.txt")
    (tmp_path / "a.md").write_text(text_corpus.written(documents()))
    with pytest.raises(ValueError, match=r"holds no \.txt file"):
        text_corpus.read(tmp_path)


@pytest.mark.parametrize("count", [40, 41, 59, 60, 100])
def test_every_twentieth_document_is_held_out(count):
    whole = documents(count)
    train, held_out = text_corpus.split(whole)
    assert [whole.index(document) for document in held_out] == [n for n in range(count) if n % 20 == 19]
    assert [whole.index(document) for document in train] == [n for n in range(count) if n % 20 != 19]
    assert len(held_out) >= 2


@pytest.mark.parametrize(
    "told",
    [
        ["It is.", "Is it?", "It was!"],
        ["He said it.", '"She did not."', "They (all of them) did.", "(Later more.)", "End"],
        ["The U.S. Navy had 3.14 ships.", "J. R. R. Tolkien met Mr. Smith and Dr. No in St. Louis.", "1999 was over."],
        ["It began at 5 p.m. on a Monday.", "Nobody came."],
        ['"Was it?" asked he.', "“It was.”", "Then it ended..."],
    ],
)
def test_a_paragraph_is_cut_where_its_sentences_end(told):
    assert text_corpus.sentences("  ".join(told) + "\n") == told
    assert text_corpus.sentences("\n".join(told)) == told


def test_no_word_of_a_published_paragraph_is_lost(reference):
    rows = squad.read_file(reference("squad/dev-v1.1.json"))
    paragraphs = rows["second"].drop_duplicates()
    assert len(paragraphs) == 2067
    counts = []
    for paragraph in paragraphs:
        found = text_corpus.sentences(paragraph)
        assert " ".join(found).split() == paragraph.split()
        assert all(sentence == sentence.strip() != "" for sentence in found)
        counts.append(len(found))
    # Answers lie within sentences: a rule that cut too often would cut many of them in two.
    cut = sum(
        not any(" ".join(answer.split()) in sentence for sentence in text_corpus.sentences(second))
        for second, answer in zip(rows["second"][::10], rows["answer"][::10], strict=True)
    )
    assert cut < 0.005 * len(rows[::10])
    assert 4 < sum(counts) / len(counts) < 6


def test_the_sentences_are_those_of_qnli(reference):
    """QNLI holds sentences of the same paragraphs, cut by its authors' splitter."""
    paragraphs = {row["context"] for row in _paragraphs(reference("squad/dev-v1.1.json"))}
    ours = {sentence for paragraph in paragraphs for sentence in text_corpus.sentences(paragraph)}
    lines = reference("glue/QNLI/dev.tsv").read_text(encoding="utf-8").split("\n")[1:-1]
    theirs = {" ".join(line.split("\t")[2].split()) for line in lines}
    assert len(theirs) > 3000
    assert len(theirs & ours) / len(theirs) > 0.9


def _paragraphs(path):
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        yield from article["paragraphs"]
