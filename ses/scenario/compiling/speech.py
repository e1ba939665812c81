"""Messages, questions and buttons of the models as the program says them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ses.scenario.compiling.pieces import Pieces
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.models.messages import Button, Spoken, Wording
from ses.scenario.models.messages import Message as MessageModel
from ses.scenario.models.scalars import Text
from ses.scenario.program.expressions import Template
from ses.scenario.program.messages import ButtonSpec, MediaSpec, Message


class Speech:
    """Compiles what one robot says."""

    def __init__(
        self,
        pieces: Pieces,
        languages: tuple[str, ...],
        texts: Mapping[str, MessageModel],
        known_texts: Collection[str],
        flows: Collection[str],
        media: Collection[str],
    ) -> None:
        self._pieces = pieces
        self._report = pieces.report
        self._languages = languages
        self._texts = texts
        self._known_texts = known_texts
        self._flows = flows
        self._media = media

    def message(self, spoken: Spoken, extra: Collection[str] = ()) -> Message:
        """A message with everything that belongs to it."""
        wording = spoken.wording
        base = self._keyed(spoken, extra)
        if wording is None and base is None and not (spoken.image or spoken.file or spoken.audio):
            self._report.error("missing-key", spoken.at, f"{spoken.called} says nothing",
                               suggestion="give it a text, a `key` or a picture")  # fmt: skip
        if spoken.voice and wording is None and base is None:
            self._report.error("bad-value", spoken.key_at("voice"), "`voice: true` speaks the text, and there is none",
                               suggestion="give it a text, or leave `voice` out", length=5)  # fmt: skip
        buttons = spoken.buttons
        return Message(
            variants=self.wording(wording, extra) if wording else (base.variants if base else {"": ()}),
            buttons=self.buttons(spoken, extra) if buttons is not None else (base.buttons if base else ()),
            offer_choices=buttons == "choices"
            or (buttons is None and base is not None and base.offer_choices),
            no_buttons=buttons == [] or (buttons is None and base is not None and base.no_buttons),
            media=self._media_of(spoken, extra) or (base.media if base else ()),
            voice=base.voice if spoken.voice is None and base else spoken.voice,
            format="markdown"
            if spoken.format == "markdown" or (base and base.format == "markdown")
            else "plain",
            channels=self._channels(spoken, extra) or (base.channels if base else {}),
        )

    def whole(self, wording: Wording) -> None:
        """A text under `texts:` of a robot of several languages is given in all of them."""
        if "" in wording.variants and len(self._languages) > 1:
            self._report.error(
                "missing-translation", wording.at, "the robot speaks several languages, this text is given once",
                suggestion="{" + ", ".join(f"{language}: …" for language in self._languages) + "}",
            )  # fmt: skip

    def wording(self, wording: Wording, extra: Collection[str] = ()) -> dict[str, tuple[Template, ...]]:
        """Variants by language."""
        given = wording.variants
        if "" not in given:
            for language in self._languages:
                if language not in given:
                    self._report.error("missing-translation", wording.at, f"the text is missing in `{language}`",
                                       suggestion=f"{language}: …")  # fmt: skip
            for language, texts in given.items():
                if language not in self._languages:
                    self._report.error(
                        "unknown-language", texts[0].at, f"the robot does not speak `{language}`",
                        suggestion="its languages: " + ", ".join(self._languages),
                    )  # fmt: skip
        return {
            language: tuple(self._pieces.template(text, language, extra) for text in texts)
            for language, texts in given.items()
        }

    def one_language(self, wording: Wording, language: str) -> str:
        """The wording's first text in a language."""
        texts = (
            wording.variants.get(language)
            or wording.variants.get("")
            or next(iter(wording.variants.values()))
        )
        return str(texts[0])

    def titles(self, wording: Wording) -> dict[str, str]:
        """A title by language."""
        return {language: str(texts[0]) for language, texts in wording.variants.items()}

    def buttons(self, spoken: Spoken, extra: Collection[str] = ()) -> tuple[ButtonSpec, ...]:
        if spoken.buttons is None or isinstance(spoken.buttons, str):
            return ()
        return tuple(self._button(button, extra) for button in spoken.buttons)

    def _button(self, button: Button, extra: Collection[str]) -> ButtonSpec:
        if button.flow is not None and button.flow not in self._flows:
            self._report.error("unknown-flow", button.flow.at, f"there is no flow `{button.flow}`",
                               suggestion=did_you_mean(button.flow, self._flows), length=len(button.flow))  # fmt: skip
        given = [key for key in ("value", "flow", "url", "request") if getattr(button, key) is not None]
        if len(given) > 1:
            self._report.error("bad-value", button.key_at(given[1]), f"a button has `{given[0]}` or `{given[1]}`, not both",
                               length=len(given[1]))  # fmt: skip
        if button.args is not None and button.flow is None:
            self._report.error("bad-value", button.key_at("args"), "`args` go with `flow`", length=4)
        labels = self.labels(button.text, extra)
        return ButtonSpec(
            text=labels[""],
            texts={language: label for language, label in labels.items() if language},
            value=self._pieces.value(button.value, extra) if button.value is not None else None,
            flow=str(button.flow) if button.flow is not None else None,
            args=self._pieces.values(button.args),
            url=self._pieces.url(button.url) if button.url is not None else None,
            request=button.request or "",
            condition=self._pieces.condition(button.condition, extra)
            if button.condition is not None
            else None,
        )

    def labels(self, wording: Wording, extra: Collection[str] = ()) -> dict[str, Template]:
        """A label by language; under `""` the one that stands for all, of the robot's first language."""
        variants = {language: texts[0] for language, texts in self.wording(wording, extra).items()}
        fallback = variants.get("") or variants.get(self._languages[0]) or next(iter(variants.values()))
        return {**variants, "": fallback}

    def _media_of(self, spoken: Spoken, extra: Collection[str]) -> tuple[MediaSpec, ...]:
        media: list[MediaSpec] = []
        for kind in ("image", "file", "audio"):
            path: Text | None = getattr(spoken, kind)
            if path is None:
                continue
            template = self._pieces.template(path, extra=extra)
            if template.constant is not None and "://" not in path and path not in self._media:
                self._report.error(
                    "unknown-file", path.at, f"there is no file `{path}` in the robot's folder",
                    suggestion=did_you_mean(str(path), self._media) or "media lie below `media/`", length=len(path),
                )  # fmt: skip
            media.append(MediaSpec(kind, template))
        return tuple(media)

    def _keyed(self, spoken: Spoken, extra: Collection[str]) -> Message | None:
        """The message under `texts:` that a `key` names."""
        if spoken.key is None:
            return None
        key = str(spoken.key)
        model = self._texts.get(key)
        if model is None:
            if key not in self._known_texts:
                self._report.error("unknown-text", spoken.key.at, f"there is no text `{key}` under `texts:`",
                                   suggestion=did_you_mean(key, self._known_texts), length=len(key))  # fmt: skip
            return None
        if model.key is not None:
            self._report.error(
                "bad-value", model.key.at, "a text under `texts:` has words of its own, no `key`"
            )
            return None
        return self.message(model, extra)

    def _channels(self, spoken: Spoken, extra: Collection[str]) -> dict[str, Message]:
        return {channel: self.message(message, extra) for channel, message in (spoken.channels or {}).items()}
