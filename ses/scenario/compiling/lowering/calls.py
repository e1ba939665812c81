"""Steps that go to other flows or out of the process."""

from __future__ import annotations

from typing import Any

from ses.scenario.compiling.lowering.assembly import Assembly
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.messages import is_channel, known_channels
from ses.scenario.models.scalars import Text
from ses.scenario.models.steps.calls import HttpBody, ModelBody, QasBody, SbsBody
from ses.scenario.models.steps.jumps import CallBody
from ses.scenario.models.steps.saying import SendBody
from ses.scenario.program.calls import CallService, Http, Sbs, Send
from ses.scenario.program.messages import Message
from ses.scenario.program.operations import CallFlow, GotoFlow, Jump


class Calls(Assembly):
    """`call`, `goto`, `http`, `smc`, `see`, `qas`, `sbs`, `send`."""

    def _call(self, body: CallBody, at: Source) -> None:
        flow = str(body.flow)
        if flow not in self._context.flows:
            self._unknown_flow(body.flow)
        self._context.called.append((self._name, flow, at))
        args = self._pieces.values(body.args)
        save = str(body.save or "")
        self._emit(
            CallFlow(
                id=self._id("call"), at=at, flow=flow, args=args, save=save, reads=self._kept(*args.values()),
                writes=frozenset({save} if save else ()),
            )
        )  # fmt: skip

    def _goto(self, target: Text, at: Source) -> None:
        name = str(target)
        if name in self._labels:
            if name in self._context.flows:
                self._report.error("ambiguous-name", target.at, f"`{name}` is a flow and a label of this one",
                                   suggestion="rename the label", length=len(name))  # fmt: skip
            self._emit(Jump(id=self._id("jump"), at=at, target=self._labels[name]))
            return
        if name not in self._context.flows:
            self._unknown_flow(target, *self._labels)
        self._context.called.append((self._name, name, at))
        self._emit(GotoFlow(id=self._id("goto"), at=at, flow=name))

    def _unknown_flow(self, name: Text, *labels: str) -> None:
        what = "no flow and no label of this flow is called" if labels else "there is no flow"
        self._report.error("unknown-flow", name.at, f"{what} `{name}`",
                           suggestion=did_you_mean(name, {*self._context.flows, *labels}), length=len(name))  # fmt: skip

    def _http(self, body: HttpBody, at: Source) -> None:
        methods = body.methods()
        if len(methods) != 1:
            self._report.error("bad-value", body.at, "`http` has one of `get`, `post`, `put`, `patch` and `delete`",
                               suggestion="post: https://…")  # fmt: skip
            return
        if body.body is not None and body.form is not None:
            self._report.error(
                "bad-value", body.key_at("form"), "`http` has `json` or `form`, not both", length=4
            )
        (method, address), save = methods[0], str(body.save or "")
        url = self._pieces.url(address)
        if url.constant is not None and not url.constant.startswith(("http://", "https://")):
            self._report.error("bad-value", address.at, "an address begins with `http://` or `https://`",
                               suggestion="https://" + str(address).rpartition("://")[2], length=len(address))  # fmt: skip
        json = self._pieces.value(body.body) if body.body is not None else None
        form = self._pieces.values(body.form) if body.form is not None else None
        headers = {name: self._pieces.header(text) for name, text in (body.headers or {}).items()}
        self._emit(
            Http(
                id=self._id("http"), at=at, method=method.upper(), url=url, json=json, form=form, headers=headers,
                timeout=body.timeout, retry=body.retry, save=save,
                reads=self._kept(url, json, *(form or {}).values(), *headers.values()),
                writes=frozenset({save} if save else ()), effect=method != "get", leaves=True,
            )
        )  # fmt: skip

    def _send(self, body: SendBody, at: Source) -> None:
        connector = str(body.connector or "")
        kind = connector.partition(".")[0]
        if body.connector is not None and not is_channel(kind):
            self._report.error("unknown-channel", body.connector.at, f"there is no channel `{kind}`",
                               suggestion=did_you_mean(kind, known_channels()) or "known: " + ", ".join(known_channels()),
                               length=len(connector))  # fmt: skip
        to = self._pieces.template(body.to)
        message = Message(variants=self._context.speech.wording(body.text))
        self._emit(
            Send(
                id=self._id("send"), at=at, to=to, connector=connector, message=message,
                reads=self._kept(to) | self._message_reads(message), effect=True, leaves=True,
            )
        )  # fmt: skip

    def _service(self, service: Any, body: ModelBody, at: Source) -> None:
        text = self._pieces.value(body.text) if body.text is not None else None
        self._emit(
            CallService(
                id=self._id(service), at=at, service=service, model=str(body.model), text=text, save=str(body.save),
                reads=self._kept(text), writes=frozenset({str(body.save)}), leaves=True,
            )
        )  # fmt: skip

    def _qas(self, body: QasBody, at: Source) -> None:
        text = self._pieces.value(body.text) if body.text is not None else None
        self._emit(
            CallService(
                id=self._id("qas"), at=at, service="qas", category=str(body.category or ""), text=text,
                save=str(body.save), reads=self._kept(text), writes=frozenset({str(body.save)}), leaves=True,
            )
        )  # fmt: skip

    def _sbs(self, body: SbsBody, at: Source) -> None:
        searching = body.method == "search"
        for key in ("dataset", "threshold", "text", "similarity"):
            if body.has(key) and not searching:
                self._report.error("bad-value", body.key_at(key), f"`{key}` goes with `method: search`",
                                   length=len(key))  # fmt: skip
        if searching and body.dataset is None:
            self._report.error("missing-key", body.at, "`method: search` lacks `dataset`",
                               suggestion="dataset: clients")  # fmt: skip
        voice = self._pieces.value(body.voice) if body.voice is not None else None
        dataset = self._pieces.header(body.dataset) if body.dataset is not None else None
        text = self._pieces.header(body.text) if body.text is not None else None
        self._emit(
            Sbs(
                id=self._id("sbs"), at=at, method=body.method, voice=voice, dataset=dataset, text=text,
                threshold=0.5 if body.threshold is None else body.threshold, similarity=body.similarity,
                save=str(body.save), reads=self._kept(voice, dataset, text), writes=frozenset({str(body.save)}),
                leaves=True,
            )
        )  # fmt: skip
