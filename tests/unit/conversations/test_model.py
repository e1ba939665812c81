"""A language model in the pipeline: what it remembers of a conversation, how its text reaches the reader, what ends it."""

from doubles.llm import ScriptedEngine
from ses.conversations.engine import ENGINE
from ses.scenario.load import load_files
from ses.scenario.reading.files import RobotFiles

ROBOT = """
id: echo
language: ru
slots: {phone: {type: phone, private: true, ask: Телефон?}}
flows:
  ask:
    on: "спроси *"
    steps:
      - say: Минутку…
      - llm: {history: 6, stream: true}
  call: {on: перезвоните *, needs: [phone], steps: [{say: "Позвоним на {{ phone }}."}]}
"""


def program():
    loaded = load_files(RobotFiles("echo", {"robot.yaml": ROBOT.encode()}))
    assert loaded.program is not None, loaded.errors
    return loaded.program


async def test_it_reads_the_conversation_so_far_and_is_read_while_it_writes(pipeline_over):
    model = ScriptedEngine(lambda request: "Раз два")
    async with pipeline_over(program(), engine=ENGINE, model=model) as pipeline:
        await pipeline.say("перезвоните на +79161234567")
        await pipeline.inbox.until("s1", 1)
        await pipeline.say("спроси погоду")
        assert (await pipeline.inbox.until("s1", 3))[1:] == ["Минутку…", "Раз два"]
        await pipeline.say("спроси ещё")
        await pipeline.inbox.until("s1", 5)
        first, second = model.asked
        assert [(one["role"], one["content"]) for one in first.messages] == [
            ("user", "перезвоните на ‹phone›"),
            ("assistant", "Позвоним на ‹phone›."),
            ("user", "спроси погоду"),
        ]
        assert [one["content"] for one in second.messages[2:]] == [
            "спроси погоду",
            "Минутку…\nРаз два",
            "спроси ещё",
        ]
        last = pipeline.inbox.delivered["s1"][2]
        assert [(one.id, one.attempt, one.at, one.text) for one in pipeline.inbox.streamed[:2]] == [
            (last.id, 1, 0, "Раз"),
            (last.id, 1, 3, " два"),
        ]


async def test_a_message_that_comes_meanwhile_may_end_it(pipeline_over):
    model = ScriptedEngine(lambda request: "Раз два")
    model.gate.clear()
    async with pipeline_over(program(), engine=ENGINE, model=model) as pipeline:
        await pipeline.say("спроси погоду")
        await pipeline.until(lambda: pipeline.inbox.streamed)
        await pipeline.say("отмена")
        assert await pipeline.inbox.until("s1", 3) == ["Минутку…", "Раз", "Хорошо, отменил."]
        assert not model.running


async def test_what_was_begun_before_a_stop_begins_anew_after_it(pipeline_over):
    model = ScriptedEngine(lambda request: "Раз два")
    model.gate.clear()
    async with pipeline_over(program(), engine=ENGINE, model=model, grace=0) as pipeline:
        await pipeline.say("спроси погоду")
        await pipeline.until(lambda: pipeline.inbox.streamed)
        shown = pipeline.inbox.streamed[0]
    model.gate.set()
    async with pipeline_over(program(), engine=ENGINE, model=model) as pipeline:
        assert await pipeline.inbox.until("s1", 1) == ["Раз два"]
        again = pipeline.inbox.streamed
        assert {one.id for one in again} == {shown.id}
        assert [(one.attempt, one.at) for one in again] == [(2, 0), (2, 3)], (
            "nothing is added to what was shown before"
        )
