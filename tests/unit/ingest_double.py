"""A double of the server that takes readings: it keeps each number once, and says through which none is missing."""

from __future__ import annotations

import json
import sqlite3


class IngestDouble:
    """Takes a gateway's batches; ``rows`` are what it holds."""

    def __init__(self, path=":memory:"):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute(
            "create table if not exists taken (sequence integer primary key, sensor, quantity, time, raw, value, unit)"
        )
        self.through, self.repeated = 0, 0

    def take(self, payload):
        """Keep a batch, and return the acknowledgement."""
        batch = json.loads(payload)
        before = self.count()
        self.db.execute("begin")
        self.db.executemany(
            "insert or ignore into taken values (:sequence, :sensor, :quantity, :time, :raw, :value, :unit)",
            batch["readings"],
        )
        self.db.execute("commit")
        self.repeated += len(batch["readings"]) - (self.count() - before)
        self.through = max(self.through, batch["oldest"] - 1)
        while self.db.execute("select 1 from taken where sequence = ?", (self.through + 1,)).fetchone():
            self.through += 1
        return json.dumps({"through": self.through}).encode()

    def close(self):
        """Let go of what it holds."""
        self.db.close()

    def count(self):
        """Return how many readings it holds."""
        return self.db.execute("select count(*) from taken").fetchone()[0]

    def sequences(self):
        """Return their numbers, in order."""
        return [row[0] for row in self.db.execute("select sequence from taken order by sequence")]
