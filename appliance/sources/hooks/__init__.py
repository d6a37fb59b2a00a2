"""Notices of pushes from git hosts: one file per host knows its headers and its payload."""

from __future__ import annotations

from appliance.sources.hooks.notice import Notice, NoticeRefused, read_notice

__all__ = ["Notice", "NoticeRefused", "read_notice"]
