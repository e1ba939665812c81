"""Faults that run without an error and do something else than was meant. `▲` marks the place of the finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from ses.scenario import load
from ses.scenario.load import load_files, load_robot
from ses.scenario.reading.files import RobotFiles

from .test_bad_robots import Bad, marked

STEPS = "language: en\nflows: {a: {on: x, steps: [%s]}}\n"
FOUR = "{" + " ".join(["{a b c d}"] * 4) + "}"

PATTERNS = [
    Bad("a pattern of too many ways", f'language: en\nflows: {{a: {{on: "▲{{{FOUR} {FOUR}}}", steps: [end]}}}}\n', "bad-pattern", "fewer"),
    Bad("a form of too many ways", f'language: en\nentities: {{e: {{values: {{k: ["▲{{{FOUR} {FOUR}}}"]}}}}}}\nslots: {{s: {{type: e, ask: A?}}}}\nflows: {{a: {{on: x, needs: s}}}}\n', "bad-pattern"),
    Bad("an item of a menu of too many ways", STEPS % f'{{menu: {{say: A?, items: [{{text: B, is: "▲{{{FOUR} {FOUR}}}"}}]}}}}', "bad-pattern"),
]  # fmt: skip

V = "language: en\nvariables: {n: 0, s: word, l: [], b: false}\n"
SAID = "{say: '{{ n }} {{ s }} {{ l }} {{ b }}'}"
F = V + "flows: {a: {on: x, steps: [%s, " + SAID + "]}}\n"
D = 'language: en\nslots: {d: {type: date, ask: A?}, t: {type: time, ask: B?}, p: {type: datetime, ask: C?}}\nflows: {a: {on: x, needs: [d, t, p], steps: [{say: "%s"}]}}\n'

TYPES = [
    Bad("an item added to a number", F % "{set: {n: {▲append: 5}}}", "wrong-type", "add"),
    Bad("an item added to a text", F % "{set: {s: {▲append: 5}}}", "wrong-type"),
    Bad("an item removed from a flag", F % "{set: {b: {▲remove: 0}}}", "wrong-type"),
    Bad("a number added to a list", F % "{set: {l: {▲add: 5}}}", "wrong-type", "append"),
    Bad("a number added to a text", F % "{set: {s: {▲add: 5}}}", "wrong-type"),
    Bad("a text added to a number", F % "{set: {n: {add: ▲many}}}", "wrong-type"),
    Bad("an item added to a slot of one value", "language: en\nslots: {q: {type: number, ask: A?}}\nflows: {a: {on: x, needs: q, steps: [{set: {q: {▲append: 1}}}]}}\n", "wrong-type"),
    Bad("a number that becomes a word", F % "{set: {n: ▲many}}", "doubtful", "", "warning"),
    Bad("a yes that is a text", "language: en\nvariables: {ok: ▲yes}\nflows: {a: {on: x, steps: [{if: ok, then: end}]}}\n", "doubtful", "`true`", "warning"),
    Bad("a no that is a text", F % "{set: {b: ▲no}}", "doubtful", "`false`", "warning"),
    Bad("a Russian yes that is a text", F % "{set: {b: ▲да}}", "doubtful", "`true`", "warning"),
    Bad("an off that is a text, in arguments", V + "flows: {a: {on: x, steps: [{call: {flow: c, args: {b: ▲off}}}]}, c: {steps: [" + SAID + "]}}\n", "doubtful", "`false`", "warning"),
    Bad("the minutes of a date", D % "{{ d|date('dd.▲mm.yyyy') }}", "wrong-type", "'MM' is the month"),
    Bad("the minutes between day and year", F % "{say: \"{{ s|date('dd.▲mm.yyyy') }}\"}", "wrong-type", "'MM' is the month"),
    Bad("the hours of a day", D % "{{ d|date('d MMMM, ▲HH:mm') }}", "wrong-type"),
    Bad("the day of a time", D % "{{ t|date('▲d HH:mm') }}", "wrong-type"),
    Bad("money of a date", D % "{{ d|▲money }}", "wrong-type"),
]  # fmt: skip

E = "language: en\nentities: {e: {values: %s}}\nslots: {q: {type: e, ask: {say: A?, buttons: choices}}}\nflows: {a: {on: x, needs: q}}\n"
LONG = "Thank you, but I need nothing else this time"
BUTTONS = [
    Bad("choices of no slot", STEPS % "{say: {text: A, ▲buttons: choices}}", "no-choices", "", "warning"),
    Bad("choices of a confirm", STEPS % "{confirm: {say: A, ▲buttons: choices}}", "no-choices", "", "warning"),
    Bad("buttons before a question", "language: en\nslots: {n: {type: number, ask: N?, help: {text: A, ▲buttons: [B]}}}\nflows: {a: {on: x, needs: n}}\n", "doubtful", "`ask`", "warning"),
    Bad("an address that runs", STEPS % '{say: {text: A, buttons: [{text: B, url: ▲"javascript:alert(1)"}]}}', "bad-value", "https"),
    Bad("an address that runs, in capitals", STEPS % '{say: {text: A, buttons: [{text: B, url: ▲" JavaScript :alert(1)"}]}}', "bad-value"),
    Bad("an address of data", V + "flows: {a: {on: x, steps: [{say: {text: '{{ l }}{{ b }}{{ n }}', buttons: [{text: B, url: ▲\"data:text/html,{{ s }}\"}]}}]}}\n", "bad-value"),
    Bad("an address that few channels open", STEPS % '{say: {text: A, buttons: [{text: B, url: ▲"tel:+79130000000"}]}}', "doubtful", "https", "warning"),
    Bad("an address without a scheme", STEPS % '{say: {text: A, buttons: [{text: B, url: ▲"example.org"}]}}', "doubtful", "https", "warning"),
    Bad("a long label of a button", STEPS % f'{{say: {{text: A, buttons: [▲"{LONG}"]}}}}', "long-label", "", "warning"),
    Bad("a long label of a menu", STEPS % f'{{menu: {{say: A, items: [{{text: ▲"{LONG}", steps: end}}]}}}}', "long-label", "", "warning"),
    Bad("a long label of a value", E % f'{{k: {{label: ▲"{LONG}", forms: [k]}}}}', "long-label", "", "warning"),
    Bad("a label twice", STEPS % "{say: {text: A, buttons: [More, Less, ▲more]}}", "same-label", "", "warning"),
    Bad("a label twice in a menu", STEPS % "{menu: {say: A, items: [{text: B, steps: end}, {text: ▲B, steps: end}]}}", "same-label", "", "warning"),
]  # fmt: skip
NOWHERE = "language: en\nflows: {a: {on: x, steps: [{say: {text: A, buttons: [%s]}}]}, b: {on: [{button: Menu}, '* order *'], steps: [{say: C}]}}\n"
LABELS = [
    Bad("a label that nothing listens to", NOWHERE % "Menu, ▲Prices", "dead-label", "flow", "warning"),
    Bad("a label that nothing listens to, at the start", "language: en\nevents: {start: [{say: {text: A, buttons: [▲Go]}}]}\n", "dead-label", "", "warning"),
]  # fmt: skip
NAMES = [
    Bad("one form in two values", E % "{one: [first, uno], two: [second, ▲Uno]}", "same-form", "", "warning"),
    Bad("one form in two values, in a choice", E % '{one: ["(first|uno)"], two: [second, ▲"(dos|uno)"]}', "same-form", "", "warning"),
    Bad("an entity without a use", "language: en\nentities: {▲e: {values: {k: [k]}}}\nflows: {a: {on: x, steps: [end]}}\n", "unused", "", "warning"),
    Bad("a variable without a use", "language: en\nvariables: {▲n: 1}\nflows: {a: {on: x, steps: [end]}}\n", "unused", "", "warning"),
    Bad("a text without a use", "language: en\ntexts: {▲bye: Bye}\nflows: {a: {on: x, steps: [end]}}\n", "unused", "", "warning"),
    Bad("an argument that nothing reads", V + "flows: {a: {on: x, steps: [{call: {flow: c, args: {▲nn: 7}}}]}, c: {steps: [" + SAID + "]}}\n", "never-read", "`n`", "warning"),
    Bad("an argument of a button that nothing reads", V + "flows: {a: {on: x, steps: [{say: {text: A, buttons: [{text: B, flow: c, args: {▲wrd: 7}}]}}]}, c: {steps: [" + SAID + "]}}\n", "never-read", "", "warning"),
]  # fmt: skip

YAML = [
    Bad("a quote never closed", 'language: en\nflows:\n  a:\n    on: x\n    steps:\n      - say: ▲"Hello\n      - say: Bye\n      - end\n', "bad-yaml", '"Hello"'),
    Bad("a quote that takes the next one for its end", 'language: en\nflows:\n  a:\n    on: x\n    steps:\n      - say: ▲"Hello\n      - say: "Bye"\n      - end\n', "bad-yaml", '"Hello"'),
    Bad("a single quote never closed", "language: en\nflows:\n  a:\n    on: x\n    steps:\n      - say: ▲'Hello\n      - say: 'it''s'\n      - end\n", "bad-yaml"),
    Bad("a quote never closed in a list", 'language: en\nflows: {a: {on: x, steps: [{say: {text: A, buttons: ["B", ▲"C]}}]}}\n', "bad-yaml"),
    Bad("a blank that does not break, in the indentation", "language: en\nflows:\n  a:\n  ▲\u00a0 on: x\n    steps: [end]\n", "bad-yaml", "    on: x"),
    Bad("an indentation of such blanks", "language: en\nflows:\n  a:\n▲\u00a0\u00a0\u00a0\u00a0on: x\n    steps: [end]\n", "bad-yaml", "    on: x"),
    Bad("a narrow blank in the indentation", "language: en\nsession:\n▲\u202f idle: 5m\n", "bad-yaml"),
]  # fmt: skip

N = "language: en\nslots: {n: {type: number, ask: N?}}\nflows: {a: {on: x, steps: [%s]}}\n"
LOOPS = [
    Bad("a question asked again for ever", N % "{label: l, say: A}, {ask: ▲{slot: n, again: true}}, {goto: l}", "endless-loop", "if", "warning"),
    Bad("a repeat that is never left", N % "{repeat: {while: true, steps: [{ask: ▲{slot: n, again: true}}, {say: A}]}}", "endless-loop", "", "warning"),
    Bad("no failures", "language: en\nslots: {n: {type: number, ask: N?, ▲retries: 0}}\nflows: {a: {on: x, needs: n}}\n", "doubtful", "1", "warning"),
]  # fmt: skip

FAULTS = [*YAML, *LOOPS, *PATTERNS, *TYPES, *BUTTONS, *LABELS, *NAMES]
CORRECT: dict[str, str] = {
    "labels that something listens to": NOWHERE
    % "menu!, I order, Cancel, {text: Site, url: 'https://a.example'}, {text: D, flow: b}",
    "a label that answers what is asked next": STEPS
    % "{say: {text: A, buttons: [Go]}}, {menu: {say: B, items: [{text: Go, steps: end}]}}",
    "a label that the knowledge base may answer": "qas: {categories: [it]}\n" + NOWHERE % "Prices",
    "a question asked again until it is right": N
    % "{label: l, say: A}, {ask: {slot: n, again: true}}, {if: n > 3, then: end}, {goto: l}",
    "a loop with a menu that leads out": N
    % "{label: l, ask: {slot: n, again: true}}, {menu: {say: A, items: [{text: B, steps: end}, {text: C}]}}, {goto: l}",
    "a text of two lines in quotes": 'language: en\nflows:\n  a:\n    on: x\n    steps:\n      - say: "Hello\n          and bye"\n',
    "an address with values": F
    % "{say: {text: A, buttons: [{text: B, url: 'https://a.example/{{ s }}'}, {text: C, url: '{{ s }}'}]}}",
    "a label twice under conditions": F
    % "{say: {text: A, buttons: [{text: B, flow: a, if: b}, {text: B, flow: a, if: not b}]}}",
    "a long label where VK has another": F
    % f'{{say: {{text: A, buttons: [{{text: "{LONG}", flow: a}}], channels: {{vk: {{text: A, buttons: [{{text: B, flow: a}}]}}}}}}}}',
    "a long label of a list of text": STEPS % f'{{say: "{LONG} {LONG}"}}',
    "a word of two values in longer forms": E % "{one: [big one], two: [big two]}",
    "an entity that a pattern looks for": 'language: en\nentities: {e: {values: {k: [k]}}}\nflows: {a: {on: "x @e", steps: [end]}}\n',
    "a text that is said": "language: en\ntexts: {bye: Bye}\n"
    + (STEPS % "{say: {key: bye}}").replace("language: en\n", ""),
    "an argument that is read": "language: en\nflows: {a: {on: x, steps: [{call: {flow: c, args: {k: 7}}}]}, c: {steps: [{say: '{{ k }}'}]}}\n",
    "a value kept by user that an older version read": "language: en\nvariables: {n: {value: 0, keep: user}}\nflows: {a: {on: x, steps: [end]}}\n",
    "operations on what they are for": F % "{set: {n: {add: 1}, l: {append: yes}}}, {set: {l: {remove: 0}}}",
    "a list that a variable becomes": F % "{set: {s: []}}, {set: {s: {append: 1}}}",
    "a yes in quotes": F % '{set: {s: "yes"}}',
    "a yes that is compared": F % "{set: {s: yes}}, {if: s == 'yes', then: end}",
    "a yes that chooses": F % "{set: {s: no}}, {switch: s, cases: {no: end}}",
    "forms of dates": D
    % "{{ d|date('d MMMM y, EEEE') }} {{ t|date('H:mm:ss') }} {{ p|date('dd.MM.yy HH:mm') }}",
}


@pytest.mark.parametrize("bad", FAULTS, ids=[bad.name for bad in FAULTS])
def test_is_found_at_its_place(bad: Bad, load) -> None:
    text, line, column = marked(bad.text)
    loaded = load(text)
    found = [(one.code, one.severity, one.at.line, one.at.column, one.suggestion) for one in loaded.findings]
    matching = [one for one in found if one[:4] == (bad.code, bad.severity, line, column)]
    assert matching, f"expected {bad.code} at {line}:{column}, found {found}"
    assert bad.suggestion in matching[0][4]
    assert (loaded.program is None) == (bad.severity == "error")


@pytest.mark.parametrize("text", CORRECT.values(), ids=CORRECT)
def test_what_is_right_raises_no_alarm(text: str, load) -> None:
    assert [(one.code, one.at, one.message) for one in load(text).findings] == []


def test_whatever_fails_in_one_robot_is_a_finding_of_it(tmp_path: Path, monkeypatch) -> None:
    def fail(*given: object, **more: object) -> None:
        raise ZeroDivisionError("by design")

    (tmp_path / "robot.yaml").write_text(STEPS % "end", "utf-8")
    monkeypatch.setattr(load, "build", fail)
    loaded = load_robot(tmp_path)
    assert loaded.program is None
    assert [(one.code, one.at.file, one.at.line) for one in loaded.findings] == [
        ("internal", "robot.yaml", 1)
    ]
    assert "by design" in loaded.findings[0].message


@pytest.mark.parametrize("bad", YAML, ids=[bad.name for bad in YAML])
def test_what_a_file_that_cannot_be_read_says_is_not_missed(bad: Bad, load) -> None:
    assert [one.code for one in load(marked(bad.text)[0]).findings if one.code == "no-language"] == []


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\r"])
def test_an_open_quote_behind_a_line_break_of_unicode_is_a_finding(mark) -> None:
    loaded = load_files(RobotFiles("demo", {"robot.yaml": f"id: x{mark}{mark}a: 'open\n".encode()}, {}))
    assert "bad-yaml" in {finding.code for finding in loaded.errors}
