"""From a leg of a turn to the rows it becomes."""

from __future__ import annotations

from typing import Any

import msgspec

from ses.conversations.codec import decode_inbound, decode_outgoing, encode
from ses.conversations.external.recipients import begun_key_hash
from ses.conversations.lifecycle.expiry import FIRST_EXPIRY, RETENTION
from ses.conversations.turns.ports import TurnPorts
from ses.dialogue.state.ports import HistoryMessage, Increment, Leg
from ses.messages import Attachment, ChannelTransfer, Inbound, Outgoing
from ses.storage.rows import PENDING, SENT, Addition, Arrival, LogLine, OutboxRow, TurnRecord

_encode_trace = msgspec.json.Encoder(enc_hook=str).encode

NOTHING: dict[str, Any] = {}


def turn_record(ports: TurnPorts, leg: Leg, now: float, *, confirmed: bool) -> TurnRecord:
    """`confirmed`: messages wait until they are known to have arrived, and lose private values then; others
    count as delivered at once, and lose them with the next turn."""
    mailbox, session, program = ports.mailbox, leg.session, ports.program
    state = PENDING if confirmed else SENT
    outbox = tuple([_row(message, state) for message in leg.outgoing])
    if not confirmed and not ports.private:
        ports.private = any(row.masked is not None for row in outbox)
    done: tuple[tuple[int, bytes | None], ...] = ()
    trace = None
    if leg.final:
        done = tuple([(one.row, _changed(one.inbound, leg)) for one in ports.batch])
        if leg.keep_trace or mailbox.conversation.connector.startswith("api"):
            trace = _encode_trace(leg.trace) if leg.trace is not None else None
    return TurnRecord(
        session=mailbox.row,
        state=None if leg.session_ended else session.encode(),
        turn=session.turn,
        seq=session.seq,
        at=now,
        expires=now + (RETENTION if leg.session_ended else program.session.expire),
        robot=program.id,
        pinned=" ".join(sorted(session.versions())) if session.stack else "",
        done=done,
        outbox=outbox,
        private=ports.private,
        unmask=mailbox.private,
        user=ports.user if leg.user_variables else "",
        user_values=_user_values(leg) if leg.user_variables else NOTHING,
        trace=trace,
        arrivals=tuple([_arrival(inbound, now) for inbound in leg.elsewhere.inbounds]),
        join=leg.elsewhere.join,
        spent=leg.elsewhere.spent,
        proved=_proved(ports) if leg.final else None,
    )


def spoken(line: LogLine) -> HistoryMessage | None:
    """A line of the log as a language model may read it; none for presses and events."""
    if line.side:
        message = decode_outgoing(line.body)
        text = message.text if message.masked is None else message.masked
        return HistoryMessage("robot", text) if text else None
    inbound = decode_inbound(line.body)
    return HistoryMessage("user", inbound.text) if inbound.text and inbound.spoken else None


def _row(message: Outgoing, state: Any) -> OutboxRow:
    hidden = message.masked
    if hidden is None:
        return OutboxRow(message.seq, encode(message), None, state)
    return OutboxRow(
        message.seq,
        encode(message),
        encode(msgspec.structs.replace(message, text=hidden, masked=None)),
        state,
    )


def _proved(ports: TurnPorts) -> tuple[str, str] | None:
    """The last name that the channel vouched for."""
    names = [one.inbound.proved for one in ports.batch if one.inbound.proved]
    return (names[-1], ports.user) if names else None


def _arrival(inbound: Inbound, now: float) -> Arrival:
    return Arrival(
        connector=inbound.connector,
        session=inbound.session,
        robot=inbound.robot,
        external_id=inbound.id,
        body=encode(inbound),
        at=now,
        expires=now + FIRST_EXPIRY,
        user=inbound.user,
        key_hash=begun_key_hash(inbound.connector) if inbound.variables else None,
    )


def _changed(inbound: Inbound, leg: Leg) -> bytes | None:
    """A message in its final form, when that differs: without private values (and of attachments beside them only the
    kind), with the words that were heard in it, and with nothing of a dialogue that was handed over."""
    if inbound.transfer is not None:
        return encode(msgspec.structs.replace(inbound, transfer=ChannelTransfer(kind=inbound.transfer.kind)))
    if inbound.say is not None and inbound.say.masked is not None:
        said = msgspec.structs.replace(inbound.say, text=inbound.say.masked, masked=None)
        return encode(msgspec.structs.replace(inbound, say=said))
    if not (leg.masked or leg.voices):
        return None
    text = leg.masked.get(inbound.id)
    if text is not None:
        kinds = tuple(Attachment(kind=one.kind) for one in inbound.attachments)
        return encode(msgspec.structs.replace(inbound, text=text, attachments=kinds))
    voice = leg.voices.get(inbound.id)
    if voice is None or not voice.text:
        return None
    return encode(msgspec.structs.replace(inbound, text=voice.text))


def _user_values(leg: Leg) -> dict[str, Any]:
    return {
        name: Addition(value.by) if isinstance(value, Increment) else value
        for name, value in leg.user_variables.items()
    }
