"""Steps of a flow as flat operations."""

from ses.scenario.lowering.assembly import Context, Lowered, message_names
from ses.scenario.lowering.flow import Lowering

__all__ = ["Context", "Lowered", "Lowering", "message_names"]
