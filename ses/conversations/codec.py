"""Messages as the bytes of their rows, and back."""

from __future__ import annotations

import msgspec

from ses.messages import Inbound, Outgoing

encode = msgspec.json.Encoder().encode
decode_inbound = msgspec.json.Decoder(Inbound).decode
decode_outgoing = msgspec.json.Decoder(Outgoing).decode
