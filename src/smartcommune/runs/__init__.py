"""Runs: what one ``apply`` or ``verify`` does from Pulumi to the report, and the record that it leaves."""
