"""The device that the tests of `tests/device` train on."""

import os

import pytest

DEVICE = os.environ.get("TRIPLETLAB_TEST_DEVICE", "cpu")
if (
    DEVICE == "cuda"
):  # cuBLAS repeats its sums only with a workspace of fixed size; before it begins
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

needs_cuda = pytest.mark.skipif(DEVICE != "cuda", reason="TRIPLETLAB_TEST_DEVICE is not cuda")
