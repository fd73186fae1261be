"""The house has floors: an import goes down or stays level, never up and never in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Every file or folder of lottery/ has its floor here, from the ground up; a new one fails until it is given one.
FLOORS = [
    {"__init__", "choices", "files", "hub", "schedules"},
    {"masks", "data", "store", "miniature", "importance", "baselines"},
    {"models", "statistics", "tasks"},
    {"pruning", "mask_learning", "attention"},
    {"training", "component_importance", "pattern_classifiers", "findings"},
    {"task_heads", "experiments"},
    {"claims"},
    {"suite"},
]

# What only these may import: the rest of the house does not know that it exists.
KEPT = {
    tool: {"suite"}
    for tool in (
        *("dask", "dask_jobqueue", "distributed", "papermill", "jupytext", "nbformat", "nbclient", "jupyter_book"),
        *("sphinx", "typer", "matplotlib"),
    )
} | {"datasets": {"data"}, "huggingface_hub": {"hub", "models"}}
WITHOUT_TORCH = {"schedules", "choices", "files", "hub"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part(module: str) -> str:
    """The file or folder of lottery/ that a module is or lies in: "lottery.tasks.cola" is in "tasks"."""
    return module.split(".")[1] if "." in module else "__init__"


def floor(module: str) -> int:
    (found,) = [number for number, parts in enumerate(FLOORS) if part(module) in parts]
    return found


def imports(source: str, module: str, *, package: bool, modules: set[str]) -> set[str]:
    """What a module imports, at its top or inside a function: our own as full module names, others by their first."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")
            above = above[: len(above) - node.level + package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = {f"{base}.{alias.name}" for alias in node.names}
            found |= names & modules | ({base} if names - modules else set())
    return {name if name.split(".")[0] == "lottery" else name.split(".")[0] for name in found}


def upward(graph: dict[str, set[str]]) -> list[str]:
    """The imports that climb, each as "importer (floor) -> imported (floor)"."""
    return sorted(
        f"{module} ({floor(module)}) -> {imported} ({floor(imported)})"
        for module, wanted in graph.items()
        for imported in wanted & graph.keys()
        if floor(imported) > floor(module)
    )


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other round and round, or nothing."""
    try:
        TopologicalSorter({module: wanted & graph.keys() for module, wanted in graph.items()}).prepare()
    except CycleError as error:
        return error.args[1]
    return []


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    files = {module_name(path): path for path in sorted((ROOT / "lottery").rglob("*.py"))}
    return {
        module: imports(
            path.read_text(encoding="utf-8"), module, package=path.name == "__init__.py", modules=files.keys()
        )
        for module, path in files.items()
    }


def test_the_whole_house_is_seen(graph):
    assert len(graph) > 15
    assert {"lottery", "lottery.masks", "lottery.tasks.cola", "lottery.suite.cli"} <= graph.keys()


def test_every_module_has_one_floor(graph):
    assert sorted(part(module) for module in graph if sum(part(module) in parts for parts in FLOORS) != 1) == []


def test_no_import_goes_up(graph):
    assert upward(graph) == []


def test_no_import_goes_round(graph):
    assert circle(graph) == []


def test_no_folder_goes_round(graph):
    folders: dict[str, set[str]] = {}
    for module, wanted in graph.items():
        others = {part(each) for each in wanted & graph.keys()} - {part(module)}
        folders.setdefault(part(module), set()).update(others)
    assert circle(folders) == []


def test_every_import_of_our_own_is_a_module(graph):
    ours = {name for wanted in graph.values() for name in wanted if name.split(".")[0] == "lottery"}
    assert sorted(ours - graph.keys()) == []


def test_the_package_imports_neither_notebooks_nor_tests(graph):
    assert [module for module, wanted in graph.items() if wanted & {"notebooks", "tests", "book", "conftest"}] == []


def test_each_tool_is_called_in_its_one_place(graph):
    strays = [
        f"{module} imports {tool}"
        for module, wanted in graph.items()
        for tool in wanted & KEPT.keys()
        if part(module) not in KEPT[tool]
    ]
    assert strays == []


def test_what_has_no_business_with_tensors_imports_none(graph):
    heavy = {"torch", "transformers", "accelerate", "safetensors"}
    assert [module for module, wanted in graph.items() if part(module) in WITHOUT_TORCH and wanted & heavy] == []


def test_the_checks_see_an_import_that_climbs_and_one_that_goes_round():
    modules = {"lottery", "lottery.masks", "lottery.tasks", "lottery.tasks.cola", "lottery.store"}
    late = "def f():\n    from lottery import store, __version__\n"
    assert imports(late, "lottery.masks", package=False, modules=modules) == {"lottery.store", "lottery"}
    beside = "from . import cola\nfrom ..store import table\nimport numpy.linalg\n"
    assert imports(beside, "lottery.tasks", package=True, modules=modules) == {
        "lottery.tasks.cola",
        "lottery.store",
        "numpy",
    }
    beside = "from .. import masks\n"
    assert imports(beside, "lottery.tasks.cola", package=False, modules=modules) == {"lottery.masks"}
    assert upward({"lottery.schedules": {"lottery.store", "torch"}, "lottery.store": set()}) == [
        "lottery.schedules (0) -> lottery.store (1)"
    ]
    assert upward({"lottery.store": {"lottery.schedules"}, "lottery.schedules": set()}) == []
    assert circle({"lottery.masks": {"lottery.store"}, "lottery.store": {"lottery.masks"}})
    assert circle({"lottery.masks": set(), "lottery.store": {"lottery.masks"}}) == []
