"""One set of versions everywhere: pyproject.toml says them, environment.yml and the workflows repeat them."""

import re
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import yaml
from jupyter_server.services.kernels.kernelmanager import MappingKernelManager

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = PROJECT["dependencies"] + [pin for extra in PROJECT["optional-dependencies"].values() for pin in extra]


def test_every_dependency_is_pinned_to_one_version():
    assert len(PINS) > 25
    assert [pin for pin in PINS if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", pin)] == []


def test_environment_yml_holds_the_same_versions():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = (part["pip"] for part in environment if isinstance(part, dict))
    assert Counter(pip) == Counter([*PINS, "--editable ."])


def test_environment_yml_allows_no_older_python():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (python,) = (part for part in environment if isinstance(part, str) and part.startswith("python"))
    assert python.startswith("python" + PROJECT["requires-python"] + ",<")


def test_make_installs_every_extra():
    installed = re.search(r'--editable "\.\[([a-z,]+)\]"', (ROOT / "Makefile").read_text()).group(1)
    assert sorted(installed.split(",")) == sorted(PROJECT["optional-dependencies"])


def test_make_explore_starts_kernels_where_notebooks_name_their_files_from():
    """Given a notebook as JupyterLab names it, seen from the folder that it shows."""
    told = subprocess.run(["make", "--dry-run", "explore"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shown, root = re.search(r'jupyter lab (\S+) --MappingKernelManager\.root_dir="(.+)"', told).groups()
    for notebook in sorted((ROOT / shown).glob("*/*.py")):
        seen = str(notebook.relative_to(ROOT / shown))
        assert Path(MappingKernelManager(root_dir=root).cwd_for_path(seen)) == ROOT


def test_the_torch_named_elsewhere_is_the_pinned_one():
    (pinned,) = (pin for pin in PINS if pin.startswith("torch=="))
    for name in ("README.md", ".github/workflows/ci.yml", ".github/workflows/pages.yml"):
        assert set(re.findall(r"torch==[0-9.]+[0-9]", (ROOT / name).read_text())) == {pinned}, name


def test_citation_and_package_carry_the_same_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == PROJECT["version"]
