"""The words of the house: the glossary and the map are true, and a word leads to its owner."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"\| (?P<term>[^|]+) \| (?P<meaning>[^|]+) \| `(?P<module>[^`]+)` \|")
TERMS = [match.groupdict() for match in ROW.finditer((ROOT / "docs/glossary.md").read_text(encoding="utf-8"))]


def spelled(term: str) -> re.Pattern[str]:
    """The term in prose or as a name: `rate limit`, `rate-limit`, `rate_limit`, `RateLimit`."""
    return re.compile("[-_ \n]?".join(map(re.escape, re.split("[- ]", term))), re.IGNORECASE)


def test_the_glossary_has_a_row_for_each_term():
    assert len(TERMS) == (ROOT / "docs/glossary.md").read_text(encoding="utf-8").count("\n| ") - 2
    assert len(TERMS) > 80


def test_the_glossary_is_sorted_and_names_each_term_once():
    terms = [row["term"].lower() for row in TERMS]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("row", TERMS, ids=lambda row: row["term"])
def test_the_module_of_a_term_exists_and_says_it(row):
    module = ROOT / "ses" / row["module"]
    assert module.is_file()
    assert spelled(row["term"]).search(f"{row['module']}\n{module.read_text(encoding='utf-8')}")


def named_in_the_map() -> list[str]:
    """What `docs/architecture.md` names by a path: files and folders, in text and in drawings."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    drawn = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    code = [
        *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)),
        *" ".join(drawn).split(),
    ]
    return sorted(
        {word for word in code if re.fullmatch(r"[\w./-]+(\.py|/)", word) and not word.startswith("/")}
    )


@pytest.mark.parametrize("name", named_in_the_map())
def test_the_map_names_only_what_exists(name):
    """As written, below `ses/`, or as a room of one of its packages."""
    assert any((ROOT / base / name).exists() for base in ("", "ses")) or any((ROOT / "ses").glob(f"*/{name}"))


PATHS = sorted(
    {
        (page.relative_to(ROOT).as_posix(), path)
        for page in [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
        for path in re.findall(
            r"`((?:ses|tests/\w+|tools|docs)/[\w./-]+\.\w+)`", page.read_text(encoding="utf-8")
        )
    }
)


@pytest.mark.parametrize(("page", "path"), PATHS)
def test_pages_name_only_files_that_exist(page, path):
    assert (ROOT / path).exists()
