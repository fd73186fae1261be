"""The figures to move, in a browser on small pages: what their controls do, and that nothing is lost without them."""

import shutil
from pathlib import Path

import browser
import pytest

from lottery.suite.interactive import interactive

BOOK = Path(__file__).parent.parent / "book"
PAGE = """\
<!DOCTYPE html><html data-content_root="./"><head><meta charset="utf-8"><link rel="stylesheet" href="book.css">
{scripts}</head><body style="width: 390px; margin: 0"><article class="bd-article"><figure id="still">
<span><a class="alone" href="#"><img alt="still" src="data:,"></a></span>
<figcaption><p><span class="caption-text">What it shows.</span></p></figcaption>
</figure>{facts}</article></body></html>
"""
SAYS = "document.querySelector('.moved .says').textContent"
WIDTH = "Math.max(...[...document.querySelectorAll('.moved *')].map(it => it.getBoundingClientRect().right))"

pytestmark = pytest.mark.skipif(not browser.installed(), reason="Chromium is not installed")


def control(number: int, value: object) -> str:
    """Chooses or slides to a value, in the control of that number."""
    do = f"control.value = {value}; control.dispatchEvent(new Event(control.type === 'range' ? 'input' : 'change'))"
    return f"(() => {{const control = document.querySelectorAll('.moved select, .moved input')[{number}]; {do}}})()"


def press(words: str) -> str:
    """Clicks the button of these words, as they are shown or read."""
    buttons = "[...document.querySelectorAll('.moved button')]"
    return f"{buttons}.find(it => (it.ariaLabel || it.textContent) === '{words}').click()"


@pytest.fixture
def moved(tmp_path):
    """What expressions come to on the page of a script and its facts."""

    def visit(script: str, facts: dict, *expressions: str, scripts: bool = True) -> list[object]:
        site = tmp_path / "site"
        shutil.copytree(BOOK / "_static", site)
        shutil.copytree(BOOK / "_extra" / "interactive", site / "interactive")
        fetched = '<script src="interactive.js"></script>' if scripts else ""
        (site / "page.html").write_text(
            PAGE.format(facts=interactive(script, facts, figure="still").data, scripts=fetched)
        )
        ((*told,),) = browser.values(site, [("page.html", list(expressions))], tmp_path / "profile")
        return told

    return visit


def cut(task: str, way: str, removed: float, change: float, **more: object) -> dict:
    told = {"task": task, "way": way, "removed": removed, "full": 0.9, "score": 0.9 + change, "change": change}
    return told | {"low": change - 0.01, "high": change + 0.01, "over": "3 seeds", "zeros": True, "mask": None} | more


CUTS = {
    "cuts": [
        cut("CoLA", "by size", 0.2, 0.0),
        cut("CoLA", "by size", 0.6, -0.05, mask=12_000),
        cut("CoLA", "learned", 0.5, -0.02, low=None, high=None, over="2 seeds"),
        cut("SST-2", "heads gone", 0.5, -0.01, zeros=False, bytes=7e7, faster=[1.7, 1.5, 1.9]),
    ],
    "zeros": "Zeros stay.",
    "colour": "#0072B2",
}


def test_a_cut_is_chosen_by_task_way_and_share(moved):
    first, _, more, _, learned, _, gone, width = moved(
        "ways_to_cut", CUTS, SAYS, control(2, 1), SAYS, control(1, 1), SAYS, control(0, 1), SAYS, WIDTH
    )
    full = "The full model scores 90.0, this one"
    assert first.startswith("CoLA, by size, 60 % removed.")
    assert more == (
        f"CoLA, by size, 60 % removed. {full} 85.0: −5.0 points (−6.0 to −4.0), 95 % interval over 3 seeds. Zeros "
        "stay. A file that says which weights stay takes 12 kB."
    )
    assert learned == f"CoLA, learned, 50 % removed. {full} 88.0: −2.0 points, of 2 seeds. Zeros stay."
    assert gone == (
        f"SST-2, heads gone, 50 % removed. {full} 89.0: −1.0 points (−2.0 to 0.0), 95 % interval over 3 seeds. It "
        "takes 70 MB and is 1.7 times as fast (1.5 to 1.9)."
    )
    assert width <= 390


def test_every_control_has_a_name_and_the_still_figure_gives_way(moved):
    named = "[...document.querySelectorAll('.moved select, .moved input')].map(it => it.labels[0].textContent).join()"
    still = "getComputedStyle(document.querySelector('figure > span')).display"
    group = "document.querySelector('.moved').getAttribute('aria-label')"
    assert moved("ways_to_cut", CUTS, named, still, group) == ["task,way,share removed", "none", "What it shows."]


def test_without_the_script_the_still_figure_is_there(moved):
    still = "getComputedStyle(document.querySelector('figure > span')).display"
    assert moved("ways_to_cut", CUTS, still, "document.body.innerText.trim()", scripts=False) == [
        "inline",
        "What it shows.",
    ]
