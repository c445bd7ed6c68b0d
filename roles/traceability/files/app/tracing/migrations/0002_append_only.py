"""Have the database itself refuse to change what is recorded, whoever asks.

The role hands the tables and these functions to the database's superuser afterwards (``files/seal.sql``), so that the
application's account can neither switch the triggers off nor replace them.
"""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

STATEMENTS = Path(__file__).with_name("append_only.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    """Triggers on events, lots and pictures; there is no way back on purpose."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("tracing", "0001_records")]
    operations: ClassVar[list[migrations.RunSQL]] = [migrations.RunSQL(STATEMENTS)]
