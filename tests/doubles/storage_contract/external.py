"""What connects a conversation with other systems: calls from outside, links between channels, facts of connectors."""

from __future__ import annotations

from doubles.rows import begun, record
from ses.storage.contract import Store
from ses.storage.rows import CallRow, LinkRow


class ExternalContract:
    async def test_a_call_is_noted_once_and_keeps_its_answer(self, store: Store) -> None:
        assert await store.call("send crm 1") is None
        first, second = CallRow(b"digest", b"plan", None), CallRow(b"other", b"other plan", None)
        assert await store.keep_call("send crm 1", first, 100.0) == first
        assert await store.keep_call("send crm 1", second, 101.0) == first
        await store.answer_call("send crm 1", b"answer")
        assert await store.call("send crm 1") == CallRow(b"digest", b"plan", b"answer")
        await store.drop_external(100.5, 0.0)
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
        await store.drop_external(0.0, 660.0)
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

    async def test_a_connectors_fact_is_kept_under_its_name(self, store: Store) -> None:
        assert await store.fact("vk.shop", "ts") is None
        await store.keep_fact("vk.shop", "ts", "41")
        await store.keep_fact("vk.shop", "ts", "42")
        await store.keep_fact("vk.other", "ts", "7")
        assert await store.fact("vk.shop", "ts") == "42"
        assert await store.fact("vk.other", "ts") == "7"
