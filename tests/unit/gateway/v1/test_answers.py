"""What `/v1` answers when all is well: keys in their order, streams as OpenAI's clients expect them."""

import asyncio
import base64
import io
import json
import struct

import pytest

from ses.clock import VirtualClock
from ses.gateway.v1.censor import Verdict
from ses.gateway.v1.startup_gate import StartupGate
from ses.llm.absent import NoEngine
from ses.llm.answers import (
    AssistantMessage,
    ChatAnswer,
    ChatChoice,
    CompletionAnswer,
    CompletionChoice,
    FunctionCall,
    Logprobs,
    TokenScore,
    ToolCall,
    Usage,
)
from ses.llm.contract import EngineState, Phase
from ses.llm.errors import BadRequest, ContextTooLong, EngineDied, EngineUnavailable

from .conftest import running, streamed

CHAT, TEXT, VECTORS = "/v1/chat/completions", "/v1/completions", "/v1/embeddings"
DOWN = "The server was unable to complete your request. Please try again later"


def asking(text="Tell me of Moscow.", **more):
    return {"model": "test", "messages": [{"role": "user", "content": text}], **more}


def calling(finish_reason="stop"):
    call = ToolCall(FunctionCall("get_weather", '{"location": "Санкт-Петербург"}'), id="abc")
    said = AssistantMessage(role="assistant", content=None, tool_calls=[call])
    return ChatAnswer(choices=[ChatChoice(message=said, finish_reason=finish_reason)])


WEATHER = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]


class TestChat:
    async def test_an_answer_has_the_guides_keys_in_their_order(self, v1):
        status, body = await v1.post(CHAT, asking())
        assert status == 200
        assert list(body) == ["id", "object", "created", "model", "choices", "usage", "prompt_logprobs"]
        assert body["id"].startswith("chatcmpl-")
        assert (body["object"], body["model"]) == ("chat.completion", "test")
        (choice,) = body["choices"]
        assert choice == {
            "index": 0,
            "message": {
                "role": "assistant",
                "reasoning_content": None,
                "content": "Hello there, friend.",
                "tool_calls": [],
            },
            "logprobs": None,
            "finish_reason": "stop",
            "stop_reason": None,
        }
        assert body["usage"] == {
            "prompt_tokens": 1,
            "total_tokens": 4,
            "completion_tokens": 3,
            "prompt_tokens_details": None,
        }

    async def test_attributes_reach_the_engine_as_numbers_even_in_strings(self, v1):
        sent = asking(
            temperature="0.5", top_p=0.9, max_tokens="10", n=2, seed=7, stop=["END"], user="u", top_k=40, nonsense=1,
            frequency_penalty=1, presence_penalty=-1, logit_bias={"42": -100}, logprobs=True, top_logprobs=3,
        )  # fmt: skip
        assert (await v1.post(CHAT, sent))[0] == 200
        asked = v1.engine.asked[-1]
        assert (asked.temperature, asked.top_p, asked.max_tokens, asked.n, asked.seed) == (0.5, 0.9, 10, 2, 7)
        assert (asked.stop, asked.user, asked.logprobs, asked.top_logprobs) == (("END",), "u", True, 3)
        assert (asked.frequency_penalty, asked.presence_penalty, asked.logit_bias) == (1, -1, {"42": -100})
        assert asked.extra == {"top_k": 40}

    async def test_null_is_every_default_and_developers_speak_for_the_system(self, v1):
        messages = [
            {
                "role": "developer",
                "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}],
            },
            {"role": "user", "content": "Hi"},
        ]
        nothing = dict.fromkeys(["temperature", "n", "stream", "stream_options", "stop", "tools", "logprobs"])
        assert (await v1.post(CHAT, {"model": "test", "messages": messages, **nothing}))[0] == 200
        assert v1.engine.asked[-1].messages == [
            {"role": "system", "content": "Be\nbrief."},
            {"role": "user", "content": "Hi"},
        ]

    async def test_a_called_tool_is_told_as_the_guide_tells_it(self, v1):
        v1.says(calling())
        _, body = await v1.post(CHAT, asking(tools=WEATHER, tool_choice="auto"))
        (choice,) = body["choices"]
        (call,) = choice["message"]["tool_calls"]
        assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
        assert call.pop("id").startswith("chatcmpl-tool-")
        assert call == {
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"location": "Санкт-Петербург"}'},
        }
        assert v1.engine.asked[-1].tools == WEATHER

    async def test_log_probabilities_go_out_whole(self, v1):
        score = TokenScore("Hi", -0.5, [72, 105])
        said = AssistantMessage(role="assistant", content="Hi")
        v1.says(
            ChatAnswer(choices=[ChatChoice(message=said, logprobs=Logprobs([score]), finish_reason="stop")])
        )
        _, body = await v1.post(CHAT, asking(logprobs=True))
        assert body["choices"][0]["logprobs"] == {
            "content": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}]
        }

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"messages": []}, "messages must be a list of at least one message, got []."),
            ({"temperature": "3"}, "temperature must be in the range from 0 to 2, got 3."),
            ({"top_p": 0}, "top_p must be in (0, 1], got 0.0."),
            ({"max_tokens": 0}, "max_tokens must be at least 1, got 0."),
            ({"stream_options": {}}, "stream_options must be null without stream, got {}."),
            ({"logit_bias": {"1": 101}}, "logit_bias must be a map of token ids to numbers in [-100, 100], got {'1': 101.0}."),
            ({"top_logprobs": 2}, "logprobs must be true with top_logprobs, got none."),
            ({"tool_choice": "required"}, "tool_choice must be none or auto without tools, got required."),
        ],
    )  # fmt: skip
    async def test_other_faults_are_worded_alike(self, v1, change, message):
        status, body = await v1.post(CHAT, asking(**change))
        assert (status, body["message"]) == (400, message)

    async def test_an_error_repeats_little_of_what_was_sent(self, v1):
        _, body = await v1.post(
            CHAT, {"messages": [{"role": "user", "content": "x" * 5000}], **dict.fromkeys("ab")}
        )
        assert len(body["message"]) < 400
        many = {"model": "test", "messages": [{"role": "user", "content": 1}] * 20}
        assert len((await v1.post(CHAT, many))[1]["message"]) < 6000

    async def test_the_body_is_bounded(self, v1):
        large = io.BytesIO(b'{"x": "' + b"x" * (12 << 20) + b'"}')
        async with v1.client.post(
            v1.url + CHAT, data=large, headers={"Content-Type": "application/json"}
        ) as response:
            assert (response.status, (await response.json())["message"]) == (413, "Request Entity Too Large")

    async def test_without_an_engine_a_method_says_so(self):
        async with running(engine=NoEngine()) as v1:
            async with v1.client.post(v1.url + CHAT, json=asking()) as response:
                assert (response.status, (await response.json())["message"]) == (503, DOWN)
                assert int(response.headers["Retry-After"]) > 0
            assert await v1.get("/v1/models") == (200, {"object": "list", "data": []})

    async def test_a_dead_engine_is_a_503_and_what_it_refuses_a_400(self, v1):
        for error, status in ((EngineDied("x"), 503), (EngineUnavailable("x"), 503), (BadRequest("no"), 400)):
            v1.says(error)
            assert (await v1.post(CHAT, asking()))[0] == status


class TestStreams:
    async def test_a_stream_begins_with_the_role_and_ends_with_done(self, v1):
        *events, done = await streamed(v1, CHAT, asking(stream=True))
        chunks = [json.loads(event) for event in events]
        assert done == "[DONE]"
        assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
        assert len({chunk["id"] for chunk in chunks}) == 1
        assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == "Hello there, friend."
        assert [c["choices"][0]["finish_reason"] for c in chunks] == [None] * (len(chunks) - 1) + ["stop"]
        assert all("usage" not in chunk for chunk in chunks)

    @pytest.mark.parametrize(("path", "body"), [(CHAT, asking()), (TEXT, {"model": "test", "prompt": "Hi"})])
    async def test_with_include_usage_the_last_chunk_has_it_and_the_others_null(self, v1, path, body):
        *events, last, _ = await streamed(
            v1, path, {**body, "stream": True, "stream_options": {"include_usage": True}}
        )
        assert all(json.loads(event)["usage"] is None for event in events)
        assert json.loads(last)["choices"] == []
        assert json.loads(last)["usage"]["completion_tokens"] == 3

    async def test_a_tool_in_a_stream_ends_it_with_tool_calls(self, v1):
        v1.says(calling())
        *events, _ = await streamed(v1, CHAT, asking(stream=True, tools=WEATHER))
        choices = [json.loads(event)["choices"][0] for event in events]
        (call,) = [piece for one in choices for piece in one["delta"].get("tool_calls", ())]
        assert call["id"].startswith("chatcmpl-tool-")
        assert (call["index"], call["function"]["name"]) == (0, "get_weather")
        assert choices[-1]["finish_reason"] == "tool_calls"

    async def test_what_fails_before_the_first_piece_has_its_status(self, v1):
        v1.says(ContextTooLong(prompt_tokens=5000, max_tokens=None, limit=4096))
        assert (await v1.post(CHAT, asking(stream=True)))[0] == 400

    async def test_an_error_in_mid_stream_is_told_and_nothing_is_done(self, v1, monkeypatch):
        async def dying(request):
            async for chunk in v1_stream(request):
                yield chunk
                if chunk.text:
                    raise EngineDied("gone")

        v1_stream = v1.engine.stream_chat
        monkeypatch.setattr(v1.engine, "stream_chat", dying)
        *_, last = await streamed(v1, CHAT, asking(stream=True))
        assert json.loads(last)["error"] == {
            "object": "error", "message": DOWN, "type": "ServiceUnavailableError", "param": None, "code": 503,
        }  # fmt: skip

    @pytest.mark.parametrize("stream", [True, False])
    async def test_who_goes_away_ends_the_generation(self, v1, stream):
        v1.engine.gate.clear()
        response = asyncio.ensure_future(v1.client.post(v1.url + CHAT, json=asking(stream=stream)))
        await until(lambda: v1.engine.running == 1)
        if not response.cancel():  # its head had come already
            response.result().close()
        await until(lambda: v1.engine.running == 0)
        await until(lambda: v1.journal.entries)
        assert v1.journal.entries[-1].status_code == 499

    async def test_the_journal_has_what_a_stream_was_refused_with(self, v1):
        v1.says(EngineUnavailable("loading"))
        status, body = await v1.post(CHAT, asking(stream=True))
        await until(lambda: v1.journal.entries)
        (entry,) = v1.journal.entries
        assert (status, entry.status_code, json.loads(entry.response)) == (503, 503, body)

    async def test_the_journal_has_a_stream_whole(self, v1):
        await streamed(v1, CHAT, asking(stream=True))
        await until(lambda: v1.journal.entries)
        (entry,) = v1.journal.entries
        told = json.loads(entry.response)
        assert (told["object"], told["choices"][0]["message"]["content"]) == (
            "chat.completion",
            "Hello there, friend.",
        )
        assert told["usage"]["completion_tokens"] == 3
        assert (entry.type, entry.status_code, entry.user) == ("POST /v1/chat/completions", 200, "127.0.0.1")
        assert json.loads(entry.request) == asking(stream=True)


class TestCompletions:
    async def test_an_answer_has_the_guides_keys(self, v1):
        _, body = await v1.post(TEXT, {"model": "test", "prompt": "Hi"})
        assert body["id"].startswith("cmpl-")
        assert body["object"] == "text_completion"
        assert body["choices"] == [
            {
                "index": 0,
                "text": "Hello there, friend.",
                "logprobs": None,
                "finish_reason": "stop",
                "stop_reason": None,
                "prompt_logprobs": None,
            }
        ]
        assert v1.engine.asked[-1].max_tokens == 16

    async def test_a_default_length_is_lowered_to_what_fits(self, v1, monkeypatch):
        asked = []

        async def small(request):
            asked.append(request.max_tokens)
            if request.max_tokens > 3:
                raise ContextTooLong(prompt_tokens=9, max_tokens=request.max_tokens, limit=12)
            return CompletionAnswer(choices=[CompletionChoice(text="ok")], usage=Usage())

        monkeypatch.setattr(v1.engine, "complete", small)
        assert (await v1.post(TEXT, {"model": "test", "prompt": "Hi"}))[0] == 200
        assert asked == [16, 3]

    async def test_best_of_gives_the_likeliest(self, v1, monkeypatch):
        async def several(request):
            assert (request.n, request.logprobs) == (3, 0)
            scores = {"bad": -3.0, "good": -0.1, "fair": -1.0}
            choices = [
                CompletionChoice(index=index, text=text, logprobs={"token_logprobs": [score]})
                for index, (text, score) in enumerate(scores.items())
            ]
            return CompletionAnswer(choices=choices, usage=Usage())

        monkeypatch.setattr(v1.engine, "complete", several)
        _, body = await v1.post(TEXT, {"model": "test", "prompt": "Hi", "best_of": 3, "n": 2})
        assert [(one["index"], one["text"], one["logprobs"]) for one in body["choices"]] == [
            (0, "good", None),
            (1, "fair", None),
        ]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"best_of": 1, "n": 2}, "best_of must be at least n, got 1."),
            ({"best_of": 11}, "best_of must be in the range from 1 to 10, got 11."),
            ({"best_of": 2, "stream": True}, "best_of must be equal to n with stream, got 2."),
            ({"stop": list("abcde")}, "stop must be at most 4 texts, got 5."),
            ({"logprobs": 6}, "logprobs must be in the range from 0 to 5, got 6."),
            ({"prompt": []}, "prompt must be a text or tokens, got []."),
        ],
    )
    async def test_its_own_bounds(self, v1, change, message):
        status, body = await v1.post(TEXT, {"model": "test", "prompt": "Hi", **change})
        assert (status, body["message"]) == (400, message)


class TestEmbeddings:
    @pytest.mark.parametrize("field", ["text", "input"])
    async def test_texts_become_vectors(self, v1, field):
        status, body = await v1.post(VECTORS, {field: ["one", "two"]})
        assert status == 200
        assert (body["object"], body["model"], len(body["data"])) == ("list", "test-vectors", 2)
        assert [one["index"] for one in body["data"]] == [0, 1]
        assert len(body["data"][0]["embedding"]) == 8
        _, packed = await v1.post(VECTORS, {field: "one", "encoding_format": "base64"})
        numbers = struct.unpack("<8f", base64.b64decode(packed["data"][0]["embedding"]))
        assert numbers == pytest.approx(body["data"][0]["embedding"])

    @pytest.mark.parametrize(
        ("body", "status"), [({}, 400), ({"text": "a", "input": "a"}, 400), ({"text": []}, 400), ({"text": "a", "model": "x"}, 404)]
    )  # fmt: skip
    async def test_one_of_the_two_is_needed(self, v1, body, status):
        assert (await v1.post(VECTORS, body))[0] == status


async def test_models_are_as_the_guide_prints_them(v1):
    _, body = await v1.get("/v1/models")
    assert [one["id"] for one in body["data"]] == ["test", "test-vectors"]
    one = body["data"][0]
    assert (one["object"], one["owned_by"], one["root"], one["parent"]) == ("model", "vLLM", "test", None)
    (permission,) = one["permission"]
    assert permission.pop("id").startswith("modelperm-")
    assert permission["allow_sampling"] is True
    assert (await v1.get("/v1/models/test"))[1]["id"] == "test"
    assert (await v1.get("/v1/models/x"))[0] == 404


class Strict:
    """A censor that refuses one word."""

    async def judge(self, kind, text):
        return Verdict(allowed=f"bad {kind}" not in text, text="We do not talk of that.")


class TestTheCensor:
    @pytest.mark.parametrize("stream", [False, True])
    async def test_what_it_refuses_is_not_shown(self, stream):
        async with running(censor=Strict()) as v1:
            for question, answer in (("a bad prompt", "fine"), ("a question", "a bad answer")):
                v1.says(answer)
                if stream:
                    *events, _ = await streamed(v1, CHAT, asking(question, stream=True))
                    (choice,) = json.loads(events[0])["choices"]
                    told, content = choice, choice["delta"]["content"]
                else:
                    (told,) = (await v1.post(CHAT, asking(question)))[1]["choices"]
                    content = told["message"]["content"]
                assert (content, told["finish_reason"]) == ("We do not talk of that.", "content_filter")
            _, body = await v1.post(TEXT, {"model": "test", "prompt": "a bad prompt"})
            assert body["choices"][0]["finish_reason"] == "content_filter"

    async def test_what_functions_are_called_with_is_judged(self):
        async with running(censor=Strict()) as v1:
            call = ToolCall(FunctionCall("send", '{"text": "a bad answer"}'), id="1")
            v1.says(
                ChatAnswer(
                    choices=[ChatChoice(message=AssistantMessage(role="assistant", tool_calls=[call]))]
                )
            )
            (told,) = (await v1.post(CHAT, asking("a question")))[1]["choices"]
            assert (told["message"]["tool_calls"], told["finish_reason"]) == ([], "content_filter")


async def test_while_the_engine_is_awaited_v1_answers_503():
    wait = StartupGate(NoEngine(), 2, 7, VirtualClock(0.0))
    async with running(waiting=wait) as v1:
        status, body = await v1.post(CHAT, asking())
        assert (status, body["message"]) == (503, DOWN)


async def test_the_engine_is_looked_for_again_until_it_is_there():
    class LateEngine(NoEngine):
        phase: Phase = "off"

        def state(self) -> EngineState:
            return EngineState(self.phase)

    clock, engine = VirtualClock(0.0), LateEngine()
    gate = StartupGate(engine, 2, 7, clock)
    gate.start()
    for seconds in (7, 14, 21):
        await until(lambda at=seconds: clock.sleepers == (at,))
        assert gate() == 7
        clock.advance(7)
    engine.phase = "ready"
    await until(lambda: gate() is None)
    await gate.stop()


async def until(true):
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0)
