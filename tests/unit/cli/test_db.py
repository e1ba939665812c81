"""`ses db`: how the databases stand, and the upgrade."""

import json
import sqlite3
from contextlib import closing

import pytest

from ses.cli.main import main


@pytest.fixture
def called(tmp_path, capsys):
    """Calls `ses db …` on a configuration of its own: exit code and output."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"scenarios": str(tmp_path), "gateway": {"users": {}, "journal": {}}}))
    path.chmod(0o600)

    def call(*words):
        with pytest.raises(SystemExit) as left:
            main(["db", *words, "--config", str(path)])
        output = capsys.readouterr()
        return left.value.code or 0, output.out + output.err

    return call


def test_a_database_that_is_not_there_is_made_at_the_first_start_or_now(called, tmp_path):
    code, output = called("status")
    assert (code, "pipeline:" in output, "not made yet" in output) == (0, True, True)
    assert not (tmp_path / "data").exists(), "a question makes nothing"
    code, output = called("upgrade")
    assert (code, output.count("up to date")) == (0, 3), output
    assert (tmp_path / "data" / "ses.db").exists()


def test_a_database_of_an_older_release_is_told_and_upgraded(called, tmp_path):
    called("upgrade")
    with closing(sqlite3.connect(tmp_path / "data" / "ses.db")) as database:
        database.executescript(
            "DROP TABLE pipeline_version; PRAGMA user_version = 1; DROP INDEX sessions_user;"
            "ALTER TABLE sessions DROP COLUMN user; DROP INDEX user_values_phone; DROP TABLE identities;"
            "DROP TABLE calls; DROP TABLE links"
        )
    code, output = called("status")
    assert (code, "of an older release" in output) == (1, True)
    code, output = called("upgrade", "--format", "json")
    assert code == 0
    assert json.loads(output)[0]["state"] == "current"


def test_a_database_of_a_newer_release_is_left_alone(called, tmp_path):
    called("upgrade")
    with closing(sqlite3.connect(tmp_path / "data" / "ses.db")) as database:
        database.execute("UPDATE pipeline_version SET version_num = '9999'")
        database.commit()
    assert called("status")[0] == 1
    code, output = called("upgrade")
    assert (code, "made by a newer release" in output) == (2, True)
