"""The floors of lottery/, and the drawing of them: `python tests/floors.py` makes book/floors.svg anew."""

import re
from html import escape
from pathlib import Path

import lottery

DRAWING = Path(__file__).parent.parent / "book" / "floors.svg"

CORE = {"masks", "importance", "pruning", "mask_learning", "component_importance", "schedules"}  # what it is all for

WIDTH, HEIGHT, EDGE = 600, 62, 12
LETTER = 7.8  # the width of one at 13 px


def mapped() -> list[tuple[list[str], str]]:
    """The map in lottery's docstring, from the top down: the parts of each floor, and what they are."""
    lines = re.findall(r"^(\w+(?:, \w+)*)  +(\S.*)$", lottery.__doc__, re.MULTILINE)
    return [(names.split(", "), what) for names, what in lines]


# From the ground up: the files and folders of each floor.
FLOORS = [{"__init__", *names} if not number else {*names} for number, (names, _) in enumerate(reversed(mapped()))]


def drawn() -> str:
    """The map as an SVG: a floor below the other, what is of the core in colour."""
    floors = mapped()
    height = len(floors) * HEIGHT + 2 * EDGE
    shapes = []
    for number, (names, what) in enumerate(floors):
        top, left = EDGE + number * HEIGHT, EDGE + 8
        shapes.append(f'<rect class="floor" x="{EDGE}" y="{top}" width="{WIDTH - 2 * EDGE}" height="{HEIGHT - 6}"/>')
        for name in names:
            wide = round(LETTER * len(name) + 14, 1)
            kind = "core" if name in CORE else "part"
            shapes.append(f'<rect class="{kind}" x="{left:g}" y="{top + 7}" width="{wide:g}" height="22" rx="4"/>')
            shapes.append(f'<text class="name" x="{left + wide / 2:g}" y="{top + 22}">{name}</text>')
            left = round(left + wide + 7, 1)
        shapes.append(f'<text class="what" x="{EDGE + 9}" y="{top + 46}">{escape(what)}</text>')
    size = f'width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {height}">',
            "<style>",
            ".ground { fill: #fff; } .floor { fill: #f3f4f6; } .part { fill: #fff; stroke: #8a94a3; }",
            ".core { fill: #d7e8fb; stroke: #2a6fb5; } text { fill: #1d2733; font-size: 13px; }",
            ".name { font-family: monospace; text-anchor: middle; } .what { font-family: sans-serif; }",
            "</style>",
            f'<rect class="ground" {size} rx="6"/>',
            *shapes,
            "</svg>",
            "",
        ]
    )


if __name__ == "__main__":
    DRAWING.write_text(drawn(), encoding="utf-8")
