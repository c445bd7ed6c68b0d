"""The catalogue: one entry per service, kept in the service's own role."""
