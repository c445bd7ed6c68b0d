"""Converging hosts: the inventory that Ansible works on, and running its playbooks."""
