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


@pytest.mark.parametrize(
    "words",
    [
        "rate limit", "back-off", "outbox queue", "dedup", "debounce", "session expiry", "quarantine", "SSRF",
        "typing indicator", "backfill", "contract tests", "lock of the database",
    ],
)  # fmt: skip
def test_a_word_of_the_field_leads_to_its_owner(words):
    """`git grep -il WORD -- ses` finds one to three files."""
    found = [
        path for path in (ROOT / "ses").rglob("*.py") if words.lower() in path.read_text("utf-8").lower()
    ]
    assert 1 <= len(found) <= 3


CLOCKS = re.compile(
    r"\btime\.(?:time|monotonic|perf_counter)\b|\bdatetime\.now\b|\butcnow\b|\bdate\.today\b|\bloop\.time\b"
)
OF_THE_SYSTEM = {
    "clock.py",
    "connectors/web/uploads.py",  # the age of files on the disk
    "llm/vllm/loading.py",  # a thread that is given some seconds to end
    "testing/suite.py",  # how long tests took
}


def test_only_the_clock_reads_the_systems_clock():
    """And the places that `docs/architecture.md` names with their reasons."""
    ses = ROOT / "ses"
    found = {
        path.relative_to(ses).as_posix()
        for path in ses.rglob("*.py")
        if CLOCKS.search(path.read_text("utf-8"))
    }
    assert found == OF_THE_SYSTEM


def test_no_section_of_a_page_is_named_by_its_number():
    """Pages have headings with words; a number leads nowhere."""
    pages = [*(ROOT / "ses").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    assert [
        path for path in pages if "node_modules" not in path.parts and chr(167) in path.read_text("utf-8")
    ] == []
