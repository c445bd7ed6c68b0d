"""Mail that is kept with the transaction that wrote it, and handed to the host's mail queue afterwards."""
