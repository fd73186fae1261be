"""The figures to move, in a browser on small pages: what their controls do, and that nothing is lost without them."""

import re
import shutil
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

import browser
import numpy as np
import pytest
from scipy.stats import rankdata
from statsmodels.stats.inter_rater import fleiss_kappa

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


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """What expressions come to on the page of a script and its facts."""
    site, profile = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("profile")
    shutil.copytree(BOOK / "_static", site, dirs_exist_ok=True)
    shutil.copytree(BOOK / "_extra" / "interactive", site / "interactive")
    with browser.reader(site, profile) as read:

        def visit(script: str, facts: dict, *expressions: str, scripts: bool = True) -> list[object]:
            fetched = '<script src="interactive.js"></script>' if scripts else ""
            page = PAGE.format(facts=interactive(script, facts, figure="still").data, scripts=fetched)
            number = len([*site.glob("*.html")])
            (site / f"{number}.html").write_text(page)  # a new one each time: the browser keeps what it has read
            return read(f"{number}.html", list(expressions))

        yield visit


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
    assert first.startswith("CoLA, by size, 60% removed.")
    assert more == (
        f"CoLA, by size, 60% removed. {full} 85.0: −5.0 points (−6.0 to −4.0), 95% interval over 3 seeds. Zeros "
        "stay. A file that says which weights stay takes 12 kB."
    )
    assert learned == f"CoLA, learned, 50% removed. {full} 88.0: −2.0 points, of 2 seeds. Zeros stay."
    assert gone == (
        f"SST-2, heads gone, 50% removed. {full} 89.0: −1.0 points (−2.0 to 0.0), 95% interval over 3 seeds. It "
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


SEEDS = {"name": "BERT, CoLA", "seeds": 3, "layers": 2, "kept": [3, 3, 2, 0, 1, 0]}
OTHER = {"name": "MiniLM, CoLA", "seeds": 2, "layers": 1, "kept": [2, 0]}


def kappas(kept: list[int], seeds: int, own: list[bool]) -> tuple[float, float]:
    """Fleiss' kappa among seeds by statsmodels, and that of another choice with one of them, counted pair by pair."""
    table = np.array([[n, seeds - n] for n in kept])
    alike = [(yes, number < n) for yes, n in zip(own, kept, strict=True) for number in range(seeds)]
    observed = np.mean([one == other for one, other in alike])
    mine, theirs = (np.mean([pair[side] for pair in alike]) for side in (0, 1))
    expected = mine * theirs + (1 - mine) * (1 - theirs)
    return fleiss_kappa(table), (observed - expected) / (1 - expected)


def test_a_ticket_agrees_with_the_seeds_as_far_as_its_heads_do(moved):
    head = "layer 2, head 3, kept by 0 of 3 seeds"
    start, _, more, _, none, _, drawn, width = moved(
        "own_ticket",
        {"of": [SEEDS]},
        SAYS,
        press(head),
        SAYS,
        press("none"),
        SAYS,
        press("what most seeds keep"),
        SAYS,
        WIDTH,
    )
    own = [True, True, True, False, False, False]
    among, with_one = kappas(SEEDS["kept"], 3, own)
    assert start.startswith("BERT, CoLA: your ticket keeps 3 of 6 heads;")
    assert f"is {with_one:.2f}, and {with_one:.2f} for the best choice of that size" in start
    assert f"Among the 3 seeds kappa is {among:.2f}." in start
    _, with_one = kappas(SEEDS["kept"], 3, [*own[:5], True])
    _, best = kappas(SEEDS["kept"], 3, [True, True, True, False, True, False])
    assert "keeps 4 of 6" in more
    assert f"is {with_one:.2f}, and {best:.2f} for the best" in more
    assert "with all heads or none there is nothing to agree on" in none
    assert drawn == start
    assert width <= 390


def test_a_ticket_at_random_keeps_as_many_and_is_another_each_time(moved):
    pressed = "[...document.querySelectorAll('.cells button')].map(it => +(it.ariaPressed === 'true')).join('')"
    draw = press("as many at random")
    told = moved("own_ticket", {"of": [SEEDS | {"kept": [3, 0] * 30, "layers": 6}]}, pressed, *[draw, pressed] * 3)[::2]
    assert {each.count("1") for each in told} == {30}
    assert len(set(told)) == 4


def test_the_arrows_go_from_head_to_head_and_another_model_has_its_own(moved):
    arrow = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true}))"
    focus, where = "document.querySelector('.cells button').focus()", "document.activeElement.ariaLabel"
    told = moved("own_ticket", {"of": [SEEDS, OTHER]}, focus, where, arrow, where, control(0, 1), SAYS)
    assert (told[1], told[3]) == ("layer 1, head 1, kept by 3 of 3 seeds", "layer 2, head 1, kept by 0 of 3 seeds")
    assert told[5].startswith("MiniLM, CoLA: your ticket keeps 1 of 2 heads")


def test_the_still_figure_can_be_had_back(moved):
    shown = "[...document.querySelectorAll('.moved, figure > span')].map(it => getComputedStyle(it).display).join()"
    swap = "document.querySelector('.swap').click()"
    assert moved("own_ticket", {"of": [SEEDS]}, shown, swap, shown, swap, shown)[::2] == [
        "block,none",
        "none,inline",
        "block,none",
    ]


RATES = {
    "epochs": [2, 3],
    "first": 3,
    "names": ["one", "other"],
    "colours": ["#000000", "#0072B2"],
    "rates": [{"one": [0, 1, 0], "saw": [1, 0.5, 0]}, {"one": [0, 1, 0], "saw": [1, 0, 0.5, 0]}],
    "sums": [{"one": [0.5, 0.5], "saw": [0.5, 0.25]}, {"one": [0.6, 0.6, 0.3], "saw": [0.5, 0.25, 0.25]}],
}


def test_the_rate_over_as_many_epochs_as_one_likes(moved):
    first, _, fewer, shown, width = moved(
        "sawtooth", RATES, SAYS, control(0, 0), SAYS, "document.querySelector('.moved output').textContent", WIDTH
    )
    told = "one schedule sums to {} times the peak rate times an epoch, as released {}. The first epoch has {} of it"
    assert first == f"Over 3 epochs {told.format('1.50', '1.00', '40%')} with one schedule and 50% as released."
    assert fewer == f"Over 2 epochs {told.format('1.00', '0.75', '50%')} with one schedule and 67% as released."
    assert (shown, width <= 390) == ("2", True)


def test_noise_moves_small_weights_further_and_the_more_the_larger_it_is(moved):
    """Beside the same made here, of other numbers and by ranks of scipy's."""
    level = {"name": "MiniLM", "shares": [0.02] * 50, "mean": 0.05, "noised": 8.9}
    facts = {"of": [level], "colours": ["#000000", "#0072B2"]}
    little, _, much, _, alike, size = moved(
        "noise", facts, SAYS, control(0, 90), SAYS, press("as much movement as fine-tuning makes"), SAYS,
        "document.querySelector('.moved output').textContent",
    )  # fmt: skip
    generator = np.random.default_rng(0)
    weights, noise = generator.normal(size=(2, 40_000))

    def moves(sigma: float) -> tuple[float, float]:
        before, after = rankdata(abs(weights)), rankdata(abs(weights + sigma * noise))
        far = abs(after - before) / len(before)
        return 100 * far.mean(), far[before <= 4000].sum() / far[before > 36_000].sum()

    seen = re.compile(r"by ([\d.]+)%.*?weights ([\d.]+) times")
    found = [tuple(map(float, seen.search(each).groups())) for each in (little, much, alike)]
    sizes = [0.005 * 400**0.5, 0.005 * 400**0.75]
    assert found[:2] == [pytest.approx(moves(sigma), rel=0.1) for sigma in sizes]
    assert found[1][0] > found[0][0]
    assert found[2][0] == pytest.approx(5.0, rel=0.05)
    assert moves(float(size.partition("%")[0]) / 100)[0] == pytest.approx(5.0, rel=0.1)
    assert "Fine-tuning moves MiniLM by 5.0%, and its smallest tenth 1.0 times as far; noise on" in little


MAPS = {
    "models": [
        {
            "name": "one",
            "layers": 1,
            "heads": 2,
            "sentences": [
                {"tokens": ["[CLS]", "cats"], "cells": "/AAA" + "A/A/", "patterns": ["block", "vertical"]},
                {"tokens": ["a", "b" * 60], "cells": "////AAAA"},
            ],
        },
        {"name": "other", "layers": 1, "heads": 1, "sentences": [{"tokens": ["x"], "cells": "/"}]},
    ],
    "levels": f"{ascii_uppercase}{ascii_lowercase}{digits}+/",
}


def test_a_map_is_chosen_by_model_sentence_and_head(moved):
    filled = "[...document.querySelectorAll('.moved rect')].map(it => it.getAttribute('fill')).join(' ')"
    first, fills, _, second, _, sentence, _, model, width = moved(
        "attention_maps", MAPS, SAYS, filled, press("layer 1, head 2"), SAYS, control(1, 1), SAYS, control(0, 1), SAYS,
        WIDTH,
    )  # fmt: skip
    told = "Rows attend to columns; the brightest column is"
    assert first == f"one, layer 1, head 1. {told} [CLS]. The network takes it for block."
    assert fills.replace("rgb(255,255,255)", ".").replace("rgb(0,114,178)", "#") == "# . . ."
    assert second == f"one, layer 1, head 2. {told} cats. The network takes it for vertical."
    assert sentence == f"one, layer 1, head 2. {told} a."
    assert model == f"other, layer 1, head 1. {told} x."
    assert width <= 390


def test_every_script_is_moved_by_a_test():
    scripts = {path.stem for path in (BOOK / "_extra" / "interactive").glob("*.js")}
    moved = set(re.findall(r'\bmoved\(\s*"(\w+)"', Path(__file__).read_text()))
    assert len(scripts) == 5
    assert moved == scripts
