"""Tells people on duty that a gateway refuses our account: one text an incident, and one an hour at the most.

The lane itself says so in the log and in /readyz, and goes on by itself: a text a minute tries again. Called
by workers/schedule.py.
"""

from __future__ import annotations

from sms_service.circuits import Circuits
from sms_service.services.texts import duty
from workers.process import Process


class Alarms:
    """`look` every few seconds. It remembers what it has told; other processes find it in the rows."""

    def __init__(self, here: Process) -> None:
        self._here = here
        self._circuits = Circuits(here.runtime.redis)
        self._told: set[str] = set()

    def look(self) -> None:
        """Text whoever is on duty when a gateway has stopped. Raises Unavailable."""
        runtime = self._here.runtime
        for gateway in runtime.senders:
            trouble = self._circuits.find_trouble(gateway.name)
            if trouble is None or trouble.state != "stopped":
                continue
            key = f"{gateway.name}:{trouble.since // 3600}"
            if key not in self._told:
                with runtime.store.transaction() as tx:
                    duty.alert(tx, self._here.settings, "lane_stopped", runtime.clock.now(), key)
                self._told.add(key)
