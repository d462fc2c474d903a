"""What the documentation says can be done can be done: commands parse, links lead somewhere, the site is built."""

import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from cmm.cli import parse
from cmm.commands import STAGES
from cmm.workflow.describe_config import commands_text

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "config/README.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def commands_of(page):
    """Words of the command lines of ours in a page's code blocks."""
    for line in page.read_text().splitlines():
        code = line.strip() if line.startswith("    ") else ""
        for part in code.split("&&"):
            part = part.strip().removeprefix("python -m ")
            if part.startswith("cmm ") and "VERB" not in part:
                yield shlex.split(part.split("|")[0].split(">")[0], comments=True)[1:]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_is_one(page):
    for words in commands_of(page):
        if words[0] not in ("--version", "--help"):
            assert words[0] in STAGES, f"{page}: cmm {words[0]}"
            parse(words[0], import_module(STAGES[words[0]].module), words[1:])


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    text = page.read_text()
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    for link in links:
        if not re.match(r"https?:|#", link):
            place = link.split("#")[0]
            moved = page.parent.name == "docs" and place == "configuration.md"  # of the site alone
            assert moved or (page.parent / place).exists(), f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_page_is_two_screens_of_words_alone(page):
    """A screen shows about 40 lines of 90 letters; tables, pictures and code blocks end a stretch of prose."""
    letters, fenced = 0, False
    for line in page.read_text().splitlines():
        fenced ^= line.startswith("```")
        other = fenced or line.startswith(("```", "    ", "|")) or "![" in line or "<img" in line
        letters = 0 if other else letters + len(line)
        assert letters < 2 * 40 * 90, f"{page}: nothing but words before {line!r}"


def test_nothing_is_left_to_be_filled_in():
    for page in PAGES:
        assert not re.search(r"@[A-Z]+@|\bTODO\b|\bFIXME\b", page.read_text()), page


def test_the_readme_is_short_and_what_is_generated_is_up_to_date():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100
    assert (ROOT / "docs/command_line.md").read_text() == commands_text(), "make schema writes it"


def test_the_picture_of_the_rules_names_stages_that_there_are():
    """`make docs/workflow.svg` draws it."""
    text = (ROOT / "docs/workflow.svg").read_text()
    drawn = set(re.findall(r'<g id="node\d+" class="node">\s*<title>(\w+)</title>', text))
    assert drawn <= set(STAGES)
    assert {verb for verb in STAGES if verb.startswith("measure_")} <= drawn, "and all that is measured"


def test_the_site_is_built_with_no_broken_link(tmp_path):
    command = [Path(sys.executable).with_name("mkdocs"), "build", "--strict", "-q", "-d", tmp_path / "site"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "several smiles" in (tmp_path / "site/index.html").read_text()
