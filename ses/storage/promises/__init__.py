"""What every store must do, stated once; the tests of each store inherit it and give the fixture `store`, open."""

from __future__ import annotations

from ses.storage.promises.log import LogContract
from ses.storage.promises.outside import OutsideContract
from ses.storage.promises.people import PeopleContract
from ses.storage.promises.queue import QueueContract


class StoreContract(QueueContract, LogContract, PeopleContract, OutsideContract):
    """Inherited by the tests of each store."""
