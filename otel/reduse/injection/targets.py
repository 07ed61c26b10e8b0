"""For which interpreters the folder has packages."""

from dataclasses import dataclass
from typing import Literal

VERSIONS = ("3.11", "3.12", "3.13")
PROCESSORS = ("x86_64", "aarch64")
Libc = Literal["gnu", "musl"]

# Wheels of the older of these run where the newer do. pip compares names only.
_GNU = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_24", "manylinux_2_17", "manylinux2014", "manylinux_2_12")
_MUSL = ("musllinux_1_2", "musllinux_1_1")


@dataclass(frozen=True)
class Target:
    """One kind of interpreter: CPython of a version, on Linux with a processor and a C library."""

    version: str
    processor: str
    libc: Libc

    @property
    def folder(self) -> str:
        """As such an interpreter names its own extension modules (PEP 3149)."""
        return f"cpython-{self.version.replace('.', '')}-{self.processor}-linux-{self.libc}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags (PEP 600, PEP 656) of wheels that it can use."""
        return tuple(f"{each}_{self.processor}" for each in (_GNU if self.libc == "gnu" else _MUSL))

    @property
    def markers(self) -> dict[str, str]:
        """What it answers to the markers of requirements (PEP 508)."""
        return {
            "extra": "",
            "implementation_name": "cpython",
            "implementation_version": f"{self.version}.0",
            "os_name": "posix",
            "platform_machine": self.processor,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.version}.0",
            "python_version": self.version,
            "sys_platform": "linux",
        }


ALL = tuple(
    Target(version, processor, libc) for version in VERSIONS for processor in PROCESSORS for libc in ("gnu", "musl")
)
