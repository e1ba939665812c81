"""What every store must do, stated once; the tests of each store inherit it and give the fixture `store`, open."""

from __future__ import annotations

import asyncio
from typing import Any

from ses.errors import SesError
from ses.storage.contract import Store
from ses.storage.rows import (
    PENDING,
    SENT,
    Accepted,
    Addition,
    Arrival,
    CallRow,
    ExpiredRow,
    LinkRow,
    LogQuery,
    OutboxRow,
    TurnRecord,
    VersionRow,
)


def arrival(external_id: str = "m1", **given: Any) -> Arrival:
    """An inbound of `web.site`, session `s1`, received at 100.0."""
    known: dict[str, Any] = {
        "connector": "web.site", "session": "s1", "robot": "pizzeria", "body": b"hello", "at": 100.0,
        "expires": 1000.0,
    }  # fmt: skip
    return Arrival(external_id=external_id, **(known | given))


def record(session: int, turn: int, **given: Any) -> TurnRecord:
    """A leg of a turn at 101.0 that says nothing."""
    known: dict[str, Any] = {
        "state": b"state", "seq": 0, "at": 101.0, "expires": 1000.0, "robot": "pizzeria",
    }  # fmt: skip
    return TurnRecord(session=session, turn=turn, **(known | given))


async def accepted(store: Store, one: Arrival) -> Accepted:
    """What became of an arrival."""
    future: asyncio.Future[Accepted | SesError] = asyncio.get_running_loop().create_future()
    store.accept(one, future.set_result)
    result = await future
    if isinstance(result, SesError):
        raise result
    return result


async def begun(store: Store, session: str = "s1", **given: Any) -> tuple[int, int]:
    """A session and its first inbound: their rows."""
    result = await accepted(store, arrival(session=session, **given))
    assert result.session is not None
    return result.session.id, result.row


class StoreContract:
    """Inherited by the tests of each store."""

    # --- people --------------------------------------------------------------------------------------------------

    async def test_two_names_of_one_person_share_what_is_kept_for_him(self, store: Store) -> None:
        session, _ = await begun(store, user="telegram:1")
        kept = {"bonus": 500, "city": "Бердск"}
        await store.commit(record(session, 1, user="telegram:1", user_values=kept))
        other, _ = await begun(store, "s2", user="")
        await store.commit(
            record(other, 1, user="web.site/s2", user_values={"bonus": 5, "phone": "+79130000000"})
        )
        await store.join("telegram:1", "web.site/s2", 200.0)
        expected = {"bonus": 500, "city": "Бердск", "phone": "+79130000000"}
        for name in ("telegram:1", "web.site/s2"):
            assert await store.user_values("pizzeria", name) == expected
        assert await store.names("web.site/s2") == ["telegram:1", "web.site/s2"]

    async def test_what_is_written_under_one_name_is_read_under_the_other(self, store: Store) -> None:
        session, _ = await begun(store, user="vk:5")
        await store.join("telegram:1", "vk:5", 200.0)
        await store.commit(
            record(session, 1, user="vk:5", user_values={"visits": Addition(1), "city": "Омск"})
        )
        await store.commit(record(session, 2, user="telegram:1", user_values={"visits": Addition(2)}))
        assert await store.user_values("pizzeria", "vk:5") == {"visits": 3, "city": "Омск"}

    async def test_persons_of_several_names_become_one(self, store: Store) -> None:
        await store.join("telegram:1", "web.site/a", 1.0)
        await store.join("vk:5", "web.site/b", 2.0)
        await store.join("telegram:1", "vk:5", 3.0)
        await store.join("web.site/b", "telegram:1", 4.0)  # they are one already
        assert set(await store.names("web.site/b")) == {"telegram:1", "web.site/a", "vk:5", "web.site/b"}

    async def test_a_persons_conversations_are_found_by_any_name_the_last_used_first(
        self, store: Store
    ) -> None:
        await begun(store, "1", connector="telegram.shop", user="telegram:1", at=100.0)
        await begun(store, "5", connector="vk.shop", user="vk:5", at=150.0)
        await begun(store, "2", connector="telegram.shop", user="telegram:2", at=160.0)
        page, _ = await begun(store, "s2", at=140.0)
        await store.join("telegram:1", "vk:5", 200.0)
        await store.join("telegram:1", "web.site/s2", 200.0)
        found = await store.conversations_of("pizzeria", "vk:5")
        assert [one.connector for one in found] == ["vk.shop", "web.site", "telegram.shop"]
        await store.commit(record(page, 1, at=170.0))
        assert (await store.conversations_of("pizzeria", "telegram:1"))[0].connector == "web.site"
        assert await store.conversations_of("another", "telegram:1") == []

    async def test_a_session_that_is_nobodys_becomes_a_persons_with_what_was_kept_for_it(
        self, store: Store
    ) -> None:
        known, _ = await begun(store, "known", user="web.site:ann")
        await store.commit(record(known, 1, user="web.site:ann", user_values={"bonus": 500}))
        page, _ = await begun(store, "s2")
        await store.commit(record(page, 1, user="web.site/s2", user_values={"bonus": 5, "city": "Омск"}))
        for _ in range(2):
            assert await store.identify("web.site", "s2", "web.site:ann", 200.0)
        row = await store.session("web.site", "s2")
        assert row is not None
        assert row.user == "web.site:ann"
        assert await store.user_values("pizzeria", "web.site/s2") == {"bonus": 500, "city": "Омск"}
        assert {one.session for one in await store.conversations_of("pizzeria", "web.site:ann")} == {
            "known",
            "s2",
        }

    async def test_a_session_that_is_somebodys_stays_his(self, store: Store) -> None:
        await begun(store, "known", user="web.site:ann")
        moved, _ = await begun(store, "moved")
        await store.commit(record(moved, 1, user="web.site/moved", user_values={"city": "Омск"}))
        await store.join("telegram:1", "web.site/moved", 200.0)
        for session in ("known", "moved", "never"):
            assert not await store.identify("web.site", session, "web.site:bob", 300.0)
        assert await store.user_values("pizzeria", "web.site:bob") == {}
        row = await store.session("web.site", "known")
        assert row is not None
        assert row.user == "web.site:ann"
        await store.join("telegram:1", "web.site:carl", 400.0)
        assert await store.identify("web.site", "moved", "web.site:carl", 400.0), (
            "both are names of telegram:1"
        )

    async def test_a_phone_leads_to_who_owns_it_else_to_whose_values_hold_it(self, store: Store) -> None:
        session = 0
        for number in (1, 2):
            session, _ = await begun(store, str(number), user=f"telegram:{number}")
            values = {"phone": "+79130000000", "note": "+" + "7" * 5000}
            await store.commit(record(session, 1, user=f"telegram:{number}", user_values=values))
        assert await store.people_of_phone("pizzeria", "+79130000000") == ["telegram:1", "telegram:2"]
        assert await store.people_of_phone("another", "+79130000000") == []
        for turn, owner in enumerate(("telegram:2", "telegram:1"), 2):
            await store.commit(record(session, turn, proved=("phone:+79130000000", owner)))
            assert await store.people_of_phone("pizzeria", "+79130000000") == [owner]
        assert (await store.user_values("pizzeria", "telegram:2"))["phone"] == "+79130000000"

    async def test_a_leg_joins_names_and_brings_inbounds_to_others_or_nothing_of_it_happens(
        self, store: Store
    ) -> None:
        session, _ = await begun(store)
        await store.keep_link(b"hash", session, "telegram.shop", 900.0)
        coming = arrival("~moved", connector="telegram.shop", session="1", user="telegram:1")
        leg: dict[str, Any] = {
            "arrivals": (coming,), "join": ("telegram:1", "web.site/s1"), "spent": b"hash",
            "outbox": (OutboxRow(1, b"said", None, SENT),), "seq": 1,
        }  # fmt: skip
        (came,) = await store.commit(record(session, 1, **leg))
        assert came.row
        assert came.session is not None
        assert (came.session.connector, came.session.session) == ("telegram.shop", "1")
        assert await store.link(b"hash") is None
        assert await store.names("web.site/s1") == ["telegram:1", "web.site/s1"]
        again = {**leg, "arrivals": (arrival("~again", connector="telegram.shop", session="1"),)}
        refused = await asyncio.gather(store.commit(record(session, 2, **again)), return_exceptions=True)
        assert isinstance(refused[0], SesError)  # its message's number is taken
        waiting = [one for one in await store.pending(0, 10) if one.connector == "telegram.shop"]
        assert [one.row for one in waiting] == [came.row]
        (copy,) = await store.commit(record(session, 3, arrivals=(coming,)))
        assert copy.row == 0

    # --- calls and links -----------------------------------------------------------------------------------------

    async def test_a_call_is_noted_once_and_keeps_its_answer(self, store: Store) -> None:
        assert await store.call("send crm 1") is None
        first, second = CallRow(b"digest", b"plan", None), CallRow(b"other", b"other plan", None)
        assert await store.keep_call("send crm 1", first, 100.0) == first
        assert await store.keep_call("send crm 1", second, 101.0) == first
        await store.answer_call("send crm 1", b"answer")
        assert await store.call("send crm 1") == CallRow(b"digest", b"plan", b"answer")
        await store.drop_outside(100.5, 0.0)
        assert await store.call("send crm 1") is None

    async def test_a_link_leads_from_its_session_and_the_newest_to_a_connector_replaces_the_last(
        self, store: Store
    ) -> None:
        session, _ = await begun(store)
        await store.keep_link(b"one", session, "telegram.shop", 700.0)
        await store.keep_link(b"vk", session, "vk.shop", 650.0)
        await store.keep_link(b"two", session, "telegram.shop", 700.0)
        assert await store.link(b"one") is None
        assert await store.link(b"two") == LinkRow("web.site", "s1", "pizzeria", "telegram.shop", 700.0)
        await store.drop_outside(0.0, 660.0)
        assert await store.link(b"vk") is None
        assert await store.link(b"two") is not None

    async def test_with_a_session_its_links_and_its_own_name_go(self, store: Store) -> None:
        session, row = await begun(store)
        await store.commit(record(session, 1, done=((row, None),), expires=150.0))
        await store.keep_link(b"one", session, "telegram.shop", 700.0)
        await store.join("telegram:1", "web.site/s1", 110.0)
        assert await store.remove([session], 200.0) == 1
        assert await store.link(b"one") is None
        assert await store.names("telegram:1") == ["telegram:1"]

    # --- facts of connectors -------------------------------------------------------------------------------------

    async def test_a_connectors_fact_is_kept_under_its_name(self, store: Store) -> None:
        assert await store.fact("vk.shop", "ts") is None
        await store.keep_fact("vk.shop", "ts", "41")
        await store.keep_fact("vk.shop", "ts", "42")
        await store.keep_fact("vk.other", "ts", "7")
        assert await store.fact("vk.shop", "ts") == "42"
        assert await store.fact("vk.other", "ts") == "7"

    # --- accepting -----------------------------------------------------------------------------------------------

    async def test_the_first_inbound_begins_the_session(self, store: Store) -> None:
        result = await accepted(store, arrival(key_hash=b"hash"))
        assert result.session is not None
        assert (result.session.turn, result.session.seq, result.session.state) == (0, 0, None)
        row = await store.session("web.site", "s1")
        assert row is not None
        assert (row.id, row.robot, row.key_hash) == (result.session.id, "pizzeria", b"hash")

    async def test_a_second_copy_is_known_and_the_first_one_stays(self, store: Store) -> None:
        first = await accepted(store, arrival())
        second = await accepted(store, arrival(body=b"changed"))
        assert first.row
        assert second.row == 0
        assert [one.body for one in await store.pending(0, 10)] == [b"hello"]

    async def test_the_same_id_in_another_conversation_is_another_inbound(self, store: Store) -> None:
        rows = [
            (await accepted(store, one)).row
            for one in (arrival(), arrival(session="s2"), arrival(connector="web.other"))
        ]
        assert all(rows)

    async def test_what_is_reported_comes_in_the_order_of_the_calls(self, store: Store) -> None:
        reported: list[str] = []
        all_there = asyncio.Event()

        def report(name: str, result: Accepted | SesError) -> None:
            assert isinstance(result, Accepted)
            reported.append(name)
            if len(reported) == 50:
                all_there.set()

        names = [f"m{number}" for number in range(50)]
        for name in names:
            store.accept(arrival(name), lambda result, name=name: report(name, result))  # type: ignore[misc]
        await all_there.wait()
        assert reported == names
        assert [one.body for one in await store.pending(0, 100)] == [b"hello"] * 50

    async def test_one_command_that_fails_fails_alone(self, store: Store) -> None:
        session, _ = await begun(store)
        good = record(session, 1, seq=1, outbox=(OutboxRow(1, b"said", None, SENT),))
        bad = record(session, 2, seq=1, outbox=(OutboxRow(1, b"said again", None, SENT),))
        other, _ = await begun(store, "s2")
        results = await asyncio.gather(
            store.commit(good), store.commit(bad), store.commit(record(other, 1)), return_exceptions=True
        )
        assert [isinstance(result, SesError) for result in results] == [False, True, False]
        row = await store.session("web.site", "s1")
        assert row is not None
        assert row.turn == 1

    # --- turns -----------------------------------------------------------------------------------------------

    async def test_a_turn_is_all_there_at_once(self, store: Store) -> None:
        session, inbox = await begun(store)
        await store.commit(
            record(
                session, 1, seq=2, state=b"after", pinned="v1", done=((inbox, None),), trace=b"{}",
                outbox=(OutboxRow(1, b"one", None, SENT), OutboxRow(2, b"two", None, SENT)),
            )
        )  # fmt: skip
        row = await store.session("web.site", "s1")
        assert row is not None
        assert (row.state, row.turn, row.seq, row.touched) == (b"after", 1, 2, 101.0)
        assert [one.body for one in await store.sent(session, after=0, limit=10)] == [b"one", b"two"]
        assert [one.body for one in await store.sent(session, after=1, limit=10)] == [b"two"]
        assert await store.pending(0, 10) == []
        answer = await store.answer(session, "m1")
        assert answer is not None
        assert (answer[0], [one.seq for one in answer[1]], answer[2]) == (1, [1, 2], b"{}")

    async def test_a_leg_leaves_the_inbound_waiting(self, store: Store) -> None:
        session, inbox = await begun(store)
        await store.commit(record(session, 1, seq=1, outbox=(OutboxRow(1, b"wait", None, SENT),)))
        assert [one.row for one in await store.pending(0, 10)] == [inbox]
        assert await store.answer(session, "m1") is None

    async def test_private_values_leave_the_inbox_with_the_turn(self, store: Store) -> None:
        session, inbox = await begun(store, body=b"card 4111")
        await store.commit(record(session, 1, done=((inbox, b"card <card>"),)))
        assert [line.body for line in await store.turns(session, last=10)] == [b"card <card>"]

    async def test_private_values_that_count_as_delivered_leave_the_outbox_with_the_next_turn(
        self, store: Store
    ) -> None:
        session, _ = await begun(store)
        said = (OutboxRow(1, b"4111?", b"card?", SENT),)
        await store.commit(record(session, 1, seq=1, outbox=said, private=True))
        row = await store.session("web.site", "s1")
        assert row is not None
        assert row.private
        assert [one.body for one in await store.sent(session, after=0, limit=9)] == [b"4111?"]
        await store.commit(record(session, 2, seq=1, unmask=True))
        assert [one.body for one in await store.sent(session, after=0, limit=9)] == [b"card?"]

    async def test_private_values_leave_the_outbox_with_the_delivery(self, store: Store) -> None:
        session, _ = await begun(store)
        said = (OutboxRow(1, b"4111?", b"card?", PENDING), OutboxRow(2, b"plain", None, PENDING))
        await store.commit(record(session, 1, seq=2, outbox=said))
        assert [(one.seq, one.body) for one in await store.undelivered((0, 0), 10)] == [
            (1, b"4111?"),
            (2, b"plain"),
        ]
        await store.delivered(session, 1, failed=False)
        await store.delivered(session, 2, failed=True)
        assert await store.undelivered((0, 0), 10) == []
        assert [one.body for one in await store.sent(session, after=0, limit=9)] == [b"card?", b"plain"]

    async def test_what_waits_for_delivery_is_listed_by_session_in_order(self, store: Store) -> None:
        for name in ("s1", "s2"):
            session, _ = await begun(store, name)
            rows = tuple(OutboxRow(seq, b"x", None, PENDING) for seq in (1, 2))
            await store.commit(record(session, 1, seq=2, outbox=rows))
        first = await store.undelivered((0, 0), 3)
        rest = await store.undelivered((first[-1].session, first[-1].seq), 3)
        assert [(one.session_id, one.seq) for one in (*first, *rest)] == [
            ("s1", 1),
            ("s1", 2),
            ("s2", 1),
            ("s2", 2),
        ]

    # --- people's values ----------------------------------------------------------------------------------------

    async def test_values_of_a_user_are_kept_by_robot_and_added_up(self, store: Store) -> None:
        session, _ = await begun(store)
        await store.commit(record(session, 1, user="ann", user_values={"bonus": 5, "name": "Аня"}))
        await asyncio.gather(
            *(
                store.commit(record(session, turn, user="ann", user_values={"bonus": Addition(2), "visits": Addition(1)}))
                for turn in (2, 3, 4)
            )
        )  # fmt: skip
        assert await store.user_values("pizzeria", "ann") == {"bonus": 11, "name": "Аня", "visits": 3}
        assert await store.user_values("helpdesk", "ann") == {}

    # --- the log ------------------------------------------------------------------------------------------------

    async def test_a_session_is_found_by_its_robot(self, store: Store) -> None:
        session, _ = await begun(store)
        found = await store.find_session("pizzeria", "s1")
        assert found is not None
        assert found.id == session
        assert await store.find_session("helpdesk", "s1") is None

    async def test_turns_are_listed_in_their_order_with_what_waits_last(self, store: Store) -> None:
        session, first = await begun(store, body=b"in 1")
        second = (await accepted(store, arrival("m2", body=b"in 2"))).row
        await accepted(store, arrival("m3", body=b"in 3"))
        await store.commit(
            record(session, 1, seq=1, done=((first, None),), outbox=(OutboxRow(1, b"out 1", None, SENT),))
        )
        await store.commit(
            record(session, 2, seq=2, done=((second, None),), outbox=(OutboxRow(2, b"out 2", None, SENT),))
        )
        lines = await store.turns(session, last=10)
        assert [line.body for line in lines] == [b"in 1", b"out 1", b"in 2", b"out 2", b"in 3"]
        assert [line.turn for line in lines] == [1, 1, 2, 2, None]
        assert [line.body for line in await store.turns(session, last=1)] == [b"in 2", b"out 2", b"in 3"]

    async def test_the_log_is_paged_without_gaps_or_repeats(self, store: Store) -> None:
        for number in range(7):
            session, inbox = await begun(
                store, f"s{number % 3}", external_id=f"m{number}", at=100.0 + number // 2
            )
            row = await store.session("web.site", f"s{number % 3}")
            assert row is not None
            await store.commit(
                record(session, row.turn + 1, seq=row.seq + 1, at=100.0 + number // 2, done=((inbox, None),),
                       outbox=(OutboxRow(row.seq + 1, b"x", None, SENT),))
            )  # fmt: skip
        query = LogQuery(robot="pizzeria")
        whole, end = await store.log(query, None, 100)
        assert end is None
        assert len(whole) == 14
        assert [line.at for line in whole] == sorted(line.at for line in whole)
        paged, position = await store.log(query, None, 3)
        pages = [*paged]
        while position is not None:
            paged, position = await store.log(query, position, 3)
            pages += paged
        assert pages == whole
        assert (await store.log(LogQuery(robot="helpdesk"), None, 9)) == ([], None)
        one, _ = await store.log(LogQuery(robot="pizzeria", session="s1"), None, 100)
        assert one == [line for line in whole if line.session_id == "s1"]
        late, _ = await store.log(LogQuery(robot="pizzeria", since=101.0, until=103.0), None, 100)
        assert late == [line for line in whole if 101.0 <= line.at < 103.0]

    # --- what goes ---------------------------------------------------------------------------------------------

    async def test_expired_sessions_go_with_all_their_rows(self, store: Store) -> None:
        session, inbox = await begun(store)
        await store.commit(
            record(session, 1, seq=1, done=((inbox, None),), outbox=(OutboxRow(1, b"x", None, SENT),), expires=500.0)
        )  # fmt: skip
        assert await store.expired(400.0, 0, 10) == []
        row = ExpiredRow(session, "web.site", "s1", "pizzeria", 1, begun=True)
        assert await store.expired(600.0, 0, 10) == [row]
        assert await store.expired(600.0, session, 10) == []
        assert await store.remove([session], 600.0) == 1
        assert await store.session("web.site", "s1") is None
        assert await store.sent(session, after=0, limit=9) == []
        again = await accepted(store, arrival())
        assert again.row, "its ids are free again"

    async def test_of_an_ended_session_the_numbers_and_messages_stay_until_it_expires(
        self, store: Store
    ) -> None:
        session, inbox = await begun(store)
        await store.commit(
            record(session, 3, state=None, seq=2, done=((inbox, None),), outbox=(OutboxRow(2, b"x", None, SENT),), expires=500.0)
        )  # fmt: skip
        row = await store.session("web.site", "s1")
        assert row is not None
        assert (row.state, row.turn, row.seq) == (None, 3, 2)
        assert [one.seq for one in await store.sent(session, after=0, limit=9)] == [2]
        assert [one.begun for one in await store.expired(600.0, 0, 10)] == [False]

    async def test_a_session_with_something_to_answer_does_not_go(self, store: Store) -> None:
        session, _ = await begun(store)
        assert await store.expired(5000.0, 0, 10) == []
        assert await store.remove([session], 5000.0) == 0

    # --- versions ------------------------------------------------------------------------------------------------

    async def test_versions_stay_while_a_session_rests_in_them(self, store: Store) -> None:
        for version in ("v1", "v2", "v3"):
            await store.keep_version(VersionRow("pizzeria", version, version.encode(), 1.0))
        await store.keep_version(VersionRow("pizzeria", "v1", b"the first one stays", 2.0))
        session, _ = await begun(store)
        await store.commit(record(session, 1, pinned="v1 v0"))
        assert await store.drop_versions([("pizzeria", "v3")]) == 1
        kept = [await store.version("pizzeria", version) for version in ("v1", "v2", "v3")]
        assert kept == [b"v1", None, b"v3"]

    async def test_suspicion_grows_and_falls(self, store: Store) -> None:
        _, inbox = await begun(store)
        await store.suspect(inbox, 4)
        await store.suspect(inbox, -3)
        assert [one.suspicion for one in await store.pending(0, 10)] == [1]
