"""The stack of one commune on one target."""
