#!/usr/bin/env bash
# The unit tests: `tools/unit.sh main` on the Python of .venv, `tools/unit.sh others` on each other Python that pyproject's
# classifiers name and this machine has, in an environment of its own. What follows goes to pytest. Coverage is measured on the
# newest of all: from 3.12 on Python itself tells which lines it passes, and before that the tests take nearly twice as long.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/python.sh
. tools/python.sh

which=${1:?main or others}
shift

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

find_version() { # prints the path of a Python of just this version that can make environments, or nothing
    local candidate
    for candidate in "$(command -v "python$1" || true)" {/usr/local,/usr}"/bin/python$1" \
        "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
        if [ "$(version_of "$candidate")" = "$1" ] && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

prepare() { # python folder
    local wanted
    [ "$(version_of "$2/bin/python")" = "$(version_of "$1")" ] || rm -rf "$2"
    [ -d "$2" ] || "$1" -m venv "$2"
    wanted=$(cat pyproject.toml "$2/pyvenv.cfg" | sha256sum)
    if [ "$(cat "$2/.ready" 2>/dev/null)" != "$wanted" ]; then
        say "making $2 with $("$1" --version) (a minute or more the first time)"
        install_into "$2/bin/python" --editable '.[unit]'
        echo "$wanted" >"$2/.ready"
    fi
}

run_tests() { # python pytest-arguments…
    local python=$1
    shift
    say "unit tests on $("$python" --version)"
    if [ "$(version_of "$python")" != "$newest" ]; then
        "$python" -m pytest -q "$@" tests/unit
        return
    fi
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' && export COVERAGE_CORE=sysmon
    "$python" -m pytest -q --cov --cov-report= "$@" tests/unit
    say 'coverage by the unit tests: the whole, and the ten files with the least of those they reach'
    "$python" -m coverage report --sort=-cover | awk '/^TOTAL/; /^ses/ && $4 != "0%" {lines[++n] = $0} END {for (i = n; i > n - 10; i--) print lines[i]}'
}

main=$(version_of .venv/bin/python)
others=()
newest=$main
# shellcheck disable=SC2013 # words are what is wanted
for version in $(sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml); do
    if [ "$version" != "$main" ] && [ -n "$(find_version "$version")" ]; then
        others+=("$version")
        newest=$(printf '%s\n' "$newest" "$version" | sort -V | tail -1)
    fi
done

if [ "$which" = main ]; then
    run_tests .venv/bin/python "$@"
elif [ ${#others[@]} = 0 ]; then
    say "unit tests on other Pythons: of those that pyproject names this machine has none but $main"
fi
[ "$which" != main ] || others=()
beginnings=()
for version in "${others[@]}"; do
    prepare "$(find_version "$version")" ".venv-$version" &
    beginnings+=($!)
done
for beginning in "${beginnings[@]}"; do
    wait "$beginning"
done
for version in "${others[@]}"; do
    run_tests ".venv-$version/bin/python" "$@"
done
