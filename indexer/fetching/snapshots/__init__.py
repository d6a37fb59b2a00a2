"""Folders and archives as commits of a mirror, so that everything behind the fetch knows only commits."""
