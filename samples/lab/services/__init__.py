"""The warehouse's own programs, each a process on a host of its own."""
