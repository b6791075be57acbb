"""Arrow without pandas, in processes that use no data frames.

pyarrow imports pandas, where it is there, at the first list or table that it is given, only to know
whether that is one of its own: 50 MiB and a quarter of a second. It looks for it once.
"""

from models.absent_modules import absent


def use_arrow_alone() -> None:
    """Have pyarrow find no pandas in this process, which can still import pandas itself.

    Arrow's own conversions to and from data frames fail from then on.
    """
    import pyarrow as pa

    with absent("pandas"):
        pa.array([None])
