"""The citizens' Wi-Fi: a keeper that lets devices out and keeps the log, and a portal that shows them the terms."""
