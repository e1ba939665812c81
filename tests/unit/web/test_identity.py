"""Tokens by which a site's server says who its visitor is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from ses.clock import SystemClock
from ses.connectors.web.config import Site, WebLimits
from ses.connectors.web.connector import WebConnector
from ses.connectors.web.identity import Identity, Unidentified
from ses.connectors.web.parse import Hello, Malformed, parse

SECRET = "s" * 32


def claims(**changed):
    now = time.time()
    made = {"sub": "42", "iat": now, "exp": now + 3600, **changed}
    return {name: value for name, value in made.items() if value is not None}


def signed(secret: str = SECRET, algorithm: str = "HS256", **changed) -> str:
    return jwt.encode(claims(**changed), secret, algorithm=algorithm)


def person(token: str):
    return Identity("web.site", SECRET, SystemClock()).person(token)


def test_the_subject_becomes_a_person_of_this_connector_with_what_the_site_says_of_him():
    assert person(signed()) == ("web.site:42", {})
    assert person(signed(variables={"tier": "gold"})).variables == {"tier": "gold"}
    assert person(signed(aud="web.site")).user == "web.site:42"
    assert person(signed(aud=["shop", "web.site"])).user == "web.site:42"
    assert person(signed(sub="анна@пример")).user == "web.site:анна@пример"


def unsigned() -> str:
    return jwt.encode(claims(), None, algorithm="none")


@pytest.mark.parametrize(
    "token, why",
    [
        (signed(exp=time.time() - 3600), "has expired"),
        (signed("o" * 32), "is not signed with the secret of `connectors.web.site.identity`"),
        (signed()[:-4] + "AAAA", "is not signed"),
        (unsigned(), "must be signed with HS256"),
        (signed("s" * 64, "HS512"), "must be signed with HS256"),
        (signed(exp=None), "has no `exp`"),
        (signed(iat=None), "has no `iat`"),
        (signed(sub=None), "has no `sub`"),
        (signed(sub=42), "in `sub` as a text"),
        (signed(sub=""), "1 to 128 characters"),
        (signed(sub="x" * 129), "1 to 128 characters"),
        (signed(sub="a\nb"), "1 to 128 characters"),
        (signed(exp=time.time() + 8 * 86400), "24 hours from now at most"),
        (signed(exp=float("inf")), "no JWT that can be read"),
        (signed(iat=time.time() + 3000), "compare the clocks"),
        (signed(nbf=time.time() + 3000), "compare the clocks"),
        (signed(aud="web.other"), "`aud` is not `web.site`"),
        (signed(variables=["gold"]), "`variables` must be an object"),
        ("rubbish", "no JWT that can be read"),
        ("a.b.c", "no JWT that can be read"),
        ("é.ü.\ud800", "no JWT that can be read"),
    ],
)
def test_any_other_token_is_refused_with_the_reason_and_nothing_of_the_token(token, why):
    with pytest.raises(Unidentified) as refused:
        person(token)
    assert why in str(refused.value)
    assert SECRET not in str(refused.value)
    assert not any(len(part) > 5 and part in str(refused.value) for part in token.split("."))


@pytest.mark.parametrize(("language", "command"), [("python", [sys.executable, "-"]), ("js", ["node", "-"])])
def test_the_signing_examples_of_the_page_on_the_widget_are_taken(language, command):
    if not shutil.which(command[0]):
        pytest.skip("node is not installed")
    page = (Path(__file__).parents[3] / "docs/widget.md").read_text(encoding="utf-8")
    (example,) = re.findall(rf"```{language}\n(import.*?)```", page, re.DOTALL)
    around = {
        "python": ("from types import SimpleNamespace as A\nvisitor = A(id=42)\n", "\nprint(token)"),
        "js": ("const visitor = { id: 42 };\n", "\nconsole.log(token);"),
    }[language]
    if language == "js":
        command = [command[0], "--input-type=module", "-"]
    done = subprocess.run(
        command,
        input=example.join(around),
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "SITE_SECRET": SECRET},
    )
    assert person(done.stdout.strip()).user == "web.site:42"


def test_only_sites_with_a_secret_load_the_library():
    program = "import sys, ses.connectors.web.connector; sys.exit('jwt' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_secret_is_not_shown_by_what_holds_it():
    site = Site("site", "echo", "T0ken", frozenset(), identity=SecretStr(SECRET))
    assert SECRET not in repr(site)
    assert WebConnector(site, WebLimits()).site.identity is site.identity


def test_hello_brings_the_token_and_a_huge_one_is_malformed():
    assert parse('{"type":"hello","identity":"a.b.c"}') == Hello(identity="a.b.c")
    with pytest.raises(Malformed, match=r"\$\.identity"):
        parse('{"type":"hello","identity":"%s"}' % ("x" * 8193))
