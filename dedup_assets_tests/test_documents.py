"""What the documents say is so: what is generated is fresh, what is named is there, and the page to hold in mind stays one."""

import re
import runpy
import tomllib
from itertools import product
from pathlib import Path

import click
import pytest

from dedup_assets.cli import main
from dedup_assets.definitions import defs

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "dedup_assets"
DOCUMENTS = [PROJECT / "README.md", *sorted(PROJECT.glob("docs/*.md")), *sorted(PROJECT.glob("benchmarks/*.md"))]
MODULES = [path for name in ("dedup_assets", "dedup_assets_tests") for path in sorted((PROJECT / name).rglob("*.py"))]
ARCHITECTURE = (PROJECT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
README = (PROJECT / "README.md").read_text(encoding="utf-8")

MAX_WORDS = 2_000
PICTURE = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def anchors_of(document: Path) -> set[str]:
    """The anchors that hosts give to headings."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_data_dictionary_is_fresh() -> None:
    page = runpy.run_path(str(PROJECT / "docs/dictionary.py"))["page"]()
    assert page == (PROJECT / "docs/TABLES.md").read_text(encoding="utf-8"), "It is stale: `make docs`."


def test_the_architecture_is_one_picture_and_two_thousand_words_at_most() -> None:
    assert len(PICTURE.findall(ARCHITECTURE)) == 1
    assert len(PICTURE.sub("", ARCHITECTURE).split()) <= MAX_WORDS


def test_the_picture_shows_the_lineage() -> None:
    lines = re.findall(r"^\s*(\w+)\S.*? --> ([\w &]+)$", PICTURE.findall(ARCHITECTURE)[0], re.MULTILINE)
    shown = {arrow for left, right in lines for arrow in product([left], right.split(" & "))}
    graph = defs.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    lineage = {(parent.path[-1], key.path[-1]) for key in keys for parent in graph.get(key).parent_keys}
    names = {key.path[-1] for key in keys}
    assert {arrow for arrow in shown if names.issuperset(arrow)} == lineage


def test_every_room_stands_in_the_architecture() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    table = ARCHITECTURE.partition("## Where things are")[2]
    assert rooms - {"__init__"} - set(re.findall(r"`(\w+)`", table)) == set()


@pytest.mark.parametrize("package", [path for path in MODULES if path.name == "__init__.py"], ids=name_of)
def test_a_package_says_how_all_of_its_modules_are_read_or_leaves_it_to_their_names(package: Path) -> None:
    modules = {path.stem for path in package.parent.glob("[!_]*.py")}
    named = modules & set(re.findall(r"`(\w+)`", package.read_text(encoding="utf-8")))
    assert named in (set(), modules)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8"))
    for link in (link for link in links if "://" not in link):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_every_module_that_a_text_names_is_there() -> None:
    missing = []
    for text in (*DOCUMENTS, *MODULES):
        places = (text.parent, PACKAGE, PROJECT / "dedup_assets_tests", PROJECT)
        named = re.findall(r"`([\w/]+\.py)`", text.read_text(encoding="utf-8"))
        missing += [(name_of(text), name) for name in named if not any((place / name).exists() for place in places)]
    assert missing == []


def test_the_readme_names_every_command_and_no_other() -> None:
    decide = main.commands["decide"]
    assert isinstance(decide, click.Group)
    rows = re.findall(r"^\|(.*?)\|", README.partition("| `dedup-assets …` |")[2].partition("\n\n")[0], re.MULTILINE)
    fenced = re.findall(r"^(?:\.venv/bin/dedup-assets|make) (\w+)", README, re.MULTILINE)
    named = {words.split()[0] for row in rows for words in re.findall(r"`([a-z].*?)`", row)}
    assert named <= {*main.commands, *decide.commands}
    assert set(main.commands) <= {*named, *fenced}


def test_the_readme_names_only_options_and_extras_that_there_are() -> None:
    options = {option for command in main.commands.values() for each in command.params for option in each.opts}
    assert set(re.findall(r"--[a-z][\w-]*", README)) <= options | {"--help"}
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(re.findall(r"'\.\[(\w+)\]'", README)) <= set(project["optional-dependencies"])
