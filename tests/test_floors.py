"""The house has floors: an import goes down or stays level, never up and never in a circle."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from floors import DRAWING, FLOORS, drawn

ROOT = Path(__file__).parent.parent

# What only these may import: the rest of the house does not know that it exists.
KEPT = {
    tool: {"suite"}
    for tool in (
        *("dask", "dask_jobqueue", "distributed", "papermill", "jupytext", "nbformat", "nbclient", "jupyter_book"),
        *("jinja2", "sphinx", "typer", "matplotlib"),
    )
} | {"datasets": {"data"}, "huggingface_hub": {"hub", "models"}}
WITHOUT_TORCH = {"schedules", "choices", "files", "hub", "processes"}


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


def defined(tree: ast.Module) -> set[str]:
    """The names that a module has at its top, in branches of an `if` and the like, too."""
    found, waiting = set(), list(tree.body)
    for node in waiting:
        waiting += [child for child in ast.iter_child_nodes(node) if isinstance(node, (ast.If, ast.Try, ast.With))]
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            found |= bound(node)
    return found


def bound(tree: ast.AST) -> set[str]:
    """The variables that are given a value anywhere below."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def strangers(source: str, names: dict[str, set[str]]) -> list[str]:
    """What a file takes of our modules that is not there, as "module.name".

    names  {module: what it defines}, of all modules
    An attribute counts where the file imports a module by that name and binds the name to nothing else.
    """
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    variables = bound(tree) | {node.arg for node in nodes if isinstance(node, ast.arg)}
    found, modules = [], {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and not node.level and node.module in names:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                if whole in names:
                    modules[alias.asname or alias.name] = whole
                elif alias.name not in names[node.module]:
                    found.append(whole)
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id) if node.value.id not in variables else None
            if module and node.attr not in names[module] and f"{module}.{node.attr}" not in names:
                found.append(f"{module}.{node.attr}")
    return sorted(each for each in found if not each.rpartition(".")[2].startswith("__"))


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
    """By the map in the docstring of lottery; a new file or folder fails until it stands there."""
    assert sorted(part(module) for module in graph if sum(part(module) in parts for parts in FLOORS) != 1) == []


def test_the_drawing_shows_the_map_as_it_is():
    assert DRAWING.read_text(encoding="utf-8") == drawn(), "`python tests/floors.py` draws it anew"


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


def test_what_scores_and_masks_needs_neither_the_hub_nor_transformers():
    """Whoever imports one method in a program of their own gets no loader, no network client and no silenced log.

    Nor does a notebook that asks what the miniature is called.
    """
    core = ("importance", "component_importance", "mask_learning", "pruning", "masks", "miniature")
    modules = [module_name(path) for folder in core for path in sorted((ROOT / "lottery" / folder).rglob("*.py"))]
    assert len(modules) > 30
    program = (
        "import importlib, sys\n"
        f"for module in {modules}:\n"
        "    importlib.import_module(module)\n"
        "    if found := {'transformers', 'huggingface_hub', 'accelerate'} & sys.modules.keys():\n"
        "        sys.exit(f'{module} imports {sorted(found)}')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_what_is_taken_of_our_modules_is_there():
    """In notebooks and tests, too: nothing else reads the cells of a notebook that has not run yet."""
    files = {module_name(path): path for path in sorted((ROOT / "lottery").rglob("*.py"))}
    names = {module: defined(ast.parse(path.read_text(encoding="utf-8"))) for module, path in files.items()}
    readers = [path for folder in ("lottery", "notebooks", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
    missing = {str(path.relative_to(ROOT)): strangers(path.read_text(encoding="utf-8"), names) for path in readers}
    assert len(missing) > 100
    assert {name: found for name, found in missing.items() if found} == {}


def test_the_package_imports_neither_notebooks_nor_tests(graph):
    assert [module for module, wanted in graph.items() if wanted & {"notebooks", "tests", "book", "conftest"}] == []


def test_every_experiment_has_tests_in_a_file_of_its_name():
    names = [path.stem for path in (ROOT / "lottery" / "experiments").glob("*.py") if path.stem != "__init__"]
    assert len(names) >= 38
    assert [name for name in names if not (ROOT / "tests" / f"test_experiments_{name}.py").is_file()] == []


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


def test_the_check_of_names_sees_what_is_not_there_and_lets_a_variable_be():
    module = "import torch\nA, B = 1, 2\nif A:\n    C: int = 3\nclass D: ...\ndef e(): F = 1\n"
    assert defined(ast.parse(module)) == {"torch", "A", "B", "C", "D", "e"}
    names = {"lottery": set(), "lottery.masks": {"kappa"}, "lottery.masks.files": {"save"}}
    asked = "from lottery import masks, absent\nfrom lottery.masks import files as f, gone\n"
    asked += "masks.kappa, masks.files, masks.lost.x, f.save, f.load, torch.absent, masks.__doc__\n"
    assert strangers(asked, names) == [
        "lottery.absent",
        "lottery.masks.files.load",
        "lottery.masks.gone",
        "lottery.masks.lost",
    ]
    assert strangers("from lottery import masks\nmasks = 1\nmasks.lost\n", names) == []
