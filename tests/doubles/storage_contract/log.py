"""What is read afterwards, what stays for it, and what goes."""

from __future__ import annotations

from doubles.rows import accepted, arrival, begun, record
from ses.storage.contract import Store
from ses.storage.rows import SENT, ExpiredRow, LogQuery, OutboxRow, VersionRow


class LogContract:
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

    async def test_versions_stay_while_a_session_rests_in_them(self, store: Store) -> None:
        for version in ("v1", "v2", "v3"):
            await store.keep_version(VersionRow("pizzeria", version, version.encode(), 1.0))
        await store.keep_version(VersionRow("pizzeria", "v1", b"the first one stays", 2.0))
        session, _ = await begun(store)
        await store.commit(record(session, 1, pinned="v1 v0"))
        assert await store.drop_versions([("pizzeria", "v3")]) == 1
        kept = [await store.version("pizzeria", version) for version in ("v1", "v2", "v3")]
        assert kept == [b"v1", None, b"v3"]
