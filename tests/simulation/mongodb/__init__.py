"""A MongoDB in memory, as much of it as the write path asks for, held to the real one."""
