"""How our PostgreSQL is set: sized by memory, durable, and silent about what people wrote."""

from __future__ import annotations

import os
from pathlib import Path

MEBIBYTE = 1024 * 1024
# Below this PostgreSQL swaps pages with the kernel all day; above it, more helps nobody here.
SHARED_BUFFERS_MB_MIN = 64
SHARED_BUFFERS_MB_MAX = 4096
# POSIX shared memory lives in /dev/shm, which containers often cut to 64 MB.
SHM_ROOMY_MB = 256
CONNECTIONS_MAX = 110


def memory_mb() -> int:
    """Memory this process may use, in MiB: the machine's, or the container's when that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        allowed = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):
        allowed = machine
    return min(machine, allowed) // MEBIBYTE


def shared_buffers_mb(memory: int) -> int:
    """An eighth of the memory, within bounds: the page cache does the rest."""
    return max(SHARED_BUFFERS_MB_MIN, min(SHARED_BUFFERS_MB_MAX, memory // 8))


def shared_memory_kind() -> str:
    """Where parallel queries share memory: /dev/shm when it is roomy, System V otherwise."""
    try:
        room = os.statvfs("/dev/shm")  # noqa: S108  # the mount itself, not a file in it
    except OSError:
        return "sysv"
    return "posix" if room.f_frsize * room.f_blocks // MEBIBYTE >= SHM_ROOMY_MB else "sysv"


def parameters(*, socket_dir: str, memory: int) -> dict[str, str]:
    """Every setting we start with. Given on the command line, so no file drifts from the code.

    wal_compression stays off: the wheel is built without lz4, and pglz costs more than it saves.
    """
    return {
        "listen_addresses": "",
        "unix_socket_directories": socket_dir,
        "unix_socket_permissions": "0700",
        "port": "5432",
        "max_connections": str(CONNECTIONS_MAX),
        "shared_buffers": f"{shared_buffers_mb(memory)}MB",
        "effective_cache_size": f"{max(128, memory // 2)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{max(64, min(512, memory // 16))}MB",
        "dynamic_shared_memory_type": shared_memory_kind(),
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "wal_compression": "off",
        "max_wal_size": "4GB",
        "min_wal_size": "512MB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        # Plans made on tables that were small yesterday are kept until these are counted again.
        "autovacuum_naptime": "10s",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        **_silence(),
    }


def _silence() -> dict[str, str]:
    """Messages of failed statements quote what people typed, so none reaches the server's log.

    `log_min_messages=log` keeps starts, recoveries and crashes and drops ERROR and below.
    """
    return {
        "log_statement": "none",
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_min_duration_statement": "-1",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] ",
    }
