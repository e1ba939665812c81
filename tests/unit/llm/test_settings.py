"""What vLLM is started with."""

from __future__ import annotations

from ses.llm.vllm.settings import VllmSettings, command_line, environment


def options(args=None, *, on_cpu=True, embeddings=False) -> list[str]:
    settings = VllmSettings(model="m", name="n", args=args or {}, embeddings=embeddings)
    return command_line(settings, on_cpu=on_cpu)


def test_the_model_and_its_name():
    assert options()[:4] == ["--model", "m", "--served-model-name", "n"]


def test_a_processor_gets_what_was_found_to_work():
    assert {"--enforce-eager", "--distributed-executor-backend=uni"} <= set(options())
    assert "--enforce-eager" not in options(on_cpu=False)


def test_every_argument_is_passed_on_in_its_own_form():
    line = options(
        {
            "max_model_len": 4096,
            "tensor-parallel-size": 2,
            "enable_prefix_caching": False,
            "middleware": ["a", "b"],
            "speculative_config": {"model": "x"},
            "dtype": None,
        }
    )
    assert "--max-model-len=4096" in line
    assert "--tensor-parallel-size=2" in line
    assert "--no-enable-prefix-caching" in line
    assert line[line.index("--middleware") :][:3] == ["--middleware", "a", "b"]
    assert '{"model": "x"}' in line
    assert not any(word.startswith("--dtype") for word in line)


def test_the_configuration_wins_over_ours():
    line = options(
        {"enforce_eager": False, "distributed_executor_backend": "ray", "scheduling_policy": "fcfs"}
    )
    assert "--no-enforce-eager" in line
    assert "--enforce-eager" not in line
    assert "--distributed-executor-backend=ray" in line
    assert "--scheduling-policy=fcfs" in line


def test_a_parser_of_tools_switches_tools_on():
    assert "--enable-auto-tool-choice" in options({"tool_call_parser": "hermes"})
    assert "--enable-auto-tool-choice" not in options()


def test_embeddings_run_as_pooling():
    line = options(embeddings=True)
    assert "--runner=pooling" in line
    assert "--dtype=float32" in line
    assert not any(word.startswith("--scheduling-policy") for word in line)


def test_one_core_stays_free_and_what_is_set_already_wins():
    assert environment({}, on_cpu=True, cores=4)["OMP_NUM_THREADS"] == "3"
    assert environment({}, on_cpu=True, cores=1)["OMP_NUM_THREADS"] == "1"
    assert "OMP_NUM_THREADS" not in environment({"OMP_NUM_THREADS": "2"}, on_cpu=True, cores=4)
    assert "OMP_NUM_THREADS" not in environment({}, on_cpu=False)
