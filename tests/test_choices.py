from pathlib import Path

import pytest

from lottery.choices import choose, offered

LOTTERY = Path(__file__).parent.parent / "lottery"


@pytest.mark.parametrize("kind", ["tasks", "importance", "component_importance", "baselines", "claims"])
def test_a_folder_offers_its_files(kind):
    files = sorted(path.stem for path in (LOTTERY / kind).glob("*.py") if not path.stem.startswith("_"))
    assert offered(kind) == files
    for name in files:
        assert Path(choose(kind, name).__file__) == LOTTERY / kind / f"{name}.py"


def test_an_unknown_name_is_answered_with_the_nearest_and_all():
    with pytest.raises(ValueError, match="no tasks named 'clola'") as told:
        choose("tasks", "clola")
    assert "did you mean 'cola'?" in str(told.value)
    assert ", ".join(offered("tasks")) in str(told.value)
    assert "lottery/tasks/clola.py" in str(told.value)
    with pytest.raises(ValueError, match="offered are") as told:
        choose("importance", "zzzzzz")
    assert "did you mean" not in str(told.value)


@pytest.mark.parametrize("name", ["", "__init__", "../tasks/cola", "cola.py"])
def test_only_a_file_of_the_folder_is_a_choice(name):
    with pytest.raises(ValueError, match="offered are"):
        choose("tasks", name)
