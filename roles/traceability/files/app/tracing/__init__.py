"""Traceability of the commune's products: lots, append-only events, GS1 Digital Link pages and labels."""
