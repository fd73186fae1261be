"""The facts of a figure to move, read back as a browser does, and what is wrong with those of a page."""

import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from lottery.suite.interactive import MOST, faults, interactive


class Facts(HTMLParser):
    """The text of the scripts of a page."""

    def __init__(self, page: str):
        super().__init__()
        self.told, self.inside = "", False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "script"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        self.told += data if self.inside else ""


def test_facts_come_back_as_they_were():
    facts = {"texts": ["</script><b>", "ü"], "cells": np.array([[1, 2], [3, 4]]), "none": math.nan, 3: np.float64(0.5)}
    page = interactive("noise", facts, figure="bars").data
    assert json.loads(Facts(page).told) == {
        "texts": ["</script><b>", "ü"],
        "cells": [[1, 2], [3, 4]],
        "none": None,
        "3": 0.5,
    }
    assert re.search(r"<div [^>]* hidden>", page)


def test_more_facts_than_a_page_has_room_for_are_refused():
    with pytest.raises(ValueError, match=r"the facts of noise take 60,0\d\d bytes: give at most 60,000"):
        interactive("noise", {"text": "x" * MOST}, figure="bars")


def test_a_page_has_the_script_the_figure_and_the_room():
    page = '<figure id="bars"></figure>' + interactive("noise", {"text": "x" * 1000}, figure="bars").data
    assert faults(page, {"noise": 2000}) == []
    assert faults(page, {}) == ["asks for the script noise, which is not in book/_extra/interactive"]
    assert faults(page, {"noise": MOST - 500}) == ["has 60,511 bytes of noise, more than 60,000"]
    assert faults(page.replace('"bars"></f', '"other"></f'), {"noise": 1}) == [
        "has noise in the place of the figure bars, which is not on it"
    ]
