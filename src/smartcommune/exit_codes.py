"""How the program ends: one number for each outcome, the same for all commands."""

from __future__ import annotations

DONE = 0
FAILED = 1  # a host, a task or a check
INVALID = 2  # wrong use or input: nothing was touched
CHANGES_FOUND = 3  # with --exit-code
NOT_REACHED = 4  # hosts; the rest is done
INTERRUPTED = 130  # the same command goes on from there; 128 + SIGINT
READER_GONE = 141  # nobody reads the output any more; 128 + SIGPIPE
