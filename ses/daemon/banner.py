"""The banner: what the daemon shows on the terminal it was started from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ses import __version__
from ses.gateway.api.robots import finding_line
from ses.scenario.findings.report import Finding


def banner(
    api: str,
    public: str,
    *,
    robots: Sequence[str],
    sites: Sequence[str],
    findings: Mapping[str, Sequence[Finding]],
    keys: bool,
    model: bool,
) -> str:
    """One screen. `api` and `public` are the listeners' addresses; `model`: there is one to talk to."""
    lines = [f"SES {__version__}", ""]
    talk = [f"{public}/demo/{site}" for site in sites]
    key = '-H "X-API-Key: …" ' if keys else ""
    if talk:
        lines += [
            f"  {'talk to a robot' if number == 0 else '':18}{address}" for number, address in enumerate(talk)
        ]
    if model:
        lines.append(f"  {'talk to the model':18}{api}/chat")
    lines.append(f"  {'try the API':18}{api}/docs")
    lines.append(f"  {'robots':18}{', '.join(robots) or 'none yet: put one into the folder scenarios/'}")
    if robots:
        ask = f"""curl {key}--json '{{"text": "…"}}' {api}/ses/ask/{robots[0]}"""
        lines.append(f"  {'from a shell':18}{ask}")
    errors = {robot: [one for one in some if one.severity == "error"] for robot, some in findings.items()}
    for robot, some in errors.items():
        if some:
            lines += [
                "",
                f"  {robot} has {len(some)} error(s) and does not run as edited (`ses check` shows all):",
            ]
            lines += [f"    {finding_line(one)}" for one in some[:3]]
    lines += [
        "",
        "  Edits of robots act at once. Ctrl-C ends the daemon; conversations go on after the next start.",
        "",
    ]
    return "\n".join(lines)
