"""The variables of the environment that stand above `config.json`."""

from __future__ import annotations

import pytest

from ses.config import ConfigError
from ses.config.environment import for_the_engine

USERS = {
    "MTSAI_AUTH": "true",
    "AUTH_TYPE": "DB",
    "DB_URL": "postgresql://u:geheim123@db:5432/users",
    "USERS_TABLE": "cotype_users",
}
JOURNAL = {
    "LOGS": "True",
    "LOGS_DB_HOST": "db",
    "LOGS_DB_PORT": "5432",
    "LOGS_DB_NAME": "logs",
    "LOGS_DB_USERNAME": "writer",
    "LOGS_DB_PASSWORD": "p@ss/word",
}
VLLM = {"llm": {"engine": "vllm", "model": "m", "args": {"dtype": "auto", "seed": 1}}}


def gateway(written, environment, content=None):
    return written.load(content or {}, **environment).gateway


def problems(written, environment, content=None):
    with pytest.raises(ConfigError) as caught:
        written.load(content or {}, **environment)
    return {problem.key: problem.message for problem in caught.value.problems}


class TestWhoComesIn:
    def test_true_and_db_means_users(self, written):
        found = gateway(written, USERS)
        assert found.users.url == "postgresql://u:geheim123@db:5432/users"
        assert found.users.table == "cotype_users"
        assert found.token is None
        assert "geheim123" in written.load({}, **USERS).secrets

    def test_false_and_a_key_means_one_token(self, written):
        found = gateway(written, {"MTSAI_AUTH": "false", "VLLM_API_KEY": "the-token"})
        assert found.token.get_secret_value() == "the-token"
        assert found.users is None

    def test_false_alone_means_this_machine(self, written):
        found = gateway(written, {"MTSAI_AUTH": "false"}, {"gateway": {"users": {}}})
        assert (found.token, found.users) == (None, None)

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"AUTH_TYPE": "NO"}, "AUTH_TYPE"),
            ({"AUTH_TYPE": ""}, "AUTH_TYPE"),
            ({"DB_URL": ""}, "DB_URL"),
            ({"USERS_TABLE": ""}, "USERS_TABLE"),
            ({"VLLM_API_KEY": "both-kinds"}, "VLLM_API_KEY"),
            ({"MTSAI_AUTH": "maybe"}, "MTSAI_AUTH"),
            ({"MTSAI_AUTH": "false"}, "MTSAI_AUTH"),
            ({"USERS_TABLE": 'u"; drop'}, "gateway.users.table"),
            ({"DB_URL": "mysql://db/x"}, "gateway.users.url"),
        ],
    )
    def test_what_is_half_there_never_opens_the_door(self, written, change, named):
        assert named in problems(written, {**USERS, **change})

    def test_a_token_and_users_in_the_file_are_a_mistake(self, written):
        found = problems(written, {}, {"gateway": {"token": "one-for-all", "users": {}}})
        assert "keep one of them" in found["gateway.token"]


class TestTheJournal:
    def test_it_is_off_unless_asked_for(self, written):
        assert (
            gateway(written, {name: text for name, text in JOURNAL.items() if name != "LOGS"}).journal is None
        )

    def test_it_goes_to_the_database_that_is_named(self, written):
        content = {"gateway": {"journal": {"retention": 30}}}
        found = gateway(written, JOURNAL, content).journal
        assert found.url == "postgresql://writer:p%40ss%2Fword@db:5432/logs"
        assert found.retention == 30

    def test_every_missing_variable_is_told(self, written):
        assert set(problems(written, {"LOGS": "True", "LOGS_DB_HOST": "db"})) >= {
            "LOGS_DB_PORT",
            "LOGS_DB_NAME",
        }

    def test_the_guides_misprint_is_accepted_with_a_warning(self, written):
        environment = {**JOURNAL, "LOGS_DB_POST": "5433"}
        del environment["LOGS_DB_PORT"]
        config = written.load({}, **environment)
        assert ":5433/" in config.gateway.journal.url
        assert "LOGS_DB_PORT" in config.warnings[0]


class TestTheEngine:
    def test_its_variables_become_arguments(self, written):
        environment = {
            "GPUUTIL": "0.9",
            "DTYPE": "half",
            "EAGER": "1",
            "ADDITIONAL_ARGS": "--tensor-parallel-size=4 --enable-auto-tool-choice --tool-call-parser hermes",
        }
        assert written.load(VLLM, **environment).llm.args == {
            "seed": 1,
            "gpu_memory_utilization": 0.9,
            "dtype": "half",
            "enforce_eager": True,
            "tensor_parallel_size": 4,
            "enable_auto_tool_choice": True,
            "tool_call_parser": "hermes",
        }

    def test_an_empty_eager_is_off(self, written):
        assert "enforce_eager" not in written.load(VLLM, EAGER="").llm.args

    def test_obsolete_and_idle_variables_are_told(self, written):
        warnings = written.load({}, VLLM_USE_V1="1", GPUUTIL="0.9").warnings
        assert any("VLLM_USE_V1: obsolete" in one for one in warnings)
        assert any("GPUUTIL: has no effect" in one for one in warnings)


class TestTheChatPage:
    VARIABLES = {
        "BASE_URL": "http://cotype:8080/",
        "CUSTOM_MODELS": "-all,+cotype_pro_2=Cotype Pro 2",
        "DEFAULT_MODEL": "cotype_pro_2",
        "CODE": "first code 1,second code",
        "OPENAI_API_KEY": "geheim-key",
    }

    def test_the_variables_stand_above_the_file_and_leave_its_other_keys(self, written):
        config = written.load({"gateway": {"chat": {"url": "http://a", "default": "x"}}}, **self.VARIABLES)
        chat = config.gateway.chat
        assert (chat.url, chat.default) == ("http://cotype:8080", "cotype_pro_2")
        assert chat.rules == (("-", "all", "all"), ("+", "cotype_pro_2", "Cotype Pro 2"))
        assert chat.codes == ("first code 1", "second code")
        assert {"first code 1", "second code", "geheim-key"} <= config.secrets
        assert (
            written.load({"gateway": {"chat": {"default": "x"}}}, CODE="a long code 1").gateway.chat.default
            == "x"
        )

    def test_the_default_must_be_offered(self, written):
        found = problems(written, {"CUSTOM_MODELS": "-all,+a,-b", "DEFAULT_MODEL": "b"})
        assert found == {"gateway.chat.default": "`b` is not among `models` (-all,+a,-b)"}

    @pytest.mark.parametrize("rules", ["-all,+", "-", "+=Name"])
    def test_a_rule_needs_a_name(self, written, rules):
        assert (
            "a model's name after each" in problems(written, {"CUSTOM_MODELS": rules})["gateway.chat.models"]
        )

    @pytest.mark.parametrize(("name", "value"), [("BASE_URL", "cotype:8080"), ("CODE", ",")])
    def test_what_is_no_address_and_no_code_is_refused(self, written, name, value):
        assert problems(written, {name: value})

    def test_what_is_probably_not_meant_is_told(self, written):
        assert any("can be guessed" in one for one in written.load({}, CODE="1234").warnings)
        assert any("no effect without" in one for one in written.load({}, OPENAI_API_KEY="k").warnings)
        assert written.load({}, CODE="a long code 1", OPENAI_API_KEY="k").warnings == ()


def test_bounds_and_waiting(written):
    found = gateway(
        written, {"MAX_N": "4", "WAIT_VLLM": "1", "WAIT_VLLM_ATTEMPTS": "7", "RUN_MIGRATIONS": "1"}
    )
    assert (found.max_n, found.wait.attempts, found.wait.timeout, found.migrate) == (4, 7, 10, True)
    assert gateway(written, {}).wait is None


def test_variables_may_stand_in_a_file_in_both_forms(written, tmp_path):
    file = tmp_path / "cotype.env"
    file.write_text(
        "# users\nMTSAI_AUTH: true\nAUTH_TYPE:DB\nDB_PASSWORD='geheim123'\n"
        "DB_URL:postgresql://u:${DB_PASSWORD}@db:5432/users\nexport USERS_TABLE=people\nMAX_N = 3\n"
    )
    found = gateway(written, {"SES_ENV_FILE": str(file), "MAX_N": "5"})
    assert found.users.url == "postgresql://u:geheim123@db:5432/users"
    assert found.users.table == "people"
    assert found.max_n == 5, "the process's own environment wins"


def test_a_file_of_variables_that_is_none_is_told(written, tmp_path):
    (tmp_path / "bad.env").write_text("what is this\n")
    assert problems(written, {"SES_ENV_FILE": str(tmp_path / "bad.env")})
    assert "SES_ENV_FILE" in problems(written, {"SES_ENV_FILE": str(tmp_path / "absent.env")})


def test_migrations_are_allowed_for_every_database(written):
    config = written.load({"storage": {"pool": {"size": 2}}}, RUN_MIGRATIONS="1")
    assert (config.storage.migrate, config.storage.pool.size, config.gateway.migrate) == (True, 2, True)
    assert not written.load({}).storage.migrate


def test_what_the_engines_own_processes_read_is_handed_on(tmp_path):
    file = tmp_path / "cotype.env"
    file.write_text("VLLM_WORKER_MULTIPROC_METHOD=spawn\nMAX_N=3\n")
    assert for_the_engine({"SES_ENV_FILE": str(file)}) == {"VLLM_WORKER_MULTIPROC_METHOD": "spawn"}
