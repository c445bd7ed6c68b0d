"""The embedded lab: real Debian 13 machines on this computer, one network namespace a commune.

Everything is reached through ``smartcommune.lab.lab.Lab(profile)``; data types are in ``smartcommune.lab.models``.
All operations are idempotent, safe to cut at any point and to run again, and may be called from several threads
(each machine has its own lock)::

    from smartcommune.lab.lab import Lab
    from smartcommune.lab.models import MachineSpec

    lab = Lab("vi-huong")
    lab.ensure_base(progress)                       # Path of the base image; made once, then from the cache
    lab.ensure_network(site.zones)                  # namespace sc-vi-huong, a bridge a zone, routing, package proxy
    state = lab.ensure_machine(spec, owner)         # MachineState; made, adopted or started; does not wait for SSH
    lab.wait_ready("server-1")                      # until sshd answers; raises MachineError with the console's end
    lab.read_machine("server-1")                    # MachineState | None
    lab.set_memory("server-1", bytes)               # in place
    lab.destroy_machine("server-1")                 # kill and remove; absent is fine
    lab.network_exists(), lab.read_network(), lab.delete_network()

Verbs of ``smartcommune lab``: ``list``, ``start``, ``stop``, ``reboot``, ``kill(power=…)``, ``cut``, ``restore``,
``snapshot``, ``reset``, ``open``, ``shell_argv``, ``log_path``, ``status``, ``clean``. Clients of a zone are stations::

    with lab.station("wifi") as phone:              # by DHCP where a host routes, else static; also address="10.20.4.9"
        phone.address, phone.netns, phone.hardware_address, phone.lease, phone.resolvers
        phone.run(["curl", "http://example.com/"])  # CompletedProcess; a program of this computer, in that network
        phone.start(["chromium", "--headless"])     # Popen; ends with the station at the latest
        phone.reaches("10.20.3.10", 443)
    with lab.probe("wifi") as place: ...            # a station with a static address, which needs nobody's help

Needs root. Importing this package itself costs nothing: ``launcher``, ``package_proxy`` and ``relay`` run as bare
programs of the standard library (``python -S -m smartcommune.lab.launcher``), one process each.
"""
