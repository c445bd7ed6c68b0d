"""YAML documents as data with places: read defensively, resolved by the YAML 1.2 core rules, all faults at once."""
