"""Ways to a host: sockets in the lab's namespace, OpenSSH, and an agent that holds the key. Fakes beside them."""
