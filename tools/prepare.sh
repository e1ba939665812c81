#!/usr/bin/env bash
# Makes this checkout ready to run or to be tested: `tools/prepare.sh run|test`.
# Installs system packages when it may (root and apt), makes .venv, and installs the package into it. What is there already
# is left alone: the second call takes a fraction of a second.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-run}
extra=''
case $purpose in
    run) ;;
    test) extra='[dev]' ;;
    *)
        echo "usage: tools/prepare.sh run|test" >&2
        exit 2
        ;;
esac

say() { printf '== %s\n' "$*"; }

fail() {
    printf 'make: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '  remedy: %s\n' "$2" >&2
    exit 1
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

updated=''
install_packages() { # packages…
    if [ -z "$updated" ]; then
        say "asking for the lists of system packages"
        apt-get update -qq || say "the lists could not be renewed; going on with the old ones"
        updated=yes
    fi
    say "installing system packages: $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null && is_new_enough "$name"; then
            echo "$name"
            return
        fi
    done
}

# -- Python -------------------------------------------------------------------------------------------------------------
python=$(find_python)
if [ -z "$python" ] && may_install; then
    install_packages python3 python3-venv || true
    python=$(find_python)
    if [ -z "$python" ]; then # Ubuntu 22.04: python3 is 3.10, and 3.11 is a package of its own
        install_packages python3.11 python3.11-venv || true
        python=$(find_python)
    fi
fi
[ -n "$python" ] || fail "Python 3.11 or newer is needed, and there is none" "apt-get install python3.11 python3.11-venv (Ubuntu 22.04), python3 python3-venv (newer ones)"

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        may_install || fail "$python cannot make virtual environments" "apt-get install python$version-venv"
        install_packages "python$version-venv" || install_packages python3-venv
    fi
    say "making .venv with Python $version"
    rm -rf .venv
    "$python" -m venv .venv
fi

# -- the package and what it needs --------------------------------------------------------------------------------------
wanted=$(cat pyproject.toml .venv/pyvenv.cfg | sha256sum | cut -d' ' -f1)
stamp=.venv/.ready-for-$purpose
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || ! [ -x .venv/bin/ses ]; then
    say "installing SES and what it needs into .venv (some minutes the first time)"
    .venv/bin/python -m pip install --no-input --disable-pip-version-check --editable ".$extra" \
        > >(grep --line-buffered -E '^(Collecting|Installing collected|Successfully)' || true) ||
        fail "the packages could not be installed" "read the lines above; the network may be missing"
    echo "$wanted" >"$stamp"
fi
[ "$purpose" = test ] || exit 0

# -- what only the tests need -------------------------------------------------------------------------------------------
need=()
command -v chromium >/dev/null || command -v google-chrome >/dev/null || need+=(chromium fonts-dejavu-core)
command -v shellcheck >/dev/null || need+=(shellcheck)
command -v systemd-analyze >/dev/null || need+=(systemd)
if [ -f package.json ]; then
    command -v node >/dev/null || need+=(nodejs)
    command -v npm >/dev/null || need+=(npm)
fi
if [ ${#need[@]} -gt 0 ]; then
    may_install || fail "the tests need ${need[*]}" "as root: apt-get install --no-install-recommends ${need[*]}"
    install_packages "${need[@]}" || fail "could not install ${need[*]}" "install them by hand; on Ubuntu a browser comes as google-chrome"
fi
if [ -f package.json ]; then
    wanted=$(cat package.json package-lock.json 2>/dev/null | sha256sum | cut -d' ' -f1)
    if [ "$(cat node_modules/.ready 2>/dev/null)" != "$wanted" ]; then
        say "installing the tools for the widget's tests (npm)"
        npm ci --no-audit --no-fund --loglevel=error
        echo "$wanted" >node_modules/.ready
    fi
fi
