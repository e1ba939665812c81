"""What every store must do, stated once; the tests of each store inherit it and give the fixture `store`, open."""

from __future__ import annotations

from doubles.storage_contract.external import ExternalContract
from doubles.storage_contract.log import LogContract
from doubles.storage_contract.people import PeopleContract
from doubles.storage_contract.queue import QueueContract


class StoreContract(QueueContract, LogContract, PeopleContract, ExternalContract):
    """Inherited by the tests of each store."""
