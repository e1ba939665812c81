"""The child of `ses.migrations.child`: one upgrade, told on standard input."""

from __future__ import annotations

import json
import sys
from functools import partial

from ses.migrations.child import decoded
from ses.migrations.upgrading import connected, upgrade

if __name__ == "__main__":
    url, fields = json.load(sys.stdin)
    connected(url, partial(upgrade, history=decoded(fields)))
