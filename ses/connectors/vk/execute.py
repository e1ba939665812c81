"""Several calls in one: VK's method `execute`, through vk-api's pool of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vk_api import VkApiGroup
from vk_api.requests_pool import VkRequestsPool

from ses.connectors.vk.client import TOO_OFTEN, WRONG_TOKEN, CallFailed, calling

AT_ONCE = 25
"""Calls that VK lets one `execute` make."""


def execute(api: VkApiGroup, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Any | CallFailed]:
    """Make the calls one after the other, in this thread; of each the `response`, or how it failed.

    Raises `CallFailed` when there is no telling them apart: no answer, or an error of the whole. It counts as passing, for
    each of them may do well without the others.
    """
    pool = VkRequestsPool(api)
    # As strings, which they become in any form: VKScript knows few kinds of numbers.
    results = [pool.method(method, _strings(values)) for method, values in calls]
    try:
        with calling("execute"):
            pool.execute()
    except CallFailed as failure:
        if failure.code in TOO_OFTEN | WRONG_TOKEN:
            raise
        raise CallFailed("execute", 0, failure.reason) from None
    except (
        StopIteration,
        TypeError,
        IndexError,
    ):  # fewer errors than failures, no list, more answers than calls
        raise CallFailed("execute", 0, "an answer that is none") from None
    return [_result(method, result) for (method, _), result in zip(calls, results, strict=True)]


def _strings(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _result(method: str, result: Any) -> Any | CallFailed:
    if not result.ready:
        return CallFailed(method, 0, "no word of it in the answer of execute")
    if not result.ok:
        return CallFailed(
            method, int(result.error.get("error_code", 0)), str(result.error.get("error_msg", ""))[:200]
        )
    return result.result
