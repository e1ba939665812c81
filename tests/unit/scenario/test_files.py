"""A robot's folder: what is read, what is refused, and that one bad robot does not stop the others."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ses.scenario.findings.report import Report
from ses.scenario.load import load_archive, load_robot, load_robots
from ses.scenario.program.operations import Say
from ses.scenario.reading import files as reading
from ses.scenario.reading.files import read_files
from ses.scenario.reading.versions import BadArchive, pack, unpack, version_of

ROBOT = 'language: ru\nflows: {a: {on: "* привет *", steps: [{say: Привет!}]}}\n'


def folder(root: Path, name: str = "demo", **files: str) -> Path:
    """A robot's folder; `__` in names is `/`."""
    for path, text in (
        {"robot.yaml": ROBOT} | {key.replace("__", "/"): text for key, text in files.items()}
    ).items():
        file = root / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o644)
        for parent in file.relative_to(root).parents:
            (root / parent).chmod(0o755)
    return root / name


def codes(path: Path) -> list[str]:
    return [finding.code for finding in load_robot(path).errors]


def test_files_are_merged_by_their_top_level_keys(tmp_path: Path) -> None:
    path = folder(
        tmp_path, **{"flows__b.yaml": "flows: {b: {on: пока, steps: [{goto: a}]}}\n", "flows__deep__c.yml": "slots: {s: {type: text, ask: А?}}\nflows: {c: {on: да, needs: s}}\n"}
    )  # fmt: skip
    loaded = load_robot(path)
    assert loaded.program is not None, loaded.findings
    assert {"a", "b", "c"} <= set(loaded.program.flows)
    assert loaded.program.id == "demo"
    assert loaded.program.flows["b"].ops[0].at.file == "flows/b.yaml"


def test_a_single_file_is_a_robot(tmp_path: Path) -> None:
    file = tmp_path / "solo.yaml"
    file.write_text(ROBOT, encoding="utf-8")
    file.chmod(0o600)
    loaded = load_robot(file)
    assert loaded.program is not None
    assert loaded.program.id == "solo"


def test_a_name_in_two_files_shows_both_places(tmp_path: Path) -> None:
    path = folder(tmp_path, **{"flows__b.yaml": "flows: {a: {on: пока, steps: [end]}}\n"})
    (finding,) = load_robot(path).errors
    assert finding.code == "duplicate-name"
    assert {finding.at.file, finding.also.file if finding.also else ""} == {"flows/b.yaml", "robot.yaml"}


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Let the owner of all files be `ira`, and their group have that name and those members."""

    def belongs(name: str, *members: str, first: bool = True) -> None:
        gid = os.getegid() if first else os.getegid() + 1
        monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name="ira", pw_gid=gid))
        monkeypatch.setattr(grp, "getgrgid", lambda gid: SimpleNamespace(gr_name=name, gr_mem=[*members]))
        reading._own_group.cache_clear()

    belongs("editors")
    yield belongs
    reading._own_group.cache_clear()


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_folder_that_others_may_write_is_refused(
    tmp_path: Path, groups: Callable[..., None], mode: int
) -> None:
    path = folder(tmp_path)
    path.chmod(mode)
    assert codes(path) == ["writable-by-others"]


def test_a_group_of_the_owners_own_is_nobody_else(tmp_path: Path, groups: Callable[..., None]) -> None:
    path = folder(tmp_path)
    (path / "robot.yaml").chmod(0o664)
    path.chmod(0o775)
    groups("ira")
    assert codes(path) == []
    groups("ira", "ira")
    assert codes(path) == []
    path.chmod(0o777)
    assert codes(path) == ["writable-by-others"]


@pytest.mark.parametrize(
    ("name", "members", "first"), [("ira", ("oleg",), True), ("ira", (), False), ("staff", (), True)]
)
def test_a_group_that_may_have_others_is_refused(
    tmp_path: Path, groups: Callable[..., None], name: str, members: tuple[str, ...], first: bool
) -> None:
    path = folder(tmp_path)
    path.chmod(0o775)
    groups(name, *members, first=first)
    assert codes(path) == ["writable-by-others"]


def test_a_file_that_others_may_write_is_refused(tmp_path: Path, groups: Callable[..., None]) -> None:
    path = folder(tmp_path)
    (path / "robot.yaml").chmod(0o664)
    (finding,) = load_robot(path).errors
    assert (finding.code, finding.suggestion) == ("writable-by-others", "chmod go-w robot.yaml")


def test_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("flows: {}\n")
    secret.chmod(0o600)
    path = folder(tmp_path)
    (path / "media").mkdir(mode=0o755)
    (path / "media" / "key.png").symlink_to(secret)
    (path / "more.yaml").symlink_to(secret)
    assert codes(path) == ["link-out", "link-out"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = folder(tmp_path)
    os.mkfifo(path / "pipe.yaml", 0o600)  # not a file: left out, and reading it does not hang
    assert codes(path) == []
    assert codes(tmp_path / "nowhere") == ["unreadable"]


def test_tests_scripts_and_hidden_files_do_not_belong_to_the_language(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        **{"tests__a.yaml": "tests: []\n", "flows__.b.yaml": "nonsense", "scripts__x.yaml": "nonsense"},
    )
    before = load_robot(path)
    assert before.program is not None
    (path / "tests" / "a.yaml").write_text("tests: [{name: new}]\n")
    after = load_robot(path)
    assert after.program is not None
    assert after.program.version == before.program.version


def test_tables_and_media_belong_to_the_version(tmp_path: Path) -> None:
    path = folder(
        tmp_path,
        **{
            "data__prices.csv": "size;price\nbig;5\nsmall;2,5\nzero;007\nnone;\n",
            "media__a.png": "png",
            "t.yaml": "data: {prices: data/prices.csv}\n",
        },
    )
    first = load_robot(path)
    assert first.program is not None, first.findings
    assert first.program.data["prices"] == [
        {"size": "big", "price": 5}, {"size": "small", "price": "2,5"}, {"size": "zero", "price": "007"},
        {"size": "none", "price": None},
    ]  # fmt: skip
    assert first.program.media == {"media/a.png"}
    (path / "media" / "a.png").write_text("another")
    second = load_robot(path)
    assert second.program is not None
    assert second.program.version != first.program.version


@pytest.mark.parametrize(
    ("table", "code", "line"),
    [("a,b\n1\n", "bad-table", 2), ("a,a\n1,2\n", "duplicate-name", 1), ('a,b\n"1,2\n', "bad-table", 2)],
)
def test_a_table_that_is_none_is_told_with_its_line(tmp_path: Path, table: str, code: str, line: int) -> None:
    path = folder(tmp_path, **{"data__t.csv": table, "t.yaml": "data: {t: data/t.csv}\n"})
    (finding,) = load_robot(path).errors
    assert (finding.code, finding.at.file, finding.at.line) == (code, "data/t.csv", line)


def test_one_bad_robot_does_not_stop_the_others(tmp_path: Path) -> None:
    folder(tmp_path, "good")
    folder(tmp_path, "bad", **{"flows__x.yaml": "flows: [\n"})
    (tmp_path / "notes.txt").write_text("no robot")
    (tmp_path / "empty").mkdir()
    robots = load_robots(tmp_path)
    assert set(robots) == {"good", "bad"}
    assert robots["good"].program is not None
    assert robots["bad"].program is None


def test_two_robots_of_one_id_are_both_refused(tmp_path: Path) -> None:
    folder(tmp_path, "a", **{"id.yaml": "id: same\n"})
    folder(tmp_path, "b", **{"id.yaml": "id: same\n"})
    robots = load_robots(tmp_path)
    assert len(robots) == 2
    assert all(loaded.program is None for loaded in robots.values())
    assert all(loaded.findings[-1].code == "duplicate-name" for loaded in robots.values())


def test_an_archive_gives_the_same_robot_after_its_files_changed(tmp_path: Path) -> None:
    path = folder(tmp_path)
    before = load_robot(path)
    assert before.program is not None
    archive = before.archive
    assert archive == load_robot(path).archive
    (path / "robot.yaml").write_text(ROBOT.replace("Привет!", "Здравствуйте!"), encoding="utf-8")
    after = load_robot(path)
    assert after.program is not None
    assert after.program.version != before.program.version
    again = load_archive(archive)
    assert again.program is not None
    assert again.program.version == before.program.version
    said = again.program.flows["a"].ops[0]
    assert isinstance(said, Say)
    assert said.message.variants[""][0].constant == "Привет!"


def test_the_version_depends_on_names_and_contents_only(tmp_path: Path) -> None:
    files = read_files(folder(tmp_path, **{"b.yaml": "title: Б\n"}), Report())
    turned = type(files)(files.name, dict(reversed(files.scripts.items())), files.tables, files.media)
    assert version_of(files) == version_of(turned)
    assert pack(files) == pack(turned)
    assert unpack(pack(files)) == files


@pytest.mark.parametrize(
    "damage",
    [lambda raw: b"", lambda raw: raw[:-3], lambda raw: b"x" + raw, lambda raw: raw[: len(raw) // 2]],
)
def test_a_damaged_archive_is_told(tmp_path: Path, damage) -> None:
    archive = pack(read_files(folder(tmp_path), Report()))
    with pytest.raises(BadArchive):
        unpack(damage(archive))
