"""Files of data sets and runs: whole or absent, on a disk or in a bucket."""
