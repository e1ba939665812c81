from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ses.config import Config, ConfigError, check_robots, find, load

ROOT = Path(__file__).parents[3]
SITE = {"token": "t", "robot": "pizzeria", "origins": ["https://shop.example"]}


def web(**changes):
    return {"connectors": {"web": {"site": {**SITE, **changes}}}}


def test_an_empty_configuration_has_every_default(written):
    config = written.load({})
    assert (config.host, config.port) == ("127.0.0.1", 6190)
    assert (config.widget.host, config.widget.port, config.widget.cors) == ("127.0.0.1", 6191, "daemon")
    assert (config.logs.backups, config.logs.maxSize, config.logs.debug) == (10, 5_242_880, False)
    assert config.servers.smc.url == "http://127.0.0.1:6181/smc"
    assert (config.servers.qas.timers.connect, config.servers.qas.timers.read) == (2, 10)
    assert (config.limits.frame, config.limits.text, config.limits.send_queue) == (65_536, 4096, 1_048_576)
    assert config.warnings == ()


def test_a_secret_that_signs_visitors_has_32_bytes_and_is_not_shown(written):
    assert written.load(web()).connectors.web["site"].identity is None
    secret = "s" * 31 + "ю"
    config = written.load(web(identity={"secret": "env:SITE_SECRET"}), SITE_SECRET=secret)
    assert config.connectors.web["site"].identity.secret.get_secret_value() == secret
    assert secret not in config.model_dump_json()
    assert secret in config.secrets
    (short,) = written.problems(web(identity={"secret": "env:SITE_SECRET"}), SITE_SECRET="s" * 31)
    assert "connectors.web.site.identity.secret: must have 32 bytes at least" in short
    assert "sss" not in short
    (empty,) = written.problems(web(identity={}))
    assert "connectors.web.site.identity" in empty
    assert "secret" in empty


def test_relative_paths_count_from_the_folder_of_the_file(written, tmp_path):
    config = written.load(
        {"logs": {"path": "l"}, "storage": {"url": "sqlite:///d/x.db"}, "scenarios": "/abs"}
    )
    assert config.logs.path == tmp_path / "l"
    assert config.storage.sqlite == tmp_path / "d/x.db"
    assert config.scenarios == Path("/abs")
    assert config.testapi == tmp_path / "testapi"
    assert config.storage.audio.web == tmp_path / "storage/web"


def test_absolute_stores_and_postgresql_stay_as_they_are(written):
    assert written.load({"storage": {"url": "sqlite:////var/x.db"}}).storage.sqlite == Path("/var/x.db")
    config = written.load({"storage": {"url": "postgresql://u:geheim123@db/ses"}})
    assert "geheim123" not in config.model_dump_json()
    assert config.storage.sqlite is None
    assert "geheim123" in config.secrets, "a password inside an address is a secret"


def test_the_example_shows_every_key_and_is_accepted(tmp_path):
    example = tmp_path / "config.json"
    example.write_bytes((ROOT / "config.json.example").read_bytes())
    (tmp_path / "admin.key").write_text("k" * 32 + "\n")
    (tmp_path / "tls").mkdir()
    for name in ("cert.pem", "key.pem"):
        (tmp_path / "tls" / name).touch()
    names = (
        "TELEGRAM_TOKEN",
        "TELEGRAM_SECRET",
        "SITE_SECRET",
        "VK_TOKEN",
        "VK_SECRET",
        "LLM_KEY",
        "SITE_KEY",
        "CHAT_CODE",
        "CHAT_KEY",
    )
    config = load(example, {name: f"the value of {name} in full length" for name in names})
    assert config.auth is not None
    assert config.auth.keys["admin"].key.get_secret_value() == "k" * 32


def test_the_configuration_of_make_run_is_accepted_without_a_warning():
    assert load(ROOT / "tools/demo.config.json", {}).warnings == ()


def test_env_and_file_values_are_read_and_never_shown(written, tmp_path):
    (tmp_path / "bot.token").write_text("12345:secret-of-the-bot\n")
    config = written.load(
        {
            "port": "env:PORT",
            "logs": {"debug": "env:DEBUG"},
            "connectors": {"telegram": {"bot": {"token": "file:bot.token", "robot": "env:ROBOT"}}},
        },
        PORT="7000",
        DEBUG="true",
        ROBOT="pizzeria",
    )
    assert (config.port, config.logs.debug) == (7000, True)
    bot = config.connectors.telegram["bot"]
    assert bot.token.get_secret_value() == "12345:secret-of-the-bot"
    assert bot.robot == "pizzeria"
    assert "secret-of-the-bot" not in repr(config) + config.model_dump_json()
    assert {"12345:secret-of-the-bot", "pizzeria"} <= config.secrets
    assert "7000" not in config.secrets, "short texts would be blotted out everywhere"


def test_values_that_cannot_be_read_are_told_with_the_way_out(written, tmp_path):
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    (tmp_path / "big").write_bytes(b"x" * 70_000)
    keys = {"env:NOPE": "variable NOPE is not set", "file:gone": "No such file", "file:latin": "not UTF-8",
            "file:big": "larger than", "file:.": "directory", "env:": "not set"}  # fmt: skip
    for reference, words in keys.items():
        (problem,) = written.problems({"scenarios": reference})
        assert problem.startswith("1:2: scenarios: ")
        assert words in problem


def test_a_wrong_value_from_elsewhere_is_not_repeated(written):
    (problem,) = written.problems({"port": "env:PORT"}, PORT="hunter2hunter2")
    assert problem == "1:2: port: must be a whole number (the value comes from elsewhere and is not shown)"
    (problem,) = written.problems({"widget": {"cors": "env:CORS"}}, CORS="hunter2hunter2")
    assert "hunter2" not in problem


def test_all_mistakes_are_shown_at_once_in_the_order_of_the_file(written):
    problems = written.problems(
        '{\n"prot": 1,\n"logs": {"maxsize": 5, "backups": "ten"},\n"servers": {"smc": {"timers": {"conect": 1}}},\n'
        '"connectors": {"web": {"site": {"token": "t", "robot": "r"}}},\n"widget": {"cors": "proxi"}\n}'
    )
    assert problems == [
        "2:1: prot: unknown key; did you mean `port`?",
        "3:10: logs.maxsize: unknown key; did you mean `maxSize`?",
        '3:24: logs.backups: must be a whole number, not "ten"',
        "4:32: servers.smc.timers.conect: unknown key; did you mean `connect`?",
        "5:24: connectors.web.site.origins: is missing",
        '6:12: widget.cors: must be `daemon` or `proxy`, not "proxi"; did you mean `proxy`?',
    ]


@pytest.mark.parametrize(
    "content,words",
    [
        ({"maxSize": 1}, "maxSize: unknown key here; it belongs to `logs.maxSize`"),
        ({"zzzz": 1}, "unknown key; known here: `auth`, "),
        ({"port": 70000}, "port: must be less than or equal to 65535, not 70000"),
        ({"port": True}, "port: must be a whole number, not true"),
        ({"port": "6190"}, 'port: must be a whole number, not "6190"'),
        ({"port": 6191}, "port: is the same as `widget.port`"),
        ({"logs": []}, "logs: must be an object, not an array"),
        ({"logs": {"path": ""}}, "logs.path: must be the path of a file or folder"),
        ({"host": "0.0.0.0"}, "host: 0.0.0.0 can be reached from other machines, so the API needs keys"),
        ({"host": "127.0.0.1:80"}, "host: must be an address or the name of a host, without port"),
        ({"host": "300.1.1.1"}, "host: must be an address"),
        ({"auth": {"keys": {}}}, "auth: has no key, so nobody could use the API"),
        ({"auth": {"keys": {"a": {"key": "short", "scopes": ["ask"]}}}}, "auth.keys.a.key: must have at least 16"),
        ({"auth": {"keys": {"a": {"key": "k" * 20, "scopes": []}}}}, "auth.keys.a.scopes: must name what"),
        ({"auth": {"keys": {"a": {"key": "k" * 20, "scopes": ["adnim"]}}}}, "did you mean `admin`?"),
        ({"auth": {"keys": {n: {"key": "k" * 20, "scopes": ["ask"]} for n in "ab"}}}, "the keys `a` and `b` are the same"),
        (web(origins=[]), "connectors.web.site.origins: must name the sites"),
        (web(origins=["*"]), "connectors.web.site.origins[0]: must name a site"),
        (web(origins=["shop.example"]), "must be a site's origin like https://"),
        (web(origins=["https://Shop.example/"]), "must be written as browsers send it: https://shop.example"),
        (web(origins=["https://shop.example:443"]), "as browsers send it: https://shop.example"),
        (web(color="red"), "connectors.web.site.color: must be written as #"),
        (web(type="bot"), "must be `chat` or `assistant`"),
        (web(robot=""), "connectors.web.site.robot: must have at least 1 character"),
        ({"connectors": {"web": {"my site": SITE}}}, "connectors.web.my site: must be written as [A-Za-z0-9_.-]{1,64}"),
        ({"connectors": {"wbe": {}}}, "connectors.wbe: unknown key; did you mean `web`?"),
        ({"connectors": {"telegram": {"b": {"token": "", "robot": "r"}}}}, "connectors.telegram.b.token: must not be empty"),
        ({"connectors": {"telegram": {"b": {"token": "x", "robot": "r", "mode": "webhook"}}}}, "b.mode: `webhook` needs `webhook_url` and `secret_token`"),
        ({"connectors": {"vk": {"b": {"token": "x", "robot": "r", "group_id": 1, "mode": "callback"}}}}, "b.mode: `callback` needs `confirmation` and `secret`"),
        ({"connectors": {"vk": {"b": {"token": "x", "robot": "r", "group_id": "1"}}}}, "vk.b.group_id: must be a whole number"),
        ({"servers": {"smc": {"url": "127.0.0.1:6181"}}}, "servers.smc.url: must be an address like"),
        ({"servers": {"smc": {"timers": {"read": 0}}}}, "servers.smc.timers.read: must be greater than 0, not 0"),
        ({"servers": {"smc": {"paths": {"clasify": "/x"}}}}, "unknown method `clasify`; did you mean `classify`?"),
        ({"servers": {"smc": {"paths": {"classify": "/x/{name}"}}}}, "may contain `{model}`, not `{name}`"),
        ({"servers": {"smc": {"paths": {"classify": "/x/{model"}}}}, "odd braces"),
        ({"servers": {"qas": {"fields": {"anser": "x"}}}}, "unknown field `anser`; did you mean `answer`?"),
        ({"storage": {"url": "mysql://x"}}, "storage.url: must be sqlite:///FILE or postgresql://"),
        ({"storage": {"url": "sqlite:///"}}, "storage.url: must be sqlite:///FILE"),
        ({"storage": {"pool": {"size": 9, "max": 3}}}, "storage.pool: `max` (3) must not be below `size` (9)"),
        ({"llm": {"engine": "vlm"}}, "llm: needs `engine`: `vllm` or `remote`"),
        ({"llm": {"engine": "remote", "servers": []}}, "llm.servers: must name at least one server"),
        ({"llm": {"engine": "vllm", "modle": "x"}}, "llm.modle: unknown key; did you mean `model`?"),
        ({"limits": {"http": {"allow": ["10.0.0.5"]}}}, "limits.http.allow[0]: must name host and port"),
        ({"limits": {"text": 5000}}, "limits.text: must be less than or equal to 4096, not 5000"),
        ({"limits": {"uploads": {"bytes": 1000}}}, "limits: `uploads.bytes` (1000) must not be below `upload` (10485760)"),
        ({**web(microphone=True), "limits": {"upload": 0}}, "limits: `upload` is 0, so the microphone of `connectors.web.site`"),
        ({"trusted_proxies": ["proxy"]}, "trusted_proxies[0]: must be an address or a network"),
        ({"trusted_proxies": "10.0.0.1"}, 'trusted_proxies: must be an array, not "10.0.0.1"'),
        ({"tls": {"cert": "c.pem", "key": "k.pem"}}, "tls.cert: there is no file"),
        ([], "a configuration is an object"),
        ("{,}", "a key"),
    ],
)  # fmt: skip
def test_each_mistake_names_its_key_and_the_way_out(written, content, words):
    assert any(words in problem for problem in written.problems(content)), written.problems(content)


def test_a_secret_of_a_wrong_type_is_not_repeated(written):
    (problem,) = written.problems({"connectors": {"telegram": {"b": {"token": 123456, "robot": "r"}}}})
    assert problem.endswith("token: must be a text")


def test_repeated_keys_are_a_mistake_and_the_rest_is_checked_all_the_same(written):
    problems = written.problems('{"port": 1,\n "port": 2,\n "hots": "x"}')
    assert problems == [
        "2:2: port: the key stands twice, first in line 1; keep one of them",
        "3:2: hots: unknown key; did you mean `host`?",
    ]


def test_keys_of_newer_originals_are_warned_of_and_the_start_goes_on(written):
    config = written.load(
        '{"vad": {"x": 1},\n"connectors": {"max": {}, "freeswitch": {}},\n"servers": {"ups": {"url": 1}},\n'
        '"storage": {"audio": {"web": "w", "warm": "x"}}}'
    )
    told = [warning.split(".json:")[1] for warning in config.warnings]
    assert told == [
        "1: vad: known but not supported here, ignored",
        "2: connectors.max: ignored: MAX is spoken by a package of its own, ses-connector-max, which is not installed here; docs/connectors.md says how to get it",
        "2: connectors.freeswitch: known but not supported here, ignored",
        "3: servers.ups: known but not supported here, ignored",
        "4: storage.audio.warm: known but not supported here, ignored",
    ]


def test_a_web_connector_in_the_originals_form_is_accepted(written):
    config = written.load({"connectors": {"web": {"https://shop.example~abc": {"robot": "pizzeria"}}}})
    ((name, site),) = config.connectors.web.items()
    assert name == "shop.example-ba7816bf"
    assert (site.token, site.origins, site.robot) == ("abc", ("https://shop.example",), "pizzeria")


def test_mistakes_in_the_originals_form_are_shown_where_they_stand(written):
    problems = written.problems(
        '{"connectors": {"web": {\n"https://shop.example~abc": {"robt": "pizzeria"}}}}'
    )
    assert problems == [
        "2:1: connectors.web.shop.example-ba7816bf.robot: is missing",
        "2:30: connectors.web.shop.example-ba7816bf.robt: unknown key; did you mean `robot`?",
    ]


def test_robots_that_do_not_exist_are_named_with_the_nearest(written):
    config = written.load(
        {
            **web(robot="pizeria"),
            "auth": {"keys": {"a": {"key": "k" * 20, "scopes": ["ask"], "robots": ["pizzeria", "nobody"]}}},
        }
    )
    check_robots(config, {"pizeria", "pizzeria", "nobody"})
    with pytest.raises(ConfigError) as caught:
        check_robots(config, {"pizzeria", "helpdesk"})
    first, second = (str(problem) for problem in caught.value.problems)
    assert "connectors.web.site.robot: there is no robot `pizeria` in " in first
    assert first.endswith("did you mean `pizzeria`?")
    assert "auth.keys.a.robots[1]" in second
    assert second.endswith("there are `helpdesk` or `pizzeria`")


@pytest.mark.parametrize(
    "content,words",
    [(b"\xff\xfe{}", "is not UTF-8: byte 0xff in line 1"), (b" " * 2_000_000, "is larger than")],
)
def test_files_that_are_no_configuration_are_refused(tmp_path, content, words):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        load(path, {})


def test_a_folder_or_nothing_at_all_is_told(tmp_path):
    with pytest.raises(ConfigError, match="is no file"):
        load(tmp_path, {})
    with pytest.raises(ConfigError, match="there is no such file; copy config.json.example"):
        load(tmp_path / "gone.json", {})


def test_a_byte_order_mark_does_no_harm(written):
    assert written.load("\ufeff{}").port == 6190


def test_the_configuration_is_found_in_the_promised_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    installed = tmp_path / "opt/config.json"
    with pytest.raises(ConfigError, match=r"copy config.json.example, or name one with --config"):
        find(None, {}, installed)
    (tmp_path / "opt").mkdir()
    installed.write_text("{}")
    assert find(None, {}, installed) == installed
    (tmp_path / "config.json").write_text("{}")
    assert find(None, {}, installed) == Path("config.json")
    assert find(None, {"SES_CONFIG": "/x.json"}, installed) == Path("/x.json")
    assert find(Path("/y.json"), {"SES_CONFIG": "/x.json"}, installed) == Path("/y.json")


def test_secrets_in_a_file_others_can_read_are_warned_of(tmp_path):
    path = tmp_path / "config.json"
    content = {"connectors": {"telegram": {"b": {"token": "12345:abcdef", "robot": "r"}}}}
    path.write_text(json.dumps(content))
    path.chmod(0o644)
    (warning,) = load(path, {}).warnings
    assert "chmod 600" in warning
    content["connectors"]["telegram"]["b"]["token"] = "env:T"
    path.write_text(json.dumps(content))
    assert load(path, {"T": "12345:abcdef"}).warnings == ()


def test_settings_never_change_after_loading(written):
    config = written.load({})
    with pytest.raises(ValueError, match="frozen"):
        config.port = 1


def test_loading_looks_at_the_process_environment_by_default(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "SES_TEST_SCENARIOS", "/robots")
    path = tmp_path / "c.json"
    path.write_text('{"scenarios": "env:SES_TEST_SCENARIOS"}')
    assert isinstance(config := load(path), Config)
    assert config.scenarios == Path("/robots")
