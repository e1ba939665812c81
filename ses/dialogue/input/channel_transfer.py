"""Channel transfer: a conversation goes on in another channel.

Its reader follows a link from here to there. There the robot asks whether to go on, and after a yes three turns, each a
transaction, transfer the dialogue: the chat claims it, the conversation exports its state and begins anew, the chat imports
it and asks the open question. Each hands an inbound to the next conversation together with its own leg, so a death between
them only delays it, and turns that run on either side come first. A link is used up by the turn that exports: turns of one
conversation follow one another, so no second chat can have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from ses.dialogue.output.messages import engine_text
from ses.dialogue.running.errors import event_flow
from ses.dialogue.state.reset import reset_session
from ses.dialogue.state.session import Pending, Session
from ses.dialogue.state.stack import active_flows, push_activity
from ses.dialogue.state.turn import Draft, Turn
from ses.dialogue.state.versions import migrate_versions
from ses.messages import ChannelTransfer, Inbound

TOKEN = "go_"  # noqa: S105  what tokens of such links begin with
YES, NO = 0, 1
"""Indices of the question's buttons."""


def link_hash(token: str) -> bytes:
    """By which a link is known; its token is kept nowhere."""
    return sha256(token.encode()).digest()


async def offer_transfer(turn: Turn, inbound: Inbound) -> bool:
    """Whether event `start` came with a link: then the reader is asked whether to go on here."""
    token = inbound.payload.get("token")
    if inbound.event != "start" or not isinstance(token, str) or not token.startswith(TOKEN):
        return False
    turn.understood = True
    hash_ = link_hash(token)
    link = await turn.ports.link(hash_)
    session = turn.session
    here = (session.connector, session.robot)
    # In a group others would read along.
    if link is None or link.expires < turn.at or (link.to, link.robot) != here or ":" in session.id:
        _say(turn, "ses.link_over")
        return False
    turn.trace.understood("passage", link.connector)
    value = {"link": hash_.hex(), "connector": link.connector, "session": link.session}
    session.pending = Pending(kind="passage", value=value, options=[YES, NO])
    turn.repeat_question = True
    return True


def answer_offer(turn: Turn, link: Mapping[str, str], option: int) -> None:
    """The reader has answered: `link` is the value of the question, which its buttons carry too. They are good as long as
    the link is, whatever was said in between: in VK people come with words of their own."""
    session = turn.session
    if option == YES:
        here = (session.connector, session.id)
        claim = ChannelTransfer(
            kind="claim",
            link=bytes.fromhex(link["link"]),
            connector=here[0],
            session=here[1],
            user=_user(session),
        )
        key = sha256("/".join((link["link"], *here)).encode()).hexdigest()[:32]
        there = (link["connector"], link["session"])
        turn.send_inbound(_inbound(turn, *there, id_=f"~go-{key}", transfer=claim))
        turn.repeat_question = False
        return
    flow = event_flow(turn, "start")
    if flow is not None and not session.stack and flow not in active_flows(session):
        push_activity(turn, flow, kind="event", args={"event": {"name": "start"}})
    else:
        _say(turn, "ses.stay")


async def run_transfer_step(turn: Turn, inbound: Inbound, transfer: ChannelTransfer) -> None:
    """What another conversation sent."""
    turn.trace.understood("passage", transfer.kind)
    turn.understood = True
    if transfer.kind == "claim":
        await _export_dialogue(turn, inbound, transfer)
    elif transfer.kind == "arrival":
        _import_dialogue(turn, transfer)
    else:
        _say(turn, "ses.link_over")
        turn.repeat_question = True


async def _export_dialogue(turn: Turn, inbound: Inbound, claim: ChannelTransfer) -> None:
    session = turn.session
    link = await turn.ports.link(claim.link)
    known = link is not None and (link.connector, link.session) == (session.connector, session.id)
    if link is None or not known or link.to != claim.connector or link.expires < inbound.at:
        answer = ChannelTransfer(kind="refusal")
    else:
        answer = ChannelTransfer(
            kind="arrival", state=_exported(session), versions=tuple(sorted(session.versions()))
        )
        turn.elsewhere = turn.elsewhere._replace(join=(claim.user, _user(session)), spent=claim.link)
        reset_session(turn, session)
        _say(turn, "ses.moved")
    there = (claim.connector, claim.session)
    turn.send_inbound(_inbound(turn, *there, id_=f"{inbound.id}+", transfer=answer, user=claim.user))


def _exported(session: Session) -> bytes:
    """What goes along: all but the numbers, and the buttons that were shown there."""
    return Session(
        "",
        "",
        "",
        language=session.language,
        stack=session.stack,
        activities=session.activities,
        questions=session.questions,
        variables=session.variables,
        slots=session.slots,
        page=session.page,
        variants=session.variants,
        pending=session.pending,
        fallbacks=session.fallbacks,
    ).encode()


def _import_dialogue(turn: Turn, arrival: ChannelTransfer) -> None:
    """The dialogue goes on here instead of what was here."""
    session = turn.session
    reset_session(turn, session)
    session.touched = turn.at
    came = Session.decode(arrival.state)
    session.language = session.language or came.language
    session.stack = came.stack
    session.activities = max(session.activities, came.activities)
    session.questions = max(session.questions, came.questions)
    session.variables = came.variables
    session.slots = came.slots
    session.page = came.page
    session.variants = came.variants
    session.pending = came.pending
    session.fallbacks = came.fallbacks
    migrate_versions(turn, release=False)
    turn.prepend(engine_text(turn, "ses.continued"), name="ses.continued")
    turn.repeat_question = True


def _say(turn: Turn, key: str) -> None:
    text = engine_text(turn, key)
    if text:
        turn.session.labels = False
        turn.drafts.append(Draft(text, None, voice=turn.with_voice()))


def _user(session: Session) -> str:
    """Under which name the values of its person are kept."""
    return session.user or f"{session.connector}/{session.id}"


def _inbound(
    turn: Turn, connector: str, session: str, *, id_: str, transfer: ChannelTransfer, user: str = ""
) -> Inbound:
    return Inbound(
        connector=connector,
        session=session,
        id=id_[:64],
        robot=turn.session.robot,
        channel=connector.partition(".")[0],
        at=turn.at,
        user=user,
        external=True,
        transfer=transfer,
    )
