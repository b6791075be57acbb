"""Memory that was freed goes back to the system, instead of staying with the process.

glibc keeps what was freed for later, in an area for each of many threads, and keeps more the more
is asked for at once. The API reads large things in dozens of threads, and grew by hundreds of
megabytes that it never gave back. (`man mallopt`; other C libraries have no such settings.)
"""

import ctypes

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # from malloc.h
AREAS = 2
LARGE = 256 << 10  # bytes from which a piece of memory is returned as soon as it is freed


def return_freed_memory() -> None:
    """Set this process's allocator; to be called before there are many threads."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, AREAS)
        mallopt(_MMAP_THRESHOLD, LARGE)


def return_memory_now() -> None:
    """Give back what this process has freed and Arrow keeps, such as of making a data set."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
