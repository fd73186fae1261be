"""Where the repository is said to lie, and what pages and the notebook for Colab make of it."""

import json
from pathlib import Path

import nbformat
import pytest
import yaml

from lottery.suite import doors

ROOT = Path(__file__).parent.parent
ADDRESS = "https://github.com/someone/lottery"
SAID = f'[project]\nname = "x"\n[project.urls]\nRepository = "{ADDRESS}"\n'
ACTIONS = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "other/fork"}


@pytest.fixture
def source(tmp_path):
    (tmp_path / "_config.yml").write_text("title: A\nsphinx: {config: {html_theme_options: {show_toc_level: 2}}}\n")
    (tmp_path / doors.PAGE).write_text((ROOT / "book" / doors.PAGE).read_text())
    return tmp_path


def options(source: Path) -> dict:
    return yaml.safe_load((source / "_config.yml").read_text())["sphinx"]["config"]["html_theme_options"]


@pytest.mark.parametrize(
    ("project", "environment", "address"),
    [
        (SAID, {}, ADDRESS),
        (SAID, ACTIONS, ADDRESS),
        ('[project]\nname = "x"\n', ACTIONS, "https://github.com/other/fork"),
        ('[project]\nname = "x"\n', {"GITHUB_REPOSITORY": "other/fork"}, ""),
    ],
)
def test_the_address_is_said_once_or_by_the_workflow(tmp_path, project, environment, address):
    (tmp_path / "pyproject.toml").write_text(project)
    assert doors.repository(tmp_path, environment) == address


def test_without_an_address_there_is_no_button_and_the_page_says_what_to_do(source):
    doors.opened(ROOT, source, "")
    text = (source / doors.PAGE).read_text()
    assert "under `[project.urls]`, as `Repository`" in text
    assert "binder.org" not in text
    assert doors.MARK not in text
    assert options(source) == {"show_toc_level": 2}


def test_an_address_gives_buttons_and_links(source):
    doors.opened(ROOT, source, ADDRESS + ".git")
    assert options(source) == {
        "show_toc_level": 2,
        "repository_url": ADDRESS + ".git",
        "use_repository_button": True,
        "use_issues_button": True,
    }
    text = (source / doors.PAGE).read_text()
    assert "(https://mybinder.org/v2/gh/someone/lottery/HEAD?urlpath=lab/tree/notebooks/" in text
    assert "(https://codespaces.new/someone/lottery)" in text
    assert doors.links("https://example.org/lottery") == ["The repository is at <https://example.org/lottery>."]


def test_the_notebook_for_colab_fetches_the_project_and_has_every_cell_of_its_chapter(source):
    doors.opened(ROOT, source, ADDRESS)
    path = source / "_extra" / doors.COLAB
    made = nbformat.read(path, as_version=4)
    nbformat.validate(made)
    assert made.cells[0].source.startswith(f'REPOSITORY = "{ADDRESS}"')
    written = (ROOT / "notebooks" / f"{doors.CHAPTER}.py").read_text()
    code = [line for cell in made.cells[1:] if cell.cell_type == "code" for line in cell.source.splitlines()]
    assert len(code) > 50
    assert all(line in written for line in code)
    first = path.read_bytes()
    doors.opened(ROOT, source, ADDRESS)
    assert path.read_bytes() == first  # the same bytes each time, or the book would be rendered anew


def test_what_other_machines_read_is_there_and_asks_for_what_the_package_has():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert "--constraint constraints.txt" in container["postCreateCommand"]
    assert container["forwardPorts"] == [8000]
    requirements = (ROOT / ".binder" / "requirements.txt").read_text().splitlines()
    assert [line for line in requirements if line.startswith("--constraint")] == ["--constraint ../constraints.txt"]
    assert "torch" in requirements
    post = ROOT / ".binder" / "postBuild"
    assert post.stat().st_mode & 0o111
    assert "--constraint constraints.txt" in post.read_text()
