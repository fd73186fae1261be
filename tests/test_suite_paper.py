"""The book on paper, of a source tree of two pages, and what is said where it cannot be printed."""

import shutil
from io import StringIO

import browser
import pytest
from held import held
from rich.console import Console

from lottery.suite import book, paper


@pytest.fixture
def built(tmp_path):
    source = tmp_path / "book" / "_build" / "source"
    source.mkdir(parents=True)
    (source / "_config.yml").write_text("title: A\nonly_build_toc_files: true\n")
    (source / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters: [{file: other}]\n")
    (source / "index.md").write_text("# First\n\nWords.\n")
    (source / "other.md").write_text("# Other\n\nMore.\n")
    site = tmp_path / "book" / "_build" / "html"
    site.mkdir()
    (site / "index.html").write_text("")
    return tmp_path


@pytest.mark.skipif(not browser.installed(), reason="Chromium is not installed")
def test_all_pages_are_printed_into_one_file(built, monkeypatch):
    render, words = book.render, []

    def seen(*given, **how):
        pages = render(*given, **how)
        words.extend((pages / "index.html").read_text().replace("<", ">").split(">"))
        return pages

    monkeypatch.setattr(book, "render", seen)
    told = StringIO()
    place = built / "book" / "_build"
    with held(place / ".lock", told.getvalue, place / "book.pdf"):
        made = paper.printed(built, Console(file=told))
    assert told.getvalue() == "another process renders the pages; this one waits until that is done\n"
    assert {"First", "Other"} <= {*words}
    assert made == built / "book" / "_build" / "book.pdf"
    assert made.read_bytes().startswith(b"%PDF")
    assert {path.name for path in made.parent.iterdir()} <= {"book.pdf", "source", "html", ".lock"}


def test_without_a_browser_or_a_book_it_is_said_what_is_missing(built, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ValueError, match="Chromium is not installed: printing takes a program called chromium, "):
        paper.printed(built, Console())
    shutil.rmtree(built / "book" / "_build" / "html")
    with pytest.raises(FileNotFoundError, match="build it by `lottery book`"):
        paper.printed(built, Console())
