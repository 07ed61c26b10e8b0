"""Faults by what they disturb: processes, connections, disks, clocks, and the whole machine."""
