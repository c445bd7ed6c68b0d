"""Ways to hosts and devices: sockets in the lab's namespace, OpenSSH, its agent, Netmiko. Fakes beside them."""
