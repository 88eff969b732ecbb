"""Which kind of violation it is, where it is one."""
