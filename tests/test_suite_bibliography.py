"""The names of a list of references, against names written out by hand."""

import pytest
from pybtex.database import parse_string

from lottery.suite.bibliography import AuthorYear, Label

ENTRIES = """
@misc{b, author = {Zhu, Michael and Gupta, Suyog}, title = {B}, year = {2017}}
@misc{c, author = {van der Berg, Anna}, title = {C}, year = {2019}}
@misc{d, author = {Gordon, Mitchell A. and Duh, Kevin and Andrews, Nicholas}, title = {D}, year = {2020}}
@misc{a, author = {{The nteract contributors}}, title = {A}}
"""


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("a", "The nteract contributors"),
        ("b", "Zhu and Gupta, 2017"),
        ("c", "van der Berg, 2019"),
        ("d", "Gordon et al., 2020"),
    ],
)
def test_a_work_is_called_by_its_authors_and_its_year(key, label):
    entries = parse_string(ENTRIES, "bibtex").entries
    assert list(Label().format_labels([entries[key]])) == [label]


def test_the_list_stands_by_author():
    named = [entry for entry in parse_string(ENTRIES, "bibtex").entries.values() if entry.key != "a"]
    assert [entry.key for entry in AuthorYear().format_entries(named)] == ["d", "c", "b"]
