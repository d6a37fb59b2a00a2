"""The two libraries that read XML together must be built with the same libxml2."""

from __future__ import annotations

import xmlsec
from lxml import etree


def test_lxml_and_xmlsec_share_a_libxml2() -> None:
    assert xmlsec.get_libxml_version() == etree.LIBXML_VERSION
    assert xmlsec.get_libxml_compiled_version() == etree.LIBXML_COMPILED_VERSION
    assert etree.LIBXML_VERSION == etree.LIBXML_COMPILED_VERSION
