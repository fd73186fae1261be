import pytest

from lottery.data import text_files


def test_a_byte_order_mark_is_no_text(tmp_path):
    (tmp_path / "a").write_bytes("\ufeffé".encode())
    assert text_files.text(tmp_path / "a") == "é"


def test_what_is_no_text_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        text_files.text(tmp_path / "gone")
    with pytest.raises(FileNotFoundError, match="no file"):
        text_files.text(tmp_path)
    (tmp_path / "a").write_bytes("é".encode("latin-1"))
    with pytest.raises(ValueError, match="not a UTF-8 file"):
        text_files.text(tmp_path / "a")


def test_rows_end_where_lines_end_and_nowhere_else():
    assert text_files.tab_separated("a\tb\r\nc\rd\te\n\n") == [["a", "b"], ["c\rd", "e"], [""]]
    assert text_files.tab_separated("") == []
