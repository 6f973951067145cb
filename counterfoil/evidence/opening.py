"""Opens the evidence store: the folder `evidence` in the data folder, or the bucket that a setting names."""

import re
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from counterfoil.evidence.bucket import BucketFiles
from counterfoil.evidence.files import Files
from counterfoil.evidence.folder import FolderFiles
from counterfoil.evidence.store import EvidenceStore
from counterfoil.exceptions import InvalidSetting
from counterfoil.settings import Settings

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Store

# Bucket names by the rules of S3; a prefix without empty or dotted parts, so that keys are what they look like.
_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)/?")


def open_evidence(settings: Settings) -> EvidenceStore:
    """The evidence store of this installation; nothing is opened until it is used. Raises InvalidSetting."""
    return EvidenceStore(_files(settings))


def _files(settings: Settings) -> Files:
    if settings.evidence_url is None:
        return FolderFiles(settings.data / "evidence")
    parts = _ADDRESS.fullmatch(settings.evidence_url)
    if parts is None:
        raise InvalidSetting(
            "COUNTERFOIL_EVIDENCE_URL={evidence_url!r} is no address of a bucket: expected s3://BUCKET or "
            "s3://BUCKET/PREFIX.",
            evidence_url=settings.evidence_url,
        )
    if find_spec("obstore") is None:
        raise InvalidSetting(
            "COUNTERFOIL_EVIDENCE_URL needs a library that is not installed: pip install 'counterfoil[s3]'."
        )
    bucket, prefix = parts.groups()
    return BucketFiles(f"s3://{bucket}{prefix}", partial(_connect, bucket, prefix.strip("/"), _config(settings)))


def _connect(bucket: str, prefix: str, config: dict[str, str]) -> "S3Store":
    from obstore.store import S3Store

    return S3Store(
        bucket,
        prefix=prefix or None,
        config=cast("S3Config", config),
        # An outage is told soon: crawls and judges stop then and go on later, as they do without their database.
        retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=20)},
    )


def _config(settings: Settings) -> dict[str, str]:
    """What our settings say; all else (region, endpoint, roles) comes from the AWS_* variables that S3 tools share."""
    # Given as `client_options` these two would make the library forget AWS_ALLOW_HTTP.
    config = {"connect_timeout": "5 seconds", "timeout": "60 seconds"}
    if settings.s3_access_key_id is not None:
        config["access_key_id"] = settings.s3_access_key_id.get_secret_value()
    if settings.s3_secret_access_key is not None:
        config["secret_access_key"] = settings.s3_secret_access_key.get_secret_value()
    return config
