"""Paths that end with a vendor's id, in which any character may be: slashes and line breaks too."""

from typing import Final

from starlette.convertors import Convertor, register_url_convertor


class _VendorIdConvertor(Convertor[str]):
    regex = "(?s:.+)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("vendor_id", _VendorIdConvertor())

INCIDENT: Final = "/incidents/{provider}/{incident:vendor_id}"
MAINTENANCE: Final = "/maintenances/{provider}/{incident:vendor_id}"
