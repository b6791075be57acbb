"""The location of a bucket, parsed from `TRIPLETLAB_FILES_URL`."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

FORM = "s3://bucket/folder?endpoint=https://host:port&region=name (what follows the ? if needed)"


@dataclass(frozen=True)
class BucketLocation:
    """A folder in a bucket of an S3-compatible store."""

    bucket: str
    folder: str
    """Without slashes at its ends; empty for the whole bucket."""
    scheme: str = "https"
    host: str | None = None
    """With its port; None for AWS."""
    region: str | None = None

    @property
    def root(self) -> str:
        """Bucket and folder, in the form that Arrow takes."""
        return f"{self.bucket}/{self.folder}".rstrip("/")


def parse_location(url: str) -> BucketLocation:
    """Parse a URL. Raises `ValueError` with what is wrong; the URL must not hold keys, since URLs
    are logged."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", parts.netloc):
        raise ValueError(f"a bucket's URL looks like {FORM}; keys come from AWS_… variables")
    more = dict(parse_qsl(parts.query, keep_blank_values=True))
    endpoint, region = more.pop("endpoint", None), more.pop("region", None)
    if more:
        raise ValueError(
            f"'{next(iter(more))}' is not a known parameter; a bucket's URL looks like {FORM}"
        )
    folder = parts.path.strip("/")
    if endpoint is None:
        return BucketLocation(parts.netloc, folder, region=region)
    match = re.fullmatch(r"(https?)://([^/@?#\s]+)/?", endpoint)
    if not match:
        raise ValueError(f"endpoint '{endpoint}' is not like https://host:port")
    return BucketLocation(parts.netloc, folder, match[1], match[2], region)
