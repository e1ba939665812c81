"""Emulated services: files, rules, faults, and no way out of the folder."""

import pytest

from ses.clock import VirtualClock
from ses.errors import StepError
from ses.services.address_rules import AddressRules
from ses.services.answers import HttpRequest
from ses.services.client import ServiceClient
from ses.services.settings import ServiceSettings
from ses.services.suite import ServiceSuite
from ses.services.testapi import Call, EmulationError, OwnTestApi, TestApi


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "testapi"
    folder.mkdir()
    return folder


def answered(folder, name, *rest, **call):
    return TestApi(folder).answer(Call(name, rest, **call))


def test_a_reply_is_given_byte_for_byte(folder):
    raw = b'\xef\xbb\xbf{"a":\r\n 1}\x00\xff'
    (folder / "crm.reply").write_bytes(raw)
    assert answered(folder, "crm").body == raw
    assert answered(folder, "crm", "any", "thing", method="DELETE").body == raw


def test_a_deeper_file_goes_before(folder):
    (folder / "crm").mkdir()
    (folder / "crm.reply").write_text("general")
    (folder / "crm" / "orders.reply").write_text("orders")
    assert answered(folder, "crm", "orders").body == b"orders"
    assert answered(folder, "crm", "clients").body == b"general"


@pytest.mark.parametrize(
    ("body", "kind"), [("[1]", "application/json"), ("привет", "text/plain; charset=utf-8")]
)
def test_the_content_type_is_told_from_the_reply(folder, body, kind):
    (folder / "x.reply").write_text(body)
    assert answered(folder, "x").content_type == kind


RULES = """
status: 201
rules:
  - when: {method: post, path: "*/orders", json: {pizza: "*мясн*"}}
    status: 503
    json: {error: no meat}
  - when: {text: "*VPN*"}
    reply: other
    delay: 500ms
  - when: {query: {page: "2"}}
    body: second
    type: text/plain
  - when: {body: "<xml*"}
    fault: reset
"""


def test_the_first_rule_that_fits_answers(folder):
    (folder / "x.reply").write_text("plain")
    (folder / "other.reply").write_text("other")
    (folder / "x.meta.yaml").write_text(RULES)
    assert answered(folder, "x").status == 201
    order = answered(folder, "x", "orders", method="POST", body='{"pizza": "Мясная"}'.encode())
    assert (order.status, order.body) == (503, b'{"error":"no meat"}')
    assert answered(folder, "x", "orders", method="GET", body='{"pizza": "Мясная"}'.encode()).body == b"plain"
    vpn = answered(folder, "x", body=b'{"text": "my vpn is down"}')
    assert (vpn.status, vpn.body, vpn.delay) == (201, b"other", 0.5)
    assert answered(folder, "x", query={"text": "vpn"}).body == b"other"
    assert answered(folder, "x", query={"page": "2"}).body == b"second"
    assert answered(folder, "x", body=b"<xml/>").fault == "reset"


def test_an_edit_acts_at_once(folder):
    emulations = TestApi(folder)
    for status in (201, 202):
        (folder / "x.meta.yaml").write_text(f"status: {status}" + " # edited" * (status - 201))
        emulated = emulations.answer(Call("x"))
        assert emulated is not None
        assert emulated.status == status


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ("statsu: 1", "unknown key `statsu`"),
        ("status: 99", "from 200 to 599"),
        ("status: ok", "from 200 to 599"),
        ("delay: 61", "at most 60 s"),
        ("delay: -1", "at most 60 s"),
        ("delay: soon", "at most 60 s"),
        ("fault: explode", "one of close, reset, slow"),
        ("rules: {}", None),
        ("rules: {a: 1}", "a list"),
        ("rules: [{when: {sky: blue}}]", "unknown key `sky`"),
        ("rules: [1]", "expected keys"),
        ("reply: ../../etc/passwd", "names a file"),
        ("reply: nothing", "no nothing.reply"),
        ("[1", "not YAML"),
        ("- 1", "expected keys"),
    ],
)
def test_a_mistake_in_the_meta_file_is_named(folder, meta, message):
    (folder / "x.reply").write_text("ok")
    (folder / "x.meta.yaml").write_text(meta)
    if message is None:
        assert answered(folder, "x").body == b"ok"
        return
    with pytest.raises(EmulationError, match=r"x\.meta\.yaml") as caught:
        answered(folder, "x")
    assert message in str(caught.value)
    assert str(folder) not in str(caught.value)


@pytest.mark.parametrize("name", ["..", ".", "", "a.b", "a/b", "%2e%2e", "a\\b", "ы", "a" * 65, "a\0"])
def test_names_are_plain(folder, name):
    (folder.parent / "secret.reply").write_text("secret")
    assert answered(folder, name) is None
    assert answered(folder, "x", name) is None


def test_links_do_not_lead_out(folder):
    (folder.parent / "secret").write_text("secret")
    (folder / "x.reply").symlink_to(folder.parent / "secret")
    (folder / "out").symlink_to(folder.parent)
    (folder.parent / "y.reply").write_text("secret")
    assert answered(folder, "x") is None
    assert answered(folder, "out", "y") is None


@pytest.fixture
async def suite(folder, clock):
    endless = VirtualClock(0)  # a delay on it is never over
    own = OwnTestApi(TestApi(folder), frozenset({("127.0.0.1", 6190), ("localhost", 6190)}), endless)
    settings = {"smc": ServiceSettings("http://127.0.0.1:6190/ses/testapi/smc", read=0.05, connect=0.05)}
    suite = ServiceSuite(settings, AddressRules(), clock=clock, own_site=own)
    yield suite
    await suite.close()


async def test_the_daemon_s_own_address_is_answered_without_a_socket(suite, folder):
    (folder / "smc.reply").write_text('{"error": 0, "classes": [{"class": "order", "confidence": 1}]}')
    (score,) = await suite.classify("shop", "x")
    assert score.name == "order"
    reply = await suite.http(HttpRequest(method="get", url="http://localhost:6190/testapi/smc/x?y=1"))
    assert reply.body["error"] == 0


async def test_only_emulations_are_reached_that_way(suite):
    with pytest.raises(StepError) as caught:
        await suite.http(HttpRequest(method="get", url="http://127.0.0.1:6190/ses/robots"))
    assert caught.value.kind == "denied"


@pytest.mark.parametrize(
    ("meta", "kind", "status"),
    [
        ("fault: reset", "connect", None),
        ("fault: close", "connect", None),
        ("delay: 1", "timeout", None),
        ("status: 503", "status", 503),
        ("body: gibberish", "malformed", None),
        ("nonsense: 1", "status", 500),
    ],
)
async def test_emulated_faults_are_real_errors(suite, folder, meta, kind, status):
    (folder / "smc.meta.yaml").write_text(meta)
    with pytest.raises(StepError) as caught:
        await suite.classify("shop", "x")
    assert (caught.value.kind, caught.value.status) == (kind, status)


async def test_an_answer_comes_after_its_delay(folder, clock):
    (folder / "smc.meta.yaml").write_text("{delay: 500ms, body: late}")
    own = OwnTestApi(TestApi(folder), frozenset({("127.0.0.1", 6190)}), clock)
    reply = await own.answer("GET", "http://127.0.0.1:6190/testapi/smc", "", b"")
    assert (reply.body, clock.pauses) == (b"late", [0.5])


async def test_no_emulation_is_a_404(suite):
    with pytest.raises(StepError) as caught:
        await suite.classify("shop", "x")
    assert caught.value.status == 404


async def test_rules_read_the_fields_of_a_form_but_not_its_file(tmp_path, clock):
    (tmp_path / "spr.meta.yaml").write_text(
        'rules:\n  - when: {json: {async: "1"}}\n    json: {taskID: 7}\n  - json: {text: at once}\n'
    )
    own = OwnTestApi(TestApi(tmp_path), frozenset({("127.0.0.1", 6190)}), clock)
    settings = ServiceSettings(url="http://127.0.0.1:6190/ses/testapi/spr")
    client = ServiceClient("spr", settings, clock=clock, own_site=own)
    assert await client.data("/stt/m", parts={"wav": b"RIFF\xff", "async": "1"}) == {"taskID": 7}
    assert await client.data("/stt/m", parts={"wav": b"RIFF\xff"}) == {"text": "at once"}
