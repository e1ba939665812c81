"""Voice messages are understood like typed ones, and answered aloud where the robot says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ses.dialogue.state.session import Session, VoiceMessage
from ses.errors import StepError
from ses.messages import Attachment, InjectedMessage

VOICE = Attachment("voice", media="telegram:v1", mime="audio/ogg")
ROBOT = """
voice: {spr: general, tts: anna}
entities:
  size: {values: {small: [маленькая], large: [большая]}}
slots:
  size: {type: size, ask: Какой размер?}
flows:
  order:
    on: ["* хочу * пиццу *"]
    needs: [size]
    steps:
      - say: "{{ size }}: {{ message.text }}"
"""


@dataclass
class Voices:
    """Says and hears what a test tells."""

    texts: list[str | StepError] = field(default_factory=list)
    """Heard in turn, the last one again and again."""
    traits: dict[str, Any] = field(default_factory=dict)
    transcribed: list[Attachment] = field(default_factory=list)
    spoken: list[tuple[str, str]] = field(default_factory=list)
    mute: StepError | None = None
    asked: list[Any] = field(default_factory=list)
    settings: Any = None

    async def transcribe(self, conversation, recording, settings, *, keep):
        self.transcribed.append(recording)
        self.settings = settings
        text = self.texts[min(len(self.transcribed), len(self.texts)) - 1]
        if isinstance(text, StepError):
            raise text
        return VoiceMessage(
            text=text, model=settings.spr.model, media="audio:kept", duration=1.5, traits=self.traits
        )

    async def biometry(self, conversation, media, question):
        self.asked.append((media, question))
        return {"gender": {"class": "male", "confidence": 0.8}}

    async def synthesise(self, conversation, text, voice, *, keep):
        if self.mute is not None:
            raise self.mute
        self.spoken.append((text, voice))
        return Attachment("voice", media=f"audio:{len(self.spoken)}")


def talking(talk, robot, *texts, **more):
    conversation = talk(robot)
    conversation.ports.voices = Voices(list(texts), **more)
    return conversation


async def test_what_is_said_goes_the_way_of_what_is_typed(talk):
    robot = talking(talk, ROBOT, "хочу большую пиццу")
    assert await robot.attach(VOICE) == ["большая: хочу большую пиццу"]
    assert robot.slots == {} or robot.slots.get("size") in (None, "large")


async def test_a_spoken_answer_fills_the_open_question(talk):
    robot = talking(talk, ROBOT, "маленькую")
    assert await robot.say("хочу пиццу") == ["Какой размер?"]
    assert await robot.attach(VOICE) == ["маленькая: маленькую"]


async def test_the_log_gets_the_words(talk):
    robot = talking(talk, ROBOT, "хочу пиццу")
    await robot.attach(VOICE)
    assert {name: voice.text for name, voice in robot.leg.voices.items()} == {"m1": "хочу пиццу"}
    assert robot.ports.transcripts == [("m1", "хочу пиццу")]
    assert robot.trace["calls"][0]["type"] == "spr"


async def test_transcription_has_a_leg_of_its_own_and_is_done_once_more_after_a_death(talk, killed):
    robot = talking(talk, ROBOT, "хочу пиццу")
    robot.ports.die_after = 0
    voice = robot.inbound(attachments=(VOICE,))
    with pytest.raises(killed):
        await robot.turn(voice)
    assert robot.ports.voices.transcribed == []
    ((stored, said),) = robot.ports.legs
    assert said == []
    checkpoint = Session.decode(stored).checkpoint
    assert checkpoint is not None
    assert checkpoint.transcribing
    robot.stored = stored
    assert await robot.turn(voice) == ["Какой размер?"]
    assert len(robot.ports.voices.transcribed) == 1
    assert robot.session.turn == 1


async def test_after_a_later_leg_the_transcript_is_known_and_not_asked_for_again(talk, killed):
    robot = talking(
        talk,
        """
        voice: {spr: general}
        flows:
          order:
            on: ["* пиццу *"]
            steps:
              - say: Минутку
              - http: {post: "https://crm.example/orders", json: {said: "{{ message.text }}"}, save: order}
              - say: "{{ message.voice.duration }} {{ message.text }} {{ order.id }}"
        """,
        "хочу пиццу",
    )  # fmt: skip
    robot.services.replies = [{"id": 7}]
    robot.ports.die_after = 1
    voice = robot.inbound(attachments=(VOICE,))
    with pytest.raises(killed):
        await robot.turn(voice)
    robot.stored = robot.ports.legs[-1][0]
    robot.received.extend(robot.ports.legs[-1][1])
    assert await robot.turn(voice) == ["1,5 хочу пиццу 7"]
    assert len(robot.ports.voices.transcribed) == 1
    assert [request.json for request in robot.services.called] == [{"said": "хочу пиццу"}]


async def test_a_typed_message_has_no_voice(talk):
    robot = talking(
        talk,
        """
        voice: {spr: general}
        events:
          fallback: [{say: "{{ 'голос' if message.voice else 'текст' }} {{ message.voice.duration }}"}]
        """,
        "привет",
    )
    assert await robot.say("привет") == ["текст "]
    assert robot.ports.legs == []
    assert await robot.attach(VOICE) == ["голос 1,5"]


TRAITS = """
voice: {spr: general}
events:
  fallback: [{say: "{{ message.voice.%s }}"}]
"""


@pytest.mark.parametrize(
    ("field", "wanted"),
    [("text", False), ("duration", False), ("gender", True), ("age", True), ("traits.synth.class", True)],
)
def test_sbs_is_asked_only_when_the_robot_reads_what_it_tells(compiled, field, wanted):
    assert compiled(TRAITS % field).voice.traits is wanted


def test_handing_on_the_whole_voice_asks_sbs_too_and_asking_whether_there_is_one_does_not(compiled):
    whole = "voice: {spr: m}\nevents:\n  fallback: [{set: {v: '{{ message.voice }}'}}, {say: '{{ v.text }}'}]"
    assert compiled(whole).voice.traits
    bare = "voice: {spr: m}\nevents:\n  fallback: [{if: message.voice, then: [{say: да}]}]"
    assert not compiled(bare).voice.traits


async def test_the_findings_of_sbs_are_fields_of_the_voice(talk):
    traits = {"gender": {"class": "female", "confidence": 0.9}}
    robot = talking(talk, TRAITS % "gender", "привет", traits=traits)
    assert await robot.attach(VOICE) == ["female"]
    robot = talking(talk, TRAITS % "traits.gender.confidence", "привет", traits=traits)
    assert await robot.attach(VOICE) == ["0,9"]


@pytest.mark.parametrize(
    ("problem", "reason"),
    [("", "silence"), (StepError("value", "x", service="audio"), "long"),
     (StepError("malformed", "x", service="audio"), "unreadable"), (StepError("malformed", "x", service="spr"), "failed"),
     (StepError("connect", "x", service="spr"), "failed")],
)  # fmt: skip
async def test_what_cannot_be_understood_is_the_event_unclear(talk, problem, reason):
    unclear = "\nevents:\n  unclear: [{say: 'Не слышно: {{ event.reason }}'}]\n"
    robot = talking(talk, ROBOT + unclear, problem)
    await robot.say("хочу пиццу")
    said = await robot.attach(VOICE)
    assert said[0] == f"Не слышно: {reason}"
    assert said[-1].endswith("Какой размер?")
    assert robot.slots.get("size") is None
    robot.ports.voices.texts = ["маленькая"]
    assert await robot.attach(VOICE) == ["маленькая: маленькая"]


async def test_without_the_event_the_engine_asks_to_say_it_again(talk):
    robot = talking(talk, ROBOT, "")
    await robot.say("хочу пиццу")
    asked = "Не удалось разобрать, что вы сказали. Повторите, пожалуйста, или напишите. Какой размер?"
    for _ in range(4):
        assert await robot.attach(VOICE) == [asked]
    assert await robot.say("большая") == ["большая: большая"]


async def test_without_a_recogniser_a_voice_message_is_a_file_like_others(talk):
    robot = talking(talk, ROBOT.replace("spr: general, ", ""), "хочу пиццу")
    assert await robot.attach(VOICE) == ["Такое я пока не умею смотреть. Напишите, пожалуйста, словами."]
    assert robot.ports.voices.transcribed == []
    assert robot.ports.legs == []


async def test_a_question_that_takes_recordings_gets_the_recording(talk):
    robot = talking(
        talk,
        """
        voice: {spr: general}
        slots: {sample: {type: voice, ask: Скажите что-нибудь}}
        flows:
          enrol:
            on: [запиши меня]
            needs: [sample]
            steps:
              - sbs: {voice: "{{ sample }}", save: who}
              - say: "{{ sample.media }} {{ who.gender.class }}"
        """,
        "запиши меня",
    )
    assert await robot.attach(VOICE) == ["Скажите что-нибудь"]
    assert await robot.attach(VOICE) == ["telegram:v1 male"]
    assert len(robot.ports.voices.transcribed) == 1
    assert [media for media, _ in robot.ports.voices.asked] == ["telegram:v1"]


async def test_words_typed_beside_a_recording_are_what_is_meant(talk):
    robot = talking(talk, ROBOT, "нет")
    assert await robot.attach(VOICE, text="хочу пиццу") == ["Какой размер?"]
    assert robot.ports.voices.transcribed == []


async def test_private_words_are_masked_and_the_recording_is_named_for_removal(talk):
    robot = talking(
        talk,
        """
        voice: {spr: general}
        slots: {name: {type: text, ask: Ваше имя?, private: true}}
        flows:
          meet: {on: [привет], needs: [name], steps: [{say: Спасибо}]}
        """,
        "Аделаида",
    )
    await robot.say("привет")
    await robot.attach(VOICE)
    assert robot.leg.masked == {"m2": "‹name›"}
    assert robot.leg.voices["m2"].media == "audio:kept"
    assert "Аделаида" not in str(robot.trace)


async def test_a_voice_message_ends_a_series_and_answers_its_question(talk):
    robot = talking(talk, ROBOT, "большую")
    first, second = robot.inbound(text="хочу пиццу"), robot.inbound(attachments=(VOICE,))
    assert await robot.turn(first, second) == ["большая: большую"]


async def test_a_voice_after_a_long_pause_is_transcribed_after_the_former_session_has_ended(talk, killed):
    robot = talking(talk, ROBOT + "\nsession: {idle: 1h, expire: 2h}\nevents: {end: [{say: Пока}], resume: [{say: Снова}]}\n",
                    "хочу пиццу")  # fmt: skip
    await robot.say("хочу пиццу")
    robot.clock.advance(3 * 3600)
    robot.ports.die_after = 0
    voice = robot.inbound(attachments=(VOICE,))
    with pytest.raises(killed):
        await robot.turn(voice)
    robot.stored = robot.ports.legs[-1][0]
    robot.received.extend(robot.ports.legs[-1][1])
    assert [one.text for one in robot.received[-1:]] == ["Пока"]
    assert await robot.turn(voice) == ["Какой размер?"]
    assert len(robot.ports.voices.transcribed) == 1


async def test_a_voice_after_a_pause_resumes_even_if_the_turn_dies_while_it_listens(talk, killed):
    robot = talking(
        talk, ROBOT + "\nsession: {idle: 1h, expire: 9h}\nevents: {resume: [{say: Снова}]}\n", "маленькую"
    )
    await robot.say("хочу пиццу")
    robot.clock.advance(3 * 3600)
    robot.ports.die_after = 0
    voice = robot.inbound(attachments=(VOICE,))
    with pytest.raises(killed):
        await robot.turn(voice)
    robot.stored = robot.ports.legs[-1][0]
    assert await robot.turn(voice) == ["Снова", "маленькая: маленькую"]


async def test_sbs_looks_at_the_message_at_hand(talk):
    robot = talking(
        talk,
        """
        events:
          attachment:
            - sbs: {method: search, dataset: "{{ 'clients' }}", threshold: 0.8, save: found}
            - say: "{{ found.gender.class }}"
          fallback:
            - sbs: {method: noiselevel, save: noise}
              on_error: [{say: "{{ error.kind }} {{ error.service }}"}]
        """,
    )
    assert await robot.attach(VOICE) == ["male"]
    ((media, question),) = robot.ports.voices.asked
    assert (media, question.method, question.dataset, question.threshold) == (
        "telegram:v1",
        "search",
        "clients",
        0.8,
    )
    assert await robot.say("привет") == ["value sbs"]


# --- spoken messages ---

SPEAKING = """
voice: {spr: general, tts: anna, answer: %s}
flows:
  hello:
    on: [привет]
    steps:
      - say: {text: "**Привет**, [сайт](https://a.example)", format: markdown}
      - say: {text: тихо, voice: false}
      - say: {text: вслух, voice: true}
"""


def aloud(robot):
    return [any(one.kind == "voice" for one in message.attachments) for message in robot.said]


@pytest.mark.parametrize(
    ("answer", "typed", "spoken"),
    [("never", [False, False, True], [False, False, True]), ("when_spoken", [False, False, True], [True, False, True]),
     ("always", [True, False, True], [True, False, True])],
)  # fmt: skip
async def test_messages_are_spoken_as_they_or_the_robot_wish(talk, answer, typed, spoken):
    robot = talking(talk, SPEAKING % answer, "привет")
    await robot.say("привет")
    assert aloud(robot) == typed
    await robot.attach(VOICE)
    assert aloud(robot) == spoken


async def test_marks_and_addresses_are_not_read_aloud(talk):
    robot = talking(talk, SPEAKING % "always", "привет")
    await robot.say("привет")
    assert robot.ports.voices.spoken == [("Привет, сайт", "anna"), ("вслух", "anna")]
    assert robot.said[0].text == "**Привет**, [сайт](https://a.example)"


async def test_questions_are_spoken_too(talk):
    robot = talking(talk, ROBOT.replace("ask: Какой размер?", "ask: {say: Какой размер?, voice: true}"))
    assert await robot.say("хочу пиццу") == ["Какой размер?"]
    assert aloud(robot) == [True]


async def test_where_the_voice_fails_the_text_goes_alone(talk):
    robot = talking(talk, SPEAKING % "always", mute=StepError("connect", "down", service="tts"))
    assert len(await robot.say("привет")) == 3
    assert aloud(robot) == [False, False, False]
    assert robot.trace["errors"] == [{"kind": "connect", "service": "tts"}] * 2


async def test_what_shows_a_private_value_is_not_spoken(talk):
    robot = talking(
        talk,
        """
        voice: {answer: always}
        slots: {name: {type: text, ask: Имя?, private: true, keep: session}}
        flows:
          meet: {on: [привет], needs: [name], steps: [{say: "Здравствуйте, {{ name }}"}, {say: Рад}]}
        """,
    )
    await robot.say("привет")
    assert await robot.say("Аделаида") == ["Здравствуйте, Аделаида", "Рад"]
    assert aloud(robot) == [False, True]


async def test_messages_of_each_leg_are_spoken_once(talk):
    robot = talking(
        talk,
        """
        flows:
          hello:
            on: [привет]
            steps:
              - say: {text: Минутку, voice: true}
              - http: {get: "https://a.example", save: x}
              - say: {text: "Готово {{ x }}", voice: true}
        """,
    )
    robot.services.replies = [7]
    await robot.say("привет")
    assert [text for text, _ in robot.ports.voices.spoken] == ["Минутку", "Готово 7"]
    assert aloud(robot) == [True, True]


async def test_what_another_system_lets_the_robot_say_is_spoken_too_unless_it_brings_a_voice(talk):
    robot = talking(talk, SPEAKING % "always")
    await robot.turn(robot.inbound(external=True, say=InjectedMessage(text="Заказ готов")))
    await robot.turn(robot.inbound(external=True, say=InjectedMessage(text="Слушайте", attachments=(VOICE,))))
    assert robot.ports.voices.spoken == [("Заказ готов", "anna")]
    assert [len(message.attachments) for message in robot.received] == [1, 1]


async def test_a_robot_in_a_terminal_is_silent(talk):
    robot = talk(SPEAKING % "always")
    assert len(await robot.say("привет")) == 3
    assert aloud(robot) == [False, False, False]
