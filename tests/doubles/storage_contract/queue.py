"""From the inbound that is accepted to the message that is delivered."""

from __future__ import annotations

import asyncio
from functools import partial

from doubles.rows import accepted, arrival, begun, record
from ses.errors import SesError
from ses.storage.contract import Store
from ses.storage.rows import PENDING, SENT, Accepted, OutboxRow


class QueueContract:
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
            store.accept(arrival(name), partial(report, name))
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

    async def test_suspicion_grows_and_falls(self, store: Store) -> None:
        _, inbox = await begun(store)
        await store.add_suspicion(inbox, 4)
        await store.add_suspicion(inbox, -3)
        assert [one.suspicion for one in await store.pending(0, 10)] == [1]
