"""What authors get wrong, and what `ses check` says. `▲` marks the place where the finding must stand."""

from __future__ import annotations

from typing import NamedTuple

import pytest

LANGUAGE = "language: ru\n"


class Bad(NamedTuple):
    name: str
    text: str
    code: str
    suggestion: str = ""
    """Part of the suggestion."""
    severity: str = "error"


READING = [
    Bad("a text cut by #", "title: Заказ ▲#5\n", "text-cut-short", 'title: "Заказ #5"'),
    Bad("a text that is nothing but #", "title: ▲#хит\n", "text-cut-short", '"#хит"'),
    Bad("a variant cut by #", "flows: {a: {on: x, steps: [say: [Один, Заказ ▲#5\n ]]}}\n", "text-cut-short"),
    Bad("an alias for a text", "title: ▲*важно\n", "unquoted-text", 'title: "*важно"'),
    Bad(
        "a pattern without quotes",
        "flows:\n  a:\n    on:\n      - ▲* хочу * пицца *\n    steps: [end]\n",
        "unquoted-text",
        '- "* хочу * пицца *"',
    ),
    Bad("an at sign", "title: ▲@дом\n", "unquoted-text", '"@дом"'),
    Bad("a per cent sign", "title: ▲%5\n", "unquoted-text", '"%5"'),
    Bad("an ampersand that eats a word", "title: ▲&Co и партнёры\n", "unused-anchor", '"&Co и партнёры"'),
    Bad("an ampersand before Russian", "title: ▲&Ко и партнёры\n", "unquoted-text", '"&Ко и партнёры"'),
    Bad("an ampersand alone", "title: ▲& Ко\n", "unquoted-text", '"& Ко"'),
    Bad("an exclamation mark", "title: ▲!important текст\n", "tag", '"!important текст"'),
    Bad("a bracket", "title: ▲[можно] пиццу\n", "unquoted-text", '"[можно] пиццу"'),
    Bad("braces", "title: ▲{{ title }} — робот\n", "unquoted-text", '"{{ title }} — робот"'),
    Bad("a greater-than sign", "title: ▲> привет\n", "unquoted-text", '"> привет"'),
    Bad("a bar", "title: ▲| привет\n", "unquoted-text", '"| привет"'),
    Bad("a colon inside", "title: Цена▲: 5 рублей: дорого\n", "unquoted-text", '"Цена: 5 рублей: дорого"'),
    Bad("a colon at the end", "title: Выберите▲:\n", "unquoted-text", 'title: "Выберите:"'),
    Bad(
        "a colon at the end of an item",
        "flows:\n  a:\n    on: x\n    steps:\n      - say:\n          - ▲Выберите:\n",
        "wrong-type",
        '"Выберите:"',
    ),
    Bad("a tab", "session:\n▲\tidle: 5m\n", "tab", "  idle: 5m"),
    Bad("a key twice", "title: А\n▲title: Б\n", "duplicate-key", "keep one"),
    Bad("a merge", "base: &b {idle: 5m}\nsession:\n  ▲<<: *b\n", "merge-key"),
    Bad("a tag", "title: ▲!!int 5\n", "tag"),
    Bad("an alias to nothing", "title: {a: ▲*b}\n", "bad-yaml"),
    Bad("an alias to itself", "session: &a\n  idle: ▲*a\n", "alias-bomb"),
    Bad("a second document", "title: А\n▲---\ntitle: Б\n", "second-document"),
    Bad("a quote left open", "title: ▲'А\n", "bad-yaml", "'А'"),
    Bad("a list for a key", "▲[а, б]: в\n", "bad-key"),
    Bad(
        "a comma inside braces",
        "flows: {a: {on: x, steps: [{say: Привет, ▲мир}]}}\n",
        "text-cut-short",
        '"Привет, мир"',
    ),
    Bad("a control character", "title: А▲\x01Б\n", "bad-yaml"),
]

SHAPE = [
    Bad("an unknown top-level key", "▲flowz: {}\n", "unknown-key", "did you mean `flows`?"),
    Bad("an unknown key of a slot", "slots: {a: {type: text, ask: А?, ▲retris: 3}}\n", "unknown-key", "`retries`"),
    Bad("an unknown key of a flow", "flows: {a: {on: x, ▲step: [end]}}\n", "unknown-key", "`steps`"),
    Bad("an unknown key of a message", "flows: {a: {on: x, steps: [{say: {text: А, ▲knopki: [Б]}}]}}\n", "unknown-key", "known here"),
    Bad("an unknown step", "flows: {a: {on: x, steps: [{▲sayy: А}]}}\n", "unknown-step", "`say`"),
    Bad("a text for a step", "flows: {a: {on: x, steps: [▲Привет]}}\n", "unknown-step", "say: Привет"),
    Bad("a bare step misspelt", "flows: {a: {on: x, steps: [▲retrun]}}\n", "unknown-step", "`return`"),
    Bad("two steps in one map", "flows: {a: {on: x, steps: [{say: А, ▲end: }]}}\n", "two-steps", "- end"),
    Bad("an if without then", "flows: {a: {on: x, steps: [{▲if: 1 > 2}]}}\n", "missing-key", "then"),
    Bad("yes for true", "slots: {a: {type: text, ask: А?, optional: ▲yes}}\n", "wrong-type", "write `true`"),
    Bad("нет for false", "flows: {a: {on: x, interruptible: ▲нет, steps: [end]}}\n", "wrong-type", "write `false`"),
    Bad("a text for a number", "slots: {a: {type: text, ask: А?, retries: ▲два}}\n", "wrong-type"),
    Bad("a number for a duration", "session: {idle: ▲30}\n", "wrong-type", "30s"),
    Bad("a number over one", "qas: {threshold: ▲60}\n", "wrong-type"),
    Bad("a word that is not offered", "slots: {a: {type: text, ask: А?, keep: ▲sesion}}\n", "bad-value", "`session`"),
    Bad("a list for a flow", "flows: {a: ▲[say, end]}\n", "wrong-type"),
    Bad("a list for flows", "flows: ▲[a, b]\n", "wrong-type"),
    Bad("nothing where a text is expected", "flows: {a: {on: x, steps: [{say: ▲}]}}\n", "missing-value"),
    Bad("a name with a blank", "slots: {▲мой адрес: {type: text, ask: А?}}\n", "bad-name", "мой_адрес"),
    Bad("a name that means something else", "slots: {▲user: {type: text, ask: А?}}\n", "bad-name", "user_"),
    Bad("one option for a model", "flows: {a: {on: x, steps: [{llm: {choice: ▲[да]}}]}}\n", "bad-value", "[yes, no]"),
    Bad("two forms of an answer", "flows: {a: {on: x, steps: [{llm: {choice: [а, б], ▲json: {c: text}, save: x}}]}}\n", "bad-value"),
    Bad("JSON for a reader", "flows: {a: {on: x, steps: [{llm: {▲json: {c: text}}}]}}\n", "bad-value", "save"),
    Bad("a form that is shown as it grows", "flows: {a: {on: x, steps: [{llm: {choice: [а, б], ▲stream: true}}]}}\n", "bad-value"),
    Bad("a tool that asks", "slots: {s: {type: text, ask: А?}}\nflows: {a: {on: x, steps: [{llm: {tools: [▲t]}}]}, t: {callable: А, needs: s}}\n", "tool-waits", "route"),
    Bad("a tool without a word for the model", "flows: {a: {on: x, steps: [{llm: {tools: ▲t}}]}, t: {steps: [end]}}\n", "not-callable", "callable"),
    Bad("a flow that a model cannot pick", "flows: {a: {on: x, steps: [{llm: {route: [▲ordr, a]}}]}}\n", "unknown-flow"),
    Bad("a slot that a model cannot fill", "flows: {a: {on: x, steps: [{llm: {fill: [▲citi]}}]}}\n", "unknown-slot"),
    Bad("an argument of no type", "flows: {a: {on: x, callable: {about: А, args: {n: ▲intger}}, steps: [end]}}\n", "unknown-entity", "`integer`"),
    Bad("a type that JSON has not", "flows: {a: {on: x, steps: [{llm: {json: {c: ▲phone}, save: x}}]}}\n", "bad-value"),
    Bad("a voice without words", "flows: {a: {on: x, steps: [{say: {image: media/a.png, ▲voice: true}}]}}\n", "bad-value", "text"),
    Bad("an unknown way to answer aloud", "voice: {answer: ▲allways}\n", "bad-value", "`always`"),
    Bad("a recogniser without a model", "voice: {spr: ▲{emotion: true}}\n", "missing-key"),
    Bad("a key of search without search", "flows: {a: {on: x, steps: [{sbs: {▲dataset: d, save: x}}, {say: '{{ x }}'}]}}\n", "bad-value", ""),
    Bad("a search in nothing", "flows: {a: {on: x, steps: [{sbs: ▲{method: search, save: x}}, {say: '{{ x }}'}]}}\n", "missing-key", "dataset"),
    Bad("an unknown question about a voice", "flows: {a: {on: x, steps: [{sbs: {method: ▲analyse, save: x}}, {say: '{{ x }}'}]}}\n", "bad-value", "`analyze`"),
    Bad("a field that no voice has", "voice: {spr: m}\n" + 'flows: {a: {on: x, steps: [{say: "{{ message.voice.▲sex }}"}]}}\n', "unknown-field"),
    Bad("an unknown event", "events: {▲strat: [{say: А}]}\n", "unknown-event", "`start`"),
    Bad("hours that are none", "session: {quiet: ▲21-9}\n", "wrong-type", "", "error"),
    Bad("an unknown channel of an event", "events: {▲start@whatsapp: [{say: А}]}\n", "unknown-channel", "telegram"),
    Bad("an unknown channel of a message", "flows: {a: {on: x, steps: [{say: {text: А, channels: {▲telegrm: {text: Б}}}}]}}\n", "unknown-channel", "`telegram`"),
]  # fmt: skip

LATER = [
    Bad(f"the step {step}", "flows: {a: {on: x, steps: [{▲" + step + ": {}}]}}\n", "later-step")
    for step in "wait timer cancel script parallel choose track handover".split()
] + [
    Bad(f"the event {event}", f"events: {{▲{event}: [{{say: А}}]}}\n", "later")
    for event in "silence operator leave".split()
] + [
    Bad("schedules", "▲schedules: {}\n", "later"),
    Bad("a model of the robot", "▲llm: {}\n", "later"),
    Bad("migrations", "▲migrations: {}\n", "later"),
    Bad("a slot from a script", "slots: {a: {type: text, ask: А?, ▲from: {script: crm}}}\nflows: {f: {on: x, needs: a}}\n", "later"),
]  # fmt: skip

A = "flows: {a: {on: x, steps: [%s]}}\n"
NAMES = [
    Bad("an unknown flow", A % "{goto: ▲ordr}" + "  \n", "unknown-flow"),
    Bad("an unknown flow, called", "flows: {order: {on: x, steps: [{call: ▲ordr}]}}\n", "unknown-flow", "`order`"),
    Bad("an unknown flow of an event", "events: {start: ▲helo}\nflows: {hello: {on: x, steps: [end]}}\n", "unknown-flow", "`hello`"),
    Bad("an unknown flow of a button", A % "{say: {text: А, buttons: [{text: Б, flow: ▲b}]}}", "unknown-flow"),
    Bad("an unknown flow in within", "flows: {a: {on: x, steps: [end]}, b: {on: y, within: [▲c], steps: [end]}}\n", "unknown-flow"),
    Bad("an unknown slot", "slots: {size: {type: text, ask: А?}}\nflows: {a: {on: x, needs: [size, ▲siez]}}\n", "unknown-slot", "`size`"),
    Bad("an unknown slot, asked", A % "{ask: ▲size}", "unknown-slot", "define it"),
    Bad("an unknown entity", "slots: {size: {type: ▲numbr, ask: А?}}\nflows: {a: {on: x, needs: size}}\n", "unknown-entity", "`number`"),
    Bad("an unknown entity in a pattern", 'flows: {a: {on: "* ▲@razmer *", steps: [end]}}\n', "unknown-entity"),
    Bad("an unknown intent", "intents: {order: {patterns: [х]}}\nflows: {a: {on: [{intent: ▲ordr}, {intent: order}], steps: [end]}}\n", "unknown-intent", "`order`"),
    Bad("an unknown name in a text", "variables: {bonus: 1}\n" + A % 'say: "У вас {{ ▲bonsu }}"', "unknown-name", "`bonus`"),
    Bad("an unknown name in a condition", A % "{if: ▲n > 3, then: end}", "unknown-name", "declare it"),
    Bad("an unknown name in data", A % '{http: {post: "https://a.example", json: {n: "{{ ▲q }}"}}}', "unknown-name"),
    Bad("an unknown name to forget", A % "{unset: ▲q}", "unknown-name"),
    Bad("an unknown text", A % "{say: {key: ▲hello}}", "unknown-text"),
    Bad("an unknown text of the engine", "texts: {▲ses.bak: Назад}\n", "unknown-text", "`ses.back`"),
    Bad("an unknown picture", A % "{say: {text: А, image: ▲media/b.png}}", "unknown-file", "`media/a.png`"),
    Bad("an unknown table", "data: {prices: ▲data/price.yaml}\n", "unknown-file", "data"),
    Bad("an unknown field", A % 'say: "Привет {{ user.▲lang }}"', "unknown-field", "language"),
    Bad("a label twice", A % "{label: l, say: А}, {label: ▲l, say: Б}, {goto: l}, end", "duplicate-name"),
    Bad("one name for a slot and a variable", "slots: {q: {type: text, ask: А?}}\nvariables: {▲q: 1}\nflows: {a: {on: x, needs: q}}\n", "duplicate-name", "rename"),
    Bad("an entity of a built-in name", "entities: {date: ▲{values: {a: [а]}}}\n", "duplicate-name", "my_date"),
    Bad("setting a table", "data: {t: data/t.csv}\n" + A % "{set: {▲t: 1}}", "read-only"),
    Bad("break outside of a loop", A % "▲break", "no-loop"),
]  # fmt: skip

LIST = "entities: {s: {values: {small: [малая], large: [большая]}}}\nslots: {size: {type: s, ask: А?}, n: {type: number, ask: Б?}}\n"
MEANING = [
    Bad("a step after goto", A % "end, {▲say: А}", "dead-step", "label"),
    Bad("a loop with no question", A % "{label: l, say: А}, {▲goto: l}", "endless-loop"),
    Bad("a while that never changes", "variables: {n: 1}\n" + A % "{▲repeat: {while: n > 0, steps: [{say: А}]}}", "endless-loop"),
    Bad("two flows that go to each other", "flows: {a: {on: x, steps: [{goto: b}]}, b: {steps: [{▲goto: a}]}}\n", "endless-loop"),
    Bad("a flow that calls itself", A % "{▲call: a}", "call-cycle", "goto"),
    Bad("two flows, one intent", "intents: {i: {patterns: [х]}}\nflows: {a: {on: {intent: i}, steps: [end]}, b: {on: {intent: ▲i}, steps: [end]}}\n", "same-trigger", "within"),
    Bad("two flows, one command", "flows: {a: {on: {command: go}, steps: [end]}, b: {on: {command: ▲Go}, steps: [end]}}\n", "same-trigger"),
    Bad("two flows, one pattern", 'flows: {a: {on: "* Хочу *", steps: [end]}, b: {on: ▲"*  хочу *", steps: [end]}}\n', "same-trigger"),
    Bad("two intents, one pattern", 'intents: {i: {patterns: ["хочу"]}, k: {patterns: [▲"хочу"]}}\nflows: {a: {on: [{intent: i}, {intent: k}], steps: [end]}}\n', "same-trigger"),
    Bad("a pattern that is not closed", 'flows: {a: {on: "* ▲(хочу *", steps: [end]}}\n', "bad-pattern", ")"),
    Bad("a form that is not one", 'entities: {e: {values: {k: ["▲(а"]}}}\n', "bad-pattern"),
    Bad("a regular expression", 'entities: {e: {pattern: "▲(?=а)б"}}\n', "bad-regex", "RE2"),
    Bad("an expression that is none", A % "{if: 1 >▲, then: end}", "bad-expression"),
    Bad("an unknown filter", A % 'say: "{{ 5|▲mony }}"', "bad-expression", "money"),
    Bad("a block", A % 'say: "▲{% if 1 %}"', "bad-expression", "if"),
    Bad("a text and a number compared", "variables: {name: x}\n" + A % "{if: name > ▲3, then: end}", "wrong-type"),
    Bad("a key that a list does not have", "entities: {s: {values: {small: [малая], large: [большая]}}}\nslots: {size: {type: s, ask: А?}}\nflows: {a: {on: x, needs: size, steps: [{if: size == ▲'larg', then: end}]}}\n", "wrong-type", "large"),
    Bad("a case that a list does not have", LIST + "flows: {a: {on: x, needs: [size, n], steps: [{switch: size, cases: {▲larg: end}}]}}\n", "unknown-value", "`large`"),
    Bad("a slot set to what its list does not have", LIST + "flows: {a: {on: x, needs: [size, n], steps: [{set: {size: ▲larg}}]}}\n", "unknown-value", "`large`"),
    Bad("a date that is none", "slots: {d: {type: date, ask: А?, default: ▲завтра}}\nflows: {a: {on: x, needs: d}}\n", "wrong-type", "today"),
    Bad("a number set to a text", LIST + "flows: {a: {on: x, needs: [size, n], steps: [{set: {n: ▲много}}]}}\n", "wrong-type"),
    Bad("a key that a table does not have", "data: {p: data/p.yaml}\n" + A % 'say: "{{ p.▲margerita }}"', "unknown-field", "margherita"),
    Bad("a check that is a value", "slots: {n: {type: number, ask: А?, check: ▲n}}\nflows: {a: {on: x, needs: n}}\n", "wrong-type"),
    Bad("a question without words", "slots: {n: {type: number}}\nflows: {a: {on: x, needs: [▲n]}}\n", "no-question", "ask"),
    Bad("choices that are none", "slots: {n: {type: number, ask: {say: А?, buttons: choices}}}\nflows: {a: {on: x, needs: n}}\n".replace("ask:", "▲ask:"), "no-choices"),
    Bad("no way out of a question", "slots: {n: {type: number, ask: А?, on_fail: [{▲goto: a}]}}\nflows: {a: {on: x, needs: n}}\n", "no-way-out", "end"),
    Bad("a question in end", "slots: {n: {type: number, ask: А?}}\nevents: {end: [{ask: ▲n}]}\n", "question-in-end"),
    Bad("a question in resume", "slots: {n: {type: number, ask: А?}}\nevents: {resume: [{ask: ▲n}]}\n", "question-in-resume"),
    Bad("a value an on_error leaves empty", A % '{http: {get: "https://a.example", save: r}, on_error: [{say: Нет}]}, {say: "{{ ▲r.id }}"}', "maybe-empty", "test `r`"),
    Bad("a missing translation", "languages: [ru, en]\ntexts: {t: ▲{ru: Да}}\n" + A % "{say: {key: t}}", "missing-translation", "en"),
    Bad("a text given once in two languages", "languages: [ru, en]\ntexts: {t: ▲Да}\n" + A % "{say: {key: t}}", "missing-translation"),
    Bad("a language the robot does not speak", A % "{say: {ru: Да, en: ▲Yes}}", "unknown-language"),
    Bad("a language without word forms", "languages: [ru, ▲de]\n", "unknown-language"),
    Bad("an address that is none", A % "{http: {get: ▲example.org}}", "bad-value", "https://"),
    Bad("two methods", A % '{http: ▲{get: "https://a.example", post: "https://a.example"}}', "bad-value"),
    Bad("a trigger that is two", "flows: {a: {on: [▲{command: a, button: б}], steps: [end]}}\n", "bad-value"),
    Bad("a time zone that is none", "timezone: ▲Europe/Moskow\n", "bad-value", "Europe/Moscow"),
    Bad("choices with a type", 'slots: {c: {type: ▲text, choices: "{{ l }}", ask: А?}}\nvariables: {l: []}\nflows: {a: {on: x, needs: c}}\n', "bad-value"),
    Bad("an intent of nothing", "intents: {i: ▲{}}\nflows: {a: {on: {intent: i}, steps: [end]}}\n", "missing-key"),
    Bad("a flow that does nothing", "flows: {a: ▲{on: x}}\n", "missing-key"),
]  # fmt: skip

WARNINGS = [
    Bad("a comma inside a list with brackets", "texts: {ses.fallback: [Извините, ▲не понял., Ещё раз]}\n", "text-cut-short", '"Извините, не понял."', "warning"),
    Bad("a flow nothing starts", "flows: {▲a: {steps: [end]}}\n", "unreachable-flow", "on:", "warning"),
    Bad("a flow only an unreachable one calls", "flows: {b: {within: [c], on: y, steps: [end]}, ▲c: {steps: [end]}}\n", "unreachable-flow", "", "warning"),
    Bad("an intent nobody listens to", "intents: {▲i: {patterns: [х]}}\n", "unused", "on:", "warning"),
    Bad("a value nobody reads", "variables: {total: 0}\n" + A % '{set: {▲totl: 1}}, {say: "{{ total }}"}', "never-read", "`total`", "warning"),
    Bad("two flows, two forms of one word", 'flows: {a: {on: "* хочу *", steps: [end]}, b: {on: ▲"* хотел *", steps: [end]}}\n', "same-trigger", "=word", "warning"),
    Bad("a pattern that takes everything", 'flows: {a: {on: ▲"*", steps: [end]}}\n', "open-pattern", "fallback", "warning"),
    Bad("a voice in a robot that hears none", A % '{say: "{{ ▲message.voice.text }}"}', "no-voice", "voice: {spr: …}", "warning"),
    Bad("an event of voices in a robot that hears none", "events: {▲unclear: [{say: А}]}\n", "no-voice", "spr", "warning"),
    Bad("answers to voices in a robot that hears none", "voice: {▲answer: when_spoken}\n", "no-voice", "spr", "warning"),
    Bad("a menu that may offer nothing", "variables: {n: 1}\n" + A % "{▲menu: {say: Что?, items: [{text: А, if: n > 1}]}}", "doubtful", "", "warning"),
]  # fmt: skip

ALL = [*READING, *SHAPE, *LATER, *NAMES, *MEANING, *WARNINGS]


def marked(text: str) -> tuple[str, int, int]:
    before = text[: text.index("▲")]
    return text.replace("▲", ""), before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


@pytest.mark.parametrize("bad", ALL, ids=[bad.name for bad in ALL])
def test_is_found_at_its_place_with_a_remedy(bad: Bad, load) -> None:
    text, line, column = marked(bad.text)
    if "languages:" not in text:  # at the end, so that lines keep their numbers
        text = text if bad in READING else text + LANGUAGE
    loaded = load(
        text, media=("media/a.png",), tables={"data/t.csv": "a,b\n1,2\n", "data/p.yaml": "margherita: 1\n"}
    )
    found = [
        (finding.code, finding.at.line, finding.at.column, finding.suggestion)
        for finding in loaded.findings
        if finding.severity == bad.severity
    ]
    matching = [one for one in found if one[:3] == (bad.code, line, column)]
    assert matching, f"expected {bad.code} at {line}:{column}, found {found}"
    assert bad.suggestion in matching[0][3]
    assert (loaded.program is None) == (bad.severity == "error")


def test_there_are_at_least_sixty_cases() -> None:
    assert len(ALL) >= 60
