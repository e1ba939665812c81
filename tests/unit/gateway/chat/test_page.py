"""The page's files: what they may do in a browser, and that they are all there."""

import re
from pathlib import Path

import pytest

from ses.connectors.web.assets import Assets
from ses.gateway.chat.page import FOLDER, LANGUAGES, NO_MODEL

SOURCES = sorted(FOLDER.glob("*.js"))


async def test_the_policy_admits_nothing_but_files_of_this_server(browse):
    async with browse() as browser:
        status, headers, text = await browser.call("GET", "/chat")
    assert status == 200
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)|https?://", text)


async def test_every_file_that_the_page_names_is_there_and_may_be_kept_for_ever(browse):
    async with browse() as browser:
        _, _, text = await browser.call("GET", "/chat")
        named = set(re.findall(r'(?:src|href)="(chat/[^"]+)"', text))
        assert {Path(name).name for name in named} >= {
            *(path.name for path in SOURCES if path.stem not in LANGUAGES),
            "base.css",
            "icon.svg",
        }
        for name in named:
            status, headers, _ = await browser.call("GET", f"/{name}")
            assert status == 200, name
            assert "immutable" in headers["Cache-Control"]
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["v-0123abcd/main.js", "v-0123abcd/../index.html", "v-xyz/main.js", "main.js"]
)
async def test_there_are_no_other_files(browse, path):
    async with browse() as browser:
        assert (await browser.call("GET", f"/chat/{path}"))[0] == 404


async def test_neither_sources_nor_types_are_served(browse):
    async with browse() as browser:
        _, _, text = await browser.call("GET", "/chat")
        (version,) = set(re.findall(r"chat/(v-\w+)/", text))
        for name in ("types.d.ts", "index.html"):
            assert (await browser.call("GET", f"/chat/{version}/{name}"))[0] == 404


def test_modules_import_only_each_other():
    names = {path.name for path in SOURCES}
    for path in SOURCES:
        text = path.read_text()
        told = re.findall(r"^import .* from \"(.+)\";$|[^{]import\(\"(.+?)\"\)[^.]", text, re.MULTILINE)
        for one in filter(None, (name for pair in told for name in pair)):
            assert one.removeprefix("./") in names | {"types.d.ts"}, f"{path.name}: {one}"


def test_nothing_is_ever_parsed_as_html():
    for path in SOURCES:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser",
            path.read_text(),
        ), path.name


def test_the_page_stays_light():
    assets = Assets(FOLDER)
    languages = [asset for language in LANGUAGES if (asset := assets.get(f"{language}.js")) is not None]
    assert len(languages) == len(LANGUAGES)
    lightest = min(len(asset.packed) for asset in languages)
    assert assets.weight - lightest < 37_000  # bytes as they travel, one language


async def test_without_a_model_the_page_says_what_to_configure(browse):
    async with browse(llm=None) as browser:
        status, headers, text = await browser.call("GET", "/chat")
        assert status == 200
        assert NO_MODEL.en[0] in text
        assert "gateway.chat.url" in text
        _, _, text = await browser.call("GET", "/chat", headers={"Accept-Language": "ru-RU,ru;q=0.9"})
        assert NO_MODEL.ru[0] in text
        assert "default-src 'none'" in headers["Content-Security-Policy"]
