"""A bucket's URL is read, or refused with a sentence that names what is wrong."""

import pytest
from pydantic import ValidationError

from models.files.bucket_location import BucketLocation, parse_location
from models.files.file_store import SharedDisk
from models.settings import Settings


def test_a_bucket_of_aws_needs_no_more_than_its_name_and_a_folder() -> None:
    assert parse_location("s3://lab") == BucketLocation("lab", "")
    assert parse_location("s3://lab/").root == "lab"
    assert parse_location("s3://my-lab/a/b/") == BucketLocation("my-lab", "a/b")


def test_another_store_is_named_by_its_endpoint() -> None:
    url = "s3://lab/tripletlab?endpoint=http://minio:9000&region=eu-west-1"
    assert parse_location(url) == BucketLocation(
        "lab", "tripletlab", "http", "minio:9000", "eu-west-1"
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://lab.s3.amazonaws.com", "looks like s3://bucket/folder"),
        ("lab", "looks like s3://"),
        ("s3:///folder", "looks like s3://"),
        ("s3://key:secret@lab/folder", "keys come from AWS_"),
        ("s3://lab?endpoint=minio:9000", "'minio:9000' is not like https://host:port"),
        ("s3://lab?endpoint=http://me:secret@minio", "is not like https://host:port"),
        ("s3://lab?acces_key=x", "'acces_key' is not a known parameter"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_by_the_name_of_its_setting(
    url: str, words: str
) -> None:
    with pytest.raises(ValidationError, match="files_url") as refused:
        Settings(files_url=url)
    assert words in str(refused.value)


def test_without_a_bucket_the_data_folder_is_shared() -> None:
    assert isinstance(Settings(files_url="").file_store(), SharedDisk)
