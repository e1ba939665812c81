# shellcheck shell=bash
# Finding a Python that is new enough, and getting one where that is allowed. Sourced by tools/prepare.sh and install.sh.

say() { printf '== %s\n' "$*"; }

fail() { # message [remedy]
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    [ $# -lt 2 ] || printf '  remedy: %s\n' "$2" >&2
    exit 1
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

lists_are_new=''
install_packages() { # packages…
    if [ -z "$lists_are_new" ]; then
        say "asking for the lists of system packages"
        apt-get update -qq || say "the lists could not be renewed; going on with the old ones"
        lists_are_new=yes
    fi
    say "installing system packages: $*"
    # RUNLEVEL=1: what is installed as a tool of the tests is not started as a service
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() { # prints its name, or nothing
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null && is_new_enough "$name"; then
            echo "$name"
            return
        fi
    done
}

ensure_python() { # sets $python to one that can make virtual environments
    python=$(find_python)
    if [ -z "$python" ] && may_install; then
        install_packages python3 python3-venv || true
        python=$(find_python)
        if [ -z "$python" ]; then # Ubuntu 22.04: python3 is 3.10, and 3.11 is a package of its own
            install_packages python3.11 python3.11-venv || true
            python=$(find_python)
        fi
    fi
    [ -n "$python" ] || fail "Python 3.11 or newer is needed, and there is none" \
        "apt-get install python3.11 python3.11-venv (Ubuntu 22.04) or python3 python3-venv (newer systems)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        local version
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        may_install || fail "$python cannot make virtual environments" "apt-get install python$version-venv"
        install_packages "python$version-venv" || install_packages python3-venv ||
            fail "$python cannot make virtual environments" "apt-get install python$version-venv"
    fi
}

install_into() { # python-of-the-environment pip-arguments… : shows what is fetched, not every detail
    local environment=$1
    shift
    "$environment" -m pip install --no-input --disable-pip-version-check "$@" \
        > >(grep --line-buffered -E '^(Collecting|Installing collected|Successfully)' || true) ||
        fail "the Python packages could not be installed" "read the lines above; the network may be missing"
}
