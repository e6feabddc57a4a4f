"""The operators' console of central: server-rendered pages over the registry, the devices and the events."""
