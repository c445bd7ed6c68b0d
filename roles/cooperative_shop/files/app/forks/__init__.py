"""Oscar applications that the shop changes; each keeps Oscar's label and takes its place."""
