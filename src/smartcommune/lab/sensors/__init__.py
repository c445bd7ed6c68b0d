"""Sensors of the lab: play readings into a gateway by the real protocols, from where a sensor of the commune stands.

``scene`` makes what is played from a profile's table of sensors, ``stage`` sets up stations, ``player`` plays inside
one: as a Modbus TCP server (:mod:`modbus`) or as MQTT devices (:mod:`mqtt`), with the values of :mod:`series`.
"""
