"""The commune's readings on the server: taken from the broker, judged, kept, shown."""
