"""Plans: what would change on machines and on hosts, and why. Pure data."""
