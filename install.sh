#!/usr/bin/env bash
# Installs, updates and removes SES. Without arguments it shows its keys.
set -euo pipefail
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # the service's account must be able to reach what is found
source_folder=$(cd "$(dirname "$0")" && pwd)

prefix=/opt/ses
account=ses
unit_folder=/etc/systemd/system
bin_folder=/usr/local/bin
action=''
sure=''

usage() {
    cat <<KEYS
SES $(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$source_folder/ses/__init__.py" 2>/dev/null): robots that talk by scenarios

  ./install.sh -i           install, or update what is installed: config.json, data, logs, storage,
                            scenarios and testapi are kept
  ./install.sh -u           uninstall: the service and $prefix with everything in it (asks first)

  -y                        do not ask
  --prefix FOLDER           where to install (default /opt/ses)
  --user NAME               the account the service runs as (default ses; made when missing)
  --unit-dir FOLDER         where systemd looks for services (default /etc/systemd/system)
  --bin-dir FOLDER          where the command \`ses\` is linked (default /usr/local/bin)
KEYS
}

if [ -f "$source_folder/tools/python.sh" ]; then
    # shellcheck source=tools/python.sh
    . "$source_folder/tools/python.sh"
else # the copy inside an installation, which can only uninstall
    say() { printf '== %s\n' "$*"; }
    fail() {
        printf 'install.sh: %s\n' "$1" >&2
        [ $# -lt 2 ] || printf '  remedy: %s\n' "$2" >&2
        exit 1
    }
fi

wrong() {
    printf 'install.sh: %s\n' "$1" >&2
    echo "  remedy: ./install.sh without arguments shows the keys" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
        -i | -u)
            [ -z "$action" ] || [ "$action" = "$1" ] || wrong "-i and -u exclude each other"
            action=$1
            ;;
        -y) sure=yes ;;
        -h | --help) action=help ;;
        --prefix | --user | --unit-dir | --bin-dir)
            if [ $# -lt 2 ] || [ -z "$2" ]; then wrong "$1 needs a value"; fi
            case $1 in
                --prefix) prefix=${2%/} ;;
                --user) account=$2 ;;
                --unit-dir) unit_folder=${2%/} ;;
                --bin-dir) bin_folder=${2%/} ;;
            esac
            shift
            ;;
        *) wrong "unknown key $1" ;;
    esac
    shift
done

if [ -z "$action" ] || [ "$action" = help ]; then
    usage
    exit 0
fi
case $prefix in
    /*/*) ;;
    *) wrong "the folder must be an absolute path at least two levels deep, like /opt/ses" ;;
esac
[[ $prefix =~ ^[A-Za-z0-9_./-]+$ && $prefix != *..* ]] || wrong "the folder's path may have letters, digits and . _ - only"
[[ $account =~ ^[a-z_][a-z0-9_-]{0,31}$ ]] || wrong "$account is no name of an account"
[ "$(id -u)" = 0 ] || fail "only root can do this" "sudo $0 $action"

marker=$prefix/.installed # says that the folder is ours, and whether the account is
service=$(basename "$prefix").service
unit=$unit_folder/$service
link=$bin_folder/ses
systemd_runs() { [ -d /run/systemd/system ] && [ "$unit_folder" = /etc/systemd/system ]; }

exec 9>"/run/lock/ses-install.lock" || fail "cannot make a lock in /run/lock"
flock -n 9 || fail "another install.sh is at work" "wait for it to end"

# -- install and update ---------------------------------------------------------------------------------------------------

check_source() {
    [ -f "$source_folder/pyproject.toml" ] || fail "there is nothing to install beside this script" "run the install.sh of a checkout or release of SES"
    [ ! -e "$prefix" ] || [ -f "$marker" ] || [ -z "$(ls -A "$prefix")" ] ||
        fail "$prefix exists and was not made by this script" "move it away, or choose another folder with --prefix"
}

make_account() {
    created=$(sed -n 's/^account_made=//p' "$marker" 2>/dev/null || true)
    if ! id "$account" >/dev/null 2>&1; then
        say "making the account $account"
        useradd --system --user-group --home-dir "$prefix" --no-create-home --shell /usr/sbin/nologin "$account"
        created=yes
    fi
}

make_folders() {
    first_time=''
    [ -f "$marker" ] || first_time=yes
    install -d -m 0755 "$prefix" "$prefix/environments"
    printf 'account=%s\naccount_made=%s\n' "$account" "${created:-no}" >"$marker"
    local folder
    for folder in data logs storage; do
        install -d -m 0750 -o "$account" -g "$account" "$prefix/$folder"
    done
    for folder in scenarios testapi; do # the shipped examples come once; afterwards the folders are the administrator's
        if [ ! -e "$prefix/$folder" ]; then
            say "copying $folder"
            install -d -m 0755 -o "$account" -g "$account" "$prefix/$folder"
            cp -R "$source_folder/$folder/." "$prefix/$folder/"
            chown -R "$account:$account" "$prefix/$folder"
            chmod -R u=rwX,go=rX "$prefix/$folder"
        fi
    done
}

make_environment() {
    ensure_python
    environment=$prefix/environments/$(date -u +%Y%m%d-%H%M%S)-$$
    trap 'rm -rf "$environment"' EXIT # a half-made one is of no use, and the old one still stands
    say "making the virtual environment with $("$python" --version)"
    "$python" -m venv "$environment"
    say "installing SES and what it needs (a minute or more)"
    install_into "$environment/bin/python" "$source_folder"
    if [ -f "$prefix/packages.txt" ]; then # others' connectors come along into every new environment
        say "installing the packages of $prefix/packages.txt"
        install_into "$environment/bin/python" -r "$prefix/packages.txt"
    fi
}

make_config() {
    [ -e "$prefix/config.json" ] && return
    say "writing $prefix/config.json with a new administrator's key"
    (
        umask 0077
        "$environment/bin/python" - "$source_folder/tools/demo.config.json" >"$prefix/config.json.new" <<'PYTHON'
import json, secrets, sys
config = json.load(open(sys.argv[1], encoding="utf-8"))
config = {"auth": {"keys": {"admin": {"key": secrets.token_hex(32), "scopes": ["admin"]}}}, **config}
print(json.dumps(config, indent=2, ensure_ascii=False))
PYTHON
    )
    chown "$account:$account" "$prefix/config.json.new"
    mv "$prefix/config.json.new" "$prefix/config.json"
}

check_config() { # with the new release, before it takes over
    "$environment/bin/ses" config --config "$prefix/config.json" ||
        fail "the configuration does not fit this release; nothing was changed" "correct the lines above in $prefix/config.json and run this again"
}

switch_over() {
    say "switching over"
    ln -sfn "$environment" "$prefix/.venv.new"
    mv -T "$prefix/.venv.new" "$prefix/venv"
    trap - EXIT
    install -m 0644 "$source_folder/config.json.example" "$prefix/config.json.example"
    install -m 0755 "$source_folder/install.sh" "$prefix/install.sh"
    rm -rf "$prefix/docs"
    cp -R "$source_folder/docs" "$prefix/docs"
    sed -e "s#/opt/ses#$prefix#g" -e "s#^User=.*#User=$account#" -e "s#^Group=.*#Group=$account#" \
        "$source_folder/systemd/ses.service" >"$unit.new"
    chmod 0644 "$unit.new"
    mv "$unit.new" "$unit"
    if [ ! -e "$link" ] || [ -L "$link" ]; then
        ln -sfn "$prefix/venv/bin/ses" "$link"
    else
        say "$link is something else and stays; the command is $prefix/venv/bin/ses"
    fi
}

start_service() {
    if systemd_runs; then
        systemctl daemon-reload
        systemctl enable --quiet "$service"
        say "starting the service"
        systemctl restart "$service" ||
            fail "the service does not start" "journalctl -u $service -n 50; the earlier release is still in $prefix/environments"
    else
        say "systemd does not run here; start it by hand: runuser -u $account -- $prefix/venv/bin/ses run --config $prefix/config.json"
    fi
}

remove_old_environments() { # after the new one runs
    find "$prefix/environments" -mindepth 1 -maxdepth 1 ! -path "$environment" -exec rm -rf {} +
}

install_or_update() {
    check_source
    install -d "$unit_folder" "$bin_folder"
    make_account
    make_folders
    make_environment
    make_config
    check_config
    switch_over
    start_service
    remove_old_environments
    if [ -n "$first_time" ]; then
        say "installed in $prefix; the administrator's key stands in $prefix/config.json under auth.keys.admin"
        say "API http://127.0.0.1:6190 (Swagger UI at /docs), widget and demo page http://127.0.0.1:6191"
    else
        say "updated in $prefix"
    fi
}

# -- uninstall --------------------------------------------------------------------------------------------------------------

uninstall() {
    [ -f "$marker" ] || fail "there is no SES in $prefix" "give the folder with --prefix"
    if [ -z "$sure" ]; then
        [ -t 0 ] || fail "nobody is there to be asked" "add -y if you are sure"
        read -r -p "Remove the service and $prefix with its configuration, robots and all conversations? [y/N] " answer
        [[ $answer =~ ^[yYдД] ]] || {
            echo "Nothing was changed."
            exit 1
        }
    fi
    account=$(sed -n 's/^account=//p' "$marker")
    created=$(sed -n 's/^account_made=//p' "$marker")
    if systemd_runs && [ -f "$unit" ]; then
        say "stopping the service"
        systemctl disable --now --quiet "$service" || true
    fi
    rm -f "$unit"
    if systemd_runs; then systemctl daemon-reload; fi
    [ "$(readlink "$link" 2>/dev/null)" != "$prefix/venv/bin/ses" ] || rm -f "$link"
    say "removing $prefix"
    rm -rf "$prefix"
    if [ "$created" = yes ] && id "$account" >/dev/null 2>&1; then
        say "removing the account $account"
        userdel "$account" 2>/dev/null || say "the account $account is in use and stays"
    fi
    say "uninstalled"
}

case $action in
    -i) install_or_update ;;
    -u) uninstall ;;
esac
