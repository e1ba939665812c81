#!/usr/bin/env bash
# Makes this checkout ready to run, to run with a language model, or to be tested: `tools/prepare.sh run|model|test`.
# Installs system packages when it may (root and apt), makes .venv, and installs the package into it. What is there already
# is left alone: the second call takes a fraction of a second.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=tools/python.sh
. tools/python.sh
# shellcheck source=tools/model.sh
. tools/model.sh

purpose=${1:-run}
extra=''
case $purpose in
    run | model) ;;
    test) extra='[dev]' ;;
    *)
        echo "usage: tools/prepare.sh run|model|test" >&2
        exit 2
        ;;
esac

if ! is_new_enough .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    ensure_python
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi

wanted=$(cat pyproject.toml .venv/pyvenv.cfg | sha256sum | cut -d' ' -f1)
stamp=.venv/.ready-for-${purpose/model/run}
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || ! [ -x .venv/bin/ses ]; then
    say "installing SES and what it needs into .venv (a minute or more the first time)"
    install_into .venv/bin/python --editable ".$extra"
    echo "$wanted" >"$stamp"
fi
.venv/bin/python -m compileall -q ses # else the first start does it, which takes some 0.3 s longer
[ "$purpose" != model ] || prepare_model
[ "$purpose" = test ] || exit 0

# What only the tests need.
need=()
command -v git >/dev/null || need+=(git)
command -v chromium >/dev/null || command -v google-chrome >/dev/null ||
    need+=(chromium fonts-noto-core fonts-noto-color-emoji)
command -v shellcheck >/dev/null || need+=(shellcheck)
command -v systemd-analyze >/dev/null || need+=(systemd)
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || need+=(nginx-light)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || need+=(postgresql)
command -v npm >/dev/null || need+=(nodejs npm)
if [ ${#need[@]} -gt 0 ]; then
    may_install || fail "the tests need ${need[*]}" "as root: apt-get install --no-install-recommends ${need[*]}"
    install_packages "${need[@]}" || fail "could not install ${need[*]}" "install them by hand; on Ubuntu use google-chrome as the browser"
fi

# The widget itself needs no build; its tests need a type checker and an accessibility checker. Peers are other people's clients.
for folder in tests/widget tests/peers/node; do
    wanted=$(sha256sum <$folder/package-lock.json | cut -d' ' -f1)
    [ "$(cat $folder/node_modules/.ready 2>/dev/null)" != "$wanted" ] || continue
    say "installing what the tests in $folder need (npm)"
    npm ci --prefix $folder --no-audit --no-fund --loglevel=error
    if [ "$(node --version | sed -E 's/^v([0-9]+).*/\1/')" -lt 20 ]; then # Debian 12 and Ubuntu ship an older one
        npm install --prefix $folder --no-save --no-audit --no-fund --loglevel=error node@20
    fi
    echo "$wanted" >$folder/node_modules/.ready
done
