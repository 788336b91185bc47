import pytest

from etl.errors import ConfigError, NotAllowedError, UnknownKeyError
from etl.model.s3 import S3Settings, is_express, is_s3
from tests.config.test_config import load


def test_what_is_not_said_of_s3_is_left_to_aws(write):
    assert load(write()).s3 == S3Settings()


def test_s3_is_configured_like_all_else(write):
    said = '[s3]\nendpoint = "https://s3.example.com/"\nrequester_pays = true\n'

    config = load(write({"conf/base.toml": said}), environ={"ETL__S3__REGION": "eu-west-1"})

    assert config.s3 == S3Settings(endpoint="https://s3.example.com", region="eu-west-1", requester_pays=True)
    assert config.effective()["s3.region"] == "eu-west-1"


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ('endpoint = "s3.example.com"', ConfigError),
        ('endpoint = "https://s3.example.com/bucket"', ConfigError),
        ('addressing_style = "paths"', NotAllowedError),
        ('bucket = "a"', UnknownKeyError),
        ("requester_pays = 1", ConfigError),
    ],
)
def test_what_s3_cannot_be_told_is_refused_at_its_line(write, said, error):
    with pytest.raises(error, match=r"base\.toml:2"):
        load(write({"conf/base.toml": f"[s3]\n{said}\n"}))


def test_a_directory_bucket_is_known_by_its_name():
    assert is_express("s3://a--use1-az4--x-s3/state")
    assert not is_express("s3://a/b--x-s3")
    assert not is_s3("/a/s3")
