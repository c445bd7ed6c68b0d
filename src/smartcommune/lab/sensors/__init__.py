"""Sensors of the lab: play readings into a gateway by the real protocols, from where a sensor of the commune stands.

``scene`` makes what is played from a profile's table of sensors; ``player`` plays it inside a station, as a Modbus TCP
server (:mod:`modbus`) and as MQTT devices (:mod:`mqtt`), with the values of :mod:`series`.
"""
