"""Robots in service: a bad edit never replaces the good one, and says why."""

import asyncio
from contextlib import suppress

from doubles.conversations import echo_program
from ses.connectors.contract import Refused
from ses.conversations.lifecycle.robots import UNUSED, RobotBuild
from ses.scenario.findings.report import Finding
from ses.scenario.findings.source import Source

WRONG = Finding(
    "unknown-key", "`stepps` is no key of a flow", Source("flows/a.yaml", 3, 5), suggestion="steps"
)


async def test_a_bad_edit_leaves_the_good_robot_in_service_and_says_why(pipeline):
    before = pipeline.robots.newest("echo")
    pipeline.source.builds["echo"] = RobotBuild(None, (WRONG,), b"")
    findings = await pipeline.robots.reload()
    assert findings == {"echo": (WRONG,)}
    assert pipeline.robots.newest("echo") is before
    assert pipeline.robots.broken == ["echo"]
    assert pipeline.conversations.ready() == {"robots": "with errors: echo"}
    await pipeline.say("still there?")
    assert await pipeline.inbox.until("s1", 1) == ["still there?"]
    pipeline.source.put(echo_program(version="2"))
    assert await pipeline.robots.reload() == {"echo": ()}
    assert pipeline.robots.newest("echo").version == "2"
    assert pipeline.conversations.ready() == {}


async def test_a_robot_whose_files_are_gone_serves_on(pipeline):
    pipeline.source.builds.clear()
    assert await pipeline.robots.reload() == {}
    await pipeline.say("still there?")
    assert await pipeline.inbox.until("s1", 1) == ["still there?"]


async def test_messages_that_wait_for_a_broken_robot_are_answered_when_it_is_mended(pipeline_over):
    gate = asyncio.Event()
    async with pipeline_over(grace=0) as pipeline:
        pipeline.store.commit = lambda record: gate.wait()
        await pipeline.say("hello")
    async with pipeline_over(echo_program("other")) as pipeline:
        try:
            await pipeline.say("more")
        except Refused as refusal:
            assert refusal.code == "unknown_robot"
        pipeline.source.put(echo_program("echo"))
        await pipeline.robots.reload()
        assert await pipeline.inbox.until("s1", 1) == ["hello"]


async def test_an_edit_is_noticed_by_itself(pipeline, tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    pipeline.source.folder = folder
    changed = asyncio.Event()
    pipeline.robots.on_change(lambda robot: changed.set())
    watching = asyncio.create_task(pipeline.robots.watch())
    pipeline.source.put(echo_program(version="2"))
    async with asyncio.timeout(20):
        number = 0
        while not changed.is_set():
            number += 1
            (folder / "robot.yaml").write_text(f"# edit {number}\n")
            with suppress(
                TimeoutError
            ):  # nobody tells when the folder is watched: the first edits may be too early
                await asyncio.wait_for(changed.wait(), 0.4)
    assert pipeline.robots.newest("echo").version == "2"
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_a_version_is_unloaded_when_nobody_used_it_for_a_while(pipeline):
    pipeline.source.put(echo_program(version="2"))
    await pipeline.robots.reload()
    assert set(pipeline.robots.programs("echo")) == {"1", "2"}
    await pipeline.robots.sweep()
    assert set(pipeline.robots.programs("echo")) == {"1", "2"}
    pipeline.clock.advance(UNUSED + 1)
    await pipeline.robots.sweep()
    assert set(pipeline.robots.programs("echo")) == {"2"}
    assert await pipeline.store.version("echo", "1") is None
