"""Teach PostgreSQL to take Vietnamese words without their marks: the text search configuration ``vietnamese``."""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations

CREATE = """
CREATE TEXT SEARCH CONFIGURATION vietnamese (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION vietnamese
    ALTER MAPPING FOR word, asciiword, hword, asciihword, hword_part, hword_asciipart, numword, numhword, hword_numpart
    WITH unaccent, simple;
"""


class Migration(migrations.Migration):
    """PostgreSQL trusts a database's owner with ``unaccent``."""

    initial = True
    dependencies = []
    operations = [
        UnaccentExtension(),
        migrations.RunSQL(CREATE, "DROP TEXT SEARCH CONFIGURATION vietnamese"),
    ]
