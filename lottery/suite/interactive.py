"""Figures to move: the facts of one on its page, and the script that draws them in the place of the still picture.

A page has the still figure; `interactive` puts beside it, unseen, what a script needs to draw more of it than fits on
paper. The script is one file, book/_extra/interactive/<name>.js, and book/_static/interactive.js fetches it where a
page asks for it. Without scripts, on paper, and in a notebook the still figure is all there is.
"""

import json
import re
from collections.abc import Mapping
from math import isnan

from IPython.display import HTML

FOLDER = "interactive"  # of the scripts, in book/_extra and at the root of the site
MOST = 60_000  # bytes of facts and script together
PLACE = re.compile(
    r'<div class="interactive" data-script="([\w]+)" data-figure="([\w-]+)" hidden>'
    r'<script type="application/json">(.*?)</script></div>',
    re.DOTALL,
)


def interactive(script: str, facts: Mapping[str, object], *, figure: str) -> HTML:
    """The facts of a figure to move, for the end of a cell.

    script  the name of its file, without .js
    facts   numbers, texts, lists and mappings by name; a NaN is told as none
    figure  the name of the still figure, on the same page, that the script takes the place of
    Raises ValueError for facts of more than MOST bytes.
    """
    text = json.dumps(_told(facts), separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    text = text.replace("<", "\\u003c")  # so that no text in it ends the element
    if (size := len(text.encode())) > MOST:
        raise ValueError(f"the facts of {script} take {size:,} bytes: give at most {MOST:,}, fewer or rounded")
    return HTML(
        f'<div class="interactive" data-script="{script}" data-figure="{figure}" hidden>'
        f'<script type="application/json">{text}</script></div>'
    )


def faults(page: str, sizes: Mapping[str, int]) -> list[str]:
    """What is wrong with the figures to move of a page, one sentence each.

    page   its HTML
    sizes  {script: bytes of its file}, of those that are there
    """
    sentences = []
    for script, figure, facts in PLACE.findall(page):
        if script not in sizes:
            sentences.append(f"asks for the script {script}, which is not in book/_extra/{FOLDER}")
        elif (size := len(facts.encode()) + sizes[script]) > MOST:
            sentences.append(f"has {size:,} bytes of {script}, more than {MOST:,}")
        if f'id="{figure}"' not in page:
            sentences.append(f"has {script} in the place of the figure {figure}, which is not on it")
    return sentences


def _told(value: object) -> object:
    """What JSON can say: numpy's numbers as Python's, NaN as None."""
    if isinstance(value, Mapping):
        return {str(name): _told(each) for name, each in value.items()}
    if hasattr(value, "tolist"):
        return _told(value.tolist())
    if isinstance(value, list | tuple):
        return [_told(each) for each in value]
    return None if isinstance(value, float) and isnan(value) else value
