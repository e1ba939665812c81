"""Kinds of connector that packages bring, as the configuration sees them."""

from __future__ import annotations

import pytest

from ses.config import Config, ConfigError, check_robots, load, plugin_settings
from ses.config.fields import RobotId, Secret, Section
from ses.connectors.contract import Channel, Kind
from ses.extensions import Broken


class Pigeon(Section):
    robot: RobotId
    password: Secret | None = None


def unused(context) -> Channel:
    raise AssertionError("the configuration makes no connector")


@pytest.fixture
def installed(monkeypatch):
    """A package brings `pigeon`; another one, `raven`, is broken."""
    kinds = {"pigeon": Kind(contract=1, settings=Pigeon, make=unused)}

    def kind(name):
        if name not in kinds:
            raise Broken(f"the package ses-{name} 1.0 cannot be loaded")
        return kinds[name]

    for module in ("ses.config.plugin_settings", "ses.config.explain"):
        monkeypatch.setattr(f"{module}.installed", lambda: {"pigeon": None, "raven": None})
    monkeypatch.setattr(plugin_settings, "kind", kind)


def test_without_such_kinds_nothing_is_looked_for(written, monkeypatch):
    def scan():
        raise AssertionError("packages are looked for")

    monkeypatch.setattr(plugin_settings, "installed", scan)
    assert list(
        written.load({"connectors": {"telegram": {"shop": {"token": "t", "robot": "r"}}}}).connectors.all()
    )
    assert type(Config().connectors) is type(written.load({}).connectors)


def test_their_settings_are_part_of_the_configuration(written, installed):
    config = written.load({"connectors": {"pigeon": {"roof": {"robot": "r", "password": "a-p-a-s-s"}}}})
    assert [(kind, name, type(one)) for kind, name, one in config.connectors.all()] == [
        ("pigeon", "roof", Pigeon)
    ]
    assert config.secrets == {"a-p-a-s-s"}
    assert "a-p-a-s-s" not in config.model_dump_json()
    assert '"roof"' in config.model_dump_json()
    same = load(config.file)
    assert same.connectors == config.connectors
    assert written.load({}).connectors != config.connectors
    with pytest.raises(ConfigError, match=r"connectors\.pigeon\.roof\.robot: there is no robot `r`"):
        check_robots(config, {"pizzeria"})


def test_a_value_that_their_model_holds_as_a_secret_is_not_shown(written, installed):
    with pytest.raises(ConfigError) as failed:
        written.load({"connectors": {"pigeon": {"roof": {"robot": "r", "password": 7788}}}})
    assert "connectors.pigeon.roof.password: must be a text" in str(failed.value)
    assert "7788" not in str(failed.value)


def test_what_a_broken_package_was_to_have_is_left_out(written, installed):
    config = written.load(
        {"connectors": {"raven": {"tower": {"robot": "r"}}, "pigeon": {"roof": {"robot": "r"}}}}
    )
    assert [kind for kind, _, _ in config.connectors.all()] == ["pigeon"]
    assert [(one.name, one.robot) for one in config.left_out] == [("raven.tower", "r")]
    (warning,) = config.warnings
    assert warning.endswith("connectors.raven: the package ses-raven 1.0 cannot be loaded; it is left out")
