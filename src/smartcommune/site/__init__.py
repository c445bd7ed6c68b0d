"""The Site: the compiled desired state of one commune on one target."""
