"""Simulators of devices whose systems cannot be had: stateful command lines over SSH, with ways back that really work.

They are simulators: they know the commands that the toolkit uses, keep what they are told, and cut the line when a
change would have. They prove the toolkit's side of a conversation; what a vendor's release really answers is to be
seen on a device.
"""
