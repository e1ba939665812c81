"""The page and its files, read when the first person asks for them."""

from __future__ import annotations

import asyncio
from functools import cached_property
from html import escape
from pathlib import Path
from string import Template
from typing import Literal, NamedTuple

from aiohttp import web

from ses.connectors.web.assets import FOREVER, Assets, answer
from ses.gateway.http.access import check_browser
from ses.gateway.http.envelope import HARDENED, ApiError

FOLDER = Path(__file__).parents[2] / "chat"
LANGUAGES = frozenset({"en", "ru"})
"""Modules of which a browser needs one."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = {
    **HARDENED,
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
}
TROUBLE = """\
<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><title>SES</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="chat/v-{version}/base.css"><link rel="icon" href="chat/v-{version}/icon.svg"></head>
<body class="trouble"><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""


class Trouble(NamedTuple):
    """Why the page cannot be used, for people: title and text in both languages."""

    status: int
    en: tuple[str, str]
    ru: tuple[str, str]


NO_MODEL = Trouble(
    200,
    (
        "No language model is configured",
        (
            "Add llm to config.json (docs/model.md), or gateway.chat.url with the address of a model's API (docs/chat.md), "
            "and start the daemon again."
        ),
    ),
    (
        "Языковая модель не настроена",
        (
            "Добавьте в config.json llm (docs/ru/model.md) или gateway.chat.url с адресом API модели (docs/ru/chat.md) "
            "и перезапустите службу."
        ),
    ),
)
THIS_MACHINE_ONLY = Trouble(
    403,
    (
        "The model answers only on this machine",
        (
            "It has neither a token nor users. To open it to others, configure gateway.token, gateway.users or "
            "gateway.chat.code (docs/chat.md)."
        ),
    ),
    (
        "Модель отвечает только на своей машине",
        (
            "У неё нет ни токена, ни пользователей. Чтобы открыть её другим, настройте gateway.token, gateway.users или "
            "gateway.chat.code (docs/ru/chat.md)."
        ),
    ),
)


class Pages:
    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @cached_property
    def assets(self) -> Assets:
        return Assets(self._folder)

    @cached_property
    def _index(self) -> str:
        text = (self._folder / "index.html").read_text(encoding="utf-8")
        modules = "\n".join(
            f'<link rel="modulepreload" href="chat/v-{self.assets.version}/{path.name}">'
            for path in sorted(self._folder.glob("*.js"))
            if path.stem not in LANGUAGES
        )
        return Template(text).substitute(version=self.assets.version, modules=modules)

    async def page(self, request: web.Request, trouble: Trouble | None = None) -> web.StreamResponse:
        """The page, or why there is none. Raises `ApiError` for a page of another site."""
        check_browser(request, page=True)
        russian = request.headers.get("Accept-Language", "").casefold().startswith("ru")
        text = await asyncio.to_thread(self._told, trouble, "ru" if russian else "en")
        return web.Response(
            status=trouble.status if trouble is not None else 200,
            text=text,
            content_type="text/html",
            headers=PAGE,
        )

    async def file(self, request: web.Request, version: str, name: str) -> web.StreamResponse:
        """One of the page's files. Raises `ApiError`: 404 for what is none, or none of this version."""
        assets = await asyncio.to_thread(lambda: self.assets)
        asset = assets.get(name)
        if asset is None or version != assets.version:
            raise ApiError(404, "the page has no such file: load it again")
        response = answer(request, asset, FOREVER, cors=False)
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response

    def _told(self, trouble: Trouble | None, language: Literal["en", "ru"]) -> str:
        if trouble is None:
            return self._index
        title, text = trouble.ru if language == "ru" else trouble.en
        return TROUBLE.format(
            version=self.assets.version, language=language, title=escape(title), text=escape(text)
        )
