"""Who is who, and what is kept for a person."""

from __future__ import annotations

import asyncio
from typing import Any

from doubles.rows import arrival, begun, record
from ses.errors import SesError
from ses.storage.contract import Store
from ses.storage.rows import SENT, Addition, OutboxRow


class PeopleContract:
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
