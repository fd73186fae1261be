import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lottery.choices import SHELVES, choose, offered

LOTTERY = Path(__file__).parent.parent / "lottery"


@pytest.mark.parametrize("kind", SHELVES)
def test_a_folder_offers_its_files(kind):
    files = sorted(path.stem for path in (LOTTERY / kind).glob("*.py") if not path.stem.startswith("_"))
    assert files
    assert offered(kind) == files
    for name in files:
        assert Path(choose(kind, name).__file__) == LOTTERY / kind / f"{name}.py"


def test_every_folder_that_is_chosen_from_is_a_shelf():
    """But for the miniature's own, which are forms of files of another shelf."""
    chosen = set()
    for path in LOTTERY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("choose", "named", "offered"):
                chosen |= {each.value for each in node.args[:1] if isinstance(each, ast.Constant)}
    assert chosen == {*SHELVES, "miniature.tasks"}


def test_an_unknown_name_is_answered_with_the_nearest_and_all():
    with pytest.raises(ValueError, match="no tasks named 'clola'") as told:
        choose("tasks", "clola")
    assert "did you mean 'cola'?" in str(told.value)
    assert ", ".join(offered("tasks")) in str(told.value)
    assert "lottery/tasks/clola.py" in str(told.value)
    with pytest.raises(ValueError, match="offered are") as told:
        choose("importance", "zzzzzz")
    assert "did you mean" not in str(told.value)


@pytest.mark.parametrize("kind", [*SHELVES, "miniature.tasks"])
def test_a_name_of_another_shelf_is_said_to_be_one(kind):
    """Every name of every other folder, the folders listed by a look at the disk."""
    own = {path.stem for path in LOTTERY.joinpath(*kind.split(".")).glob("*.py")}
    names = {path.stem for shelf in SHELVES for path in (LOTTERY / shelf).glob("[!_]*.py")} - own
    assert len(names) > 20
    for name in names:
        there = [shelf for shelf in SHELVES if (LOTTERY / shelf / f"{name}.py").exists()]
        with pytest.raises(ValueError, match=rf"^'{name}' is in ([a-z_, ]+), not in {kind}: offered are ") as told:
            choose(kind, name)
        named, _, rest = str(told.value).partition(f", not in {kind}")
        assert re.findall("[a-z_]+", named.partition(" is in ")[2].replace(" and ", ", ")) == there
        assert "to add one" not in rest


def test_a_file_of_ones_own_is_no_file_to_be_written():
    with pytest.raises(ValueError, match=r"^'own' is a file of your own.*how_much_can_go -p task own") as told:
        choose("tasks", "own")
    assert "lottery/tasks/own.py" not in str(told.value)
    assert ", ".join(offered("tasks")) in str(told.value)


@pytest.mark.parametrize("name", ["", "__init__", "../tasks/cola", "cola.py", "_shares"])
def test_only_a_file_of_the_folder_is_a_choice(name):
    for kind in ("tasks", "mask_learning"):
        with pytest.raises(ValueError, match="offered are"):
            choose(kind, name)


def test_what_is_offered_is_known_without_torch():
    code = (
        "import sys\nfrom lottery.choices import SHELVES, choose, offered\n[*map(offered, SHELVES)]\n"
        "try: choose('mask_learning', 'cola')\nexcept ValueError: print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
