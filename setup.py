"""Compiles the kernels of the LSTM where there is a C compiler; all else is in pyproject.toml.

Without them an LSTM trains to the same bits, and slower.
"""

from hashlib import sha256
from pathlib import Path

from setuptools import Extension, setup

SOURCE = Path("worker/training/encoders/kernels.c")

setup(
    ext_modules=[
        Extension(
            ".".join(SOURCE.with_suffix("").parts),
            [str(SOURCE)],
            depends=["setup.py"],
            define_macros=[("SOURCE", f'"{sha256(SOURCE.read_bytes()).hexdigest()}"')],
            # every operation is rounded by itself, so the bits do not depend on the machine
            extra_compile_args=[
                "-O3",
                "-ffp-contract=off",
                "-fno-math-errno",
                "-fno-trapping-math",
            ],
            optional=True,
        )
    ]
)
