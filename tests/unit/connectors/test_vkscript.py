"""The VKScript of the emulated VK: what clients write is carried out, everything else is a mistake as VK tells it."""

from __future__ import annotations

import pytest

from doubles.vk import ApiError
from doubles.vk.vkscript import CALLS, Script


def run(code, call=lambda method, values: {"method": method, **values}):
    script = Script(code, call)
    return script.run(), script.errors


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("return 1;", 1),
        ('return [1, -2, "а\\"б", true, null, {"a": {b: \'в"г\'}}];', [1, -2, 'а"б', True, None, {"a": {"b": 'в"г'}}]),
        ("var a = [1, 2], i = 0, s = 0; while (i < a.length) { s = s + a[i]; i = i + 1; } return s;", 3),
        ("var a = []; a.push(5); return a.length;", 1),
        ('var o = {"a": 1}; o.b = 2; return o.a + o.b;', 3),
        ("var a = 1;", None),
        ('return API.a.b({"peer_ids": [1, 2], "n": -5, "t": true}).n;', "-5"),
        ('return API.a.b({"peer_ids": [1, 2]}).peer_ids;', "1,2"),
    ],
)  # fmt: skip
def test_what_clients_write_is_carried_out(code, value):
    assert run(code) == (value, [])


def test_a_call_that_fails_is_false_and_the_script_goes_on():
    def call(method, values):
        if values["peer_id"] == "2":
            raise ApiError(901)
        return int(values["peer_id"])

    calls = ",".join(f'API.messages.send({{"peer_id":{peer}}})' for peer in (1, 2, 3))
    value, errors = run(f"return [{calls}];", call)
    assert value == [1, False, 3]
    assert [(one["method"], one["error_code"]) for one in errors] == [("messages.send", 901)]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("return", 12),
        ("return 1", 12),
        ("return [1 2];", 12),
        ("return API.a.b({);", 12),
        ("return @;", 12),
        ("return nobody;", 13),
        ("return [1][5];", 13),
        ("var i = 0; while (0 < 1) { i = i + 1; }", 13),
        (f"return [{'API.a.b({}),' * (CALLS + 1)}];", 13),
    ],
)
def test_mistakes_are_told_as_vk_tells_them(code, error):
    with pytest.raises(ApiError) as refused:
        run(code)
    assert refused.value.code == error
