"""Read-only tables of a robot (`data:`), YAML or CSV."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from ses.scenario.findings.report import Report
from ses.scenario.findings.source import Source
from ses.scenario.findings.suggestions import did_you_mean
from ses.scenario.reading.document import read_yaml
from ses.scenario.reading.files import RobotFiles
from ses.scenario.reading.nodes import plain_data

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?")


def read_table(name: str, at: Source, files: RobotFiles, report: Report) -> Any:
    """The data of the table `name`, which the robot mentions `at`: what the YAML file holds, or a list of maps by the
    CSV's header. None when it cannot be read."""
    if name not in files.tables:
        report.error("unknown-file", at, f"there is no file `{name}` in the robot's folder",
                     suggestion=did_you_mean(name, files.tables) or "tables lie below `data/`",
                     length=len(name))  # fmt: skip
        return None
    raw = files.tables[name]
    if name.endswith((".yaml", ".yml")):
        document = read_yaml(name, raw, report)
        return plain_data(document.root) if document.root is not None else None
    if name.endswith(".csv"):
        return _csv(name, raw, report)
    report.error("bad-value", at, "a table is a file `.yaml` or `.csv`", length=len(name))
    return None


def _csv(name: str, raw: bytes, report: Report) -> list[dict[str, Any]]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        report.error(
            "not-utf8",
            Source(name, 1, 1),
            "the file is not UTF-8",
            suggestion="save it in the encoding UTF-8",
        )
        return []
    header_line = text.split("\n", 1)[0]
    delimiter = ";" if header_line.count(";") > header_line.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[dict[str, Any]] = []
    header: list[str] = []
    try:
        for row in reader:
            if not row:
                continue
            if not header:
                header = [cell.strip() for cell in row]
                for cell in header:
                    if header.count(cell) > 1:
                        report.error(
                            "duplicate-name", Source(name, 1, 1), f"the column `{cell}` stands twice"
                        )
                        return []
                continue
            if len(row) != len(header):
                report.error(
                    "bad-table", Source(name, reader.line_num, 1),
                    f"the row has {len(row)} cells, the header {len(header)}",
                )  # fmt: skip
                continue
            rows.append({column: _cell(cell) for column, cell in zip(header, row, strict=True)})
    except csv.Error as error:
        report.error("bad-table", Source(name, max(reader.line_num, 1), 1), f"not CSV: {error}")
    return rows


def _cell(cell: str) -> Any:
    """Numbers as people write them in tables; `007` and `+7913…` stay texts, an empty cell is none."""
    cell = cell.strip()
    if cell == "":
        return None
    if _NUMBER.fullmatch(cell):
        return float(cell) if "." in cell else int(cell)
    return cell
