"""The collector of a sensor gateway: asks and hears sensors, keeps what it took on the disk, hands it on."""
