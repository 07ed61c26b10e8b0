"""The folder that is put on the PYTHONPATH of applications that were not built with the distro.

What of it runs in them is `reduse.distro.injected`.
"""
