"""Steps of a flow as flat operations."""

from ses.scenario.compiling.lowering.assembly import Context, Lowered, message_names
from ses.scenario.compiling.lowering.flow import Lowering

__all__ = ["Context", "Lowered", "Lowering", "message_names"]
