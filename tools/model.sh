# shellcheck shell=bash
# The language model of the demo and of the tests: vLLM and SmolLM2, where the machine can. Sourced by tools/prepare.sh.

prepare_model() { # whatever goes wrong here, robots work without a model
    local wanted stamp=.venv/.has-model
    if [ "${LLM:-}" = off ]; then
        say "no language model, as LLM=off asks"
        return
    fi
    wanted=$(cat pyproject.toml ses/llm/library/catalogue.py .venv/pyvenv.cfg | sha256sum | cut -d' ' -f1)
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
    say "the language model: vLLM and SmolLM2 (3.4 GB, some minutes the first time; LLM=off leaves it out)"
    if .venv/bin/ses model install --if-possible && { ! .venv/bin/python -c 'import vllm' 2>/dev/null || { .venv/bin/ses model pull smollm2 && .venv/bin/ses model pull minilm; }; }; then
        echo "$wanted" >"$stamp"
    else
        say "going on without the language model; the lines above say why"
    fi
}
