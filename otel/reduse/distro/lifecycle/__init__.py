"""How the parts live in a process: put in place, woken by its first work, flushed, forked, ended."""
