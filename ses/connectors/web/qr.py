"""QR codes as a path that a page draws: no picture has to be fetched, so no site's Content-Security-Policy forbids it."""

from __future__ import annotations

import msgspec


class QrCode(msgspec.Struct):
    size: int
    """Modules on each side, the quiet zone of 4 left out."""
    path: str
    """The dark modules, as the `d` of an SVG path in units of a module."""


def qr_code(text: str) -> QrCode:
    """For a link of some hundred characters."""
    import segno

    rows = list(segno.make(text, error="m", micro=False).matrix)
    return QrCode(len(rows), "".join(_runs(y, row) for y, row in enumerate(rows)))


def _runs(y: int, row: bytearray) -> str:
    """The dark modules of a row, those beside each other as one bar."""
    path, start = "", -1
    for x, dark in enumerate((*row, 0)):
        if dark and start < 0:
            start = x
        elif not dark and start >= 0:
            path += f"M{start} {y}h{x - start}v1H{start}z"
            start = -1
    return path
