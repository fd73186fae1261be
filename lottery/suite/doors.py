"""Ways into this project from elsewhere: its repository, machines that others lend, and a notebook for Colab.

The address of the repository is said once, in pyproject.toml; a workflow of GitHub's says its own.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import jupytext
import nbformat
import yaml

CHAPTER = "experiments/how_much_can_go"  # that Colab opens
COLAB = "colab/how_much_can_go.ipynb"  # in the site
PAGE, MARK = "elsewhere.md", "<!-- the doors -->"
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?$")


def repository(root: Path, environment: Mapping[str, str] = os.environ) -> str:
    """The address of the repository of a checkout, "" where nothing says it.

    environment  of a workflow of GitHub's, which counts where pyproject.toml has no Repository in [project.urls]
    """
    path = root / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}) if path.exists() else {}
    said = project.get("urls", {}).get("Repository", "")
    if not said and {"GITHUB_SERVER_URL", "GITHUB_REPOSITORY"} <= environment.keys():
        said = f"{environment['GITHUB_SERVER_URL']}/{environment['GITHUB_REPOSITORY']}"
    return said


def opened(root: Path, source: Path, address: str) -> None:
    """Give the pages of a source tree their buttons, and the page PAGE the links and the notebook for Colab.

    address  of the repository; "": then there are no buttons, and the page says where to write it
    """
    config = source / "_config.yml"
    if address:
        settings = yaml.safe_load(config.read_text(encoding="utf-8"))
        options = settings.setdefault("sphinx", {}).setdefault("config", {}).setdefault("html_theme_options", {})
        options |= {"repository_url": address, "use_repository_button": True, "use_issues_button": True}
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    page = source / PAGE
    if page.exists():
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(MARK, "\n".join(links(address))), encoding="utf-8")
        place = source / "_extra" / COLAB
        place.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(for_colab(root, address), place)


def links(address: str) -> list[str]:
    """The links of the page, in lines of Markdown."""
    if not address:
        return [
            "This copy was built without knowing where its repository lies, so there are no buttons yet. Write the",
            "address into `pyproject.toml`, under `[project.urls]`, as `Repository`, and build the book again. Every",
            "page then has a button to it, and this page has the links. A GitHub workflow knows its own repository.",
        ]
    if not (found := GITHUB.match(address)):
        return [f"The repository is at <{address}>."]
    binder = f"https://mybinder.org/v2/gh/{found[1]}/HEAD?urlpath=lab/tree/notebooks/{CHAPTER}.py"
    return [
        f"- [The repository]({address})",
        f"- [Open it on Binder]({binder}): no account; the first start takes minutes",
        f"- [Open it in a codespace](https://codespaces.new/{found[1]}): press *Create codespace*; it asks for an",
        "  account of GitHub's",
    ]


def for_colab(root: Path, address: str) -> nbformat.NotebookNode:
    """The chapter as a notebook without outputs, that fetches and installs the project in its first cell."""
    notebook = jupytext.read(root / "notebooks" / f"{CHAPTER}.py")
    fetch = [
        f'REPOSITORY = "{address}"  # where the project lies',
        'assert REPOSITORY, "write the address of the repository between the quotes above"',
        "!git clone --depth 1 $REPOSITORY lottery",
        "%cd lottery",
        '!pip install --quiet --editable ".[book,minilm]"',
    ]
    head = nbformat.v4.new_code_cell("\n".join(fetch))
    made = nbformat.v4.new_notebook(cells=[head, *notebook.cells])
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"  # jupytext draws them at random
    return made
