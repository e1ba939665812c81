"""`/ses/testapi/{name}`: emulated services over HTTP, faults included."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ses.gateway.http.envelope import ApiError
from ses.gateway.http.operation import Call, Operation
from ses.services.testapi import Call as EmulatedCall
from ses.services.testapi import Emulated, EmulationError, TestApi

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cache-Control": "no-store",
}


class EmulationApi:
    """Serves the files of the `testapi` folder; `emulations` is none when it is switched off."""

    def __init__(self, emulations: TestApi | None) -> None:
        self._emulations = emulations

    def operations(self) -> list[Operation]:
        return [
            Operation(
                method="*",
                path=f"{prefix}/{{name}}{rest}",
                summary="An emulated service: the file NAME.reply, byte for byte",
                handler=self._answer,
                scope="read",
                local=True,
                content="*/*",
                failures=(404, 500),
                tag="emulated services",
                parameters={"name": "the emulation", **({"rest": "what follows it"} if rest else {})},
            )
            for prefix in ("/ses/testapi", "/testapi")
            for rest in ("", "/{rest:.+}")
        ]

    async def _answer(self, call: Call) -> web.StreamResponse:
        request = call.request
        if self._emulations is None:
            raise ApiError(404, "emulated services are switched off (`testapi` is null)")
        rest = request.match_info.get("rest", "")
        try:
            emulated = self._emulations.answer(
                EmulatedCall(
                    name=call.path_parameter("name"),
                    rest=tuple(rest.split("/")) if rest else (),
                    method=request.method,
                    query=dict(request.query),
                    body=await request.read(),
                )
            )
        except EmulationError as error:
            raise ApiError(500, f"testapi: {error}") from error
        if emulated is None:
            raise ApiError(404, "no such emulation: the folder testapi/ has no .reply of this name")
        return await _played(request, emulated)


async def _played(request: web.Request, emulated: Emulated) -> web.StreamResponse:
    """The answer, or the fault that is to happen in its place."""
    headers = {**HEADERS, "Content-Type": emulated.content_type}
    if emulated.fault == "reset":
        await asyncio.sleep(emulated.delay)
        return _cut(request)
    if not emulated.fault:
        await asyncio.sleep(emulated.delay)
        return web.Response(status=emulated.status, body=emulated.body, headers=headers)
    response = web.StreamResponse(status=emulated.status, headers=headers)
    response.content_length = len(emulated.body)
    await response.prepare(request)
    half = len(emulated.body) // 2
    await response.write(emulated.body[:half])
    await asyncio.sleep(emulated.delay)
    if emulated.fault == "close":
        return _cut(request, response)
    await response.write(emulated.body[half:])
    await response.write_eof()
    return response


def _cut(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Break the connection; aiohttp then finds nobody to send the returned response to."""
    if request.transport is not None:
        request.transport.abort()
    return response or web.Response(status=503)
