"""Rust: text before, chunks after."""

from __future__ import annotations

from tests.indexer.chunking.expect import chunk_at, fill, outline

TEXT = f"""//! Crate doc.

/// A searcher.
#[derive(Clone)]
pub struct Searcher<T> {{
{fill("    a: T,")}}}

impl<T: Clone> Searcher<T> {{
    /// Search it.
    #[inline]
    pub fn search(&self) -> bool {{
{fill("        x();", 80)}    }}
}}

impl<T> Iterator for Searcher<T> {{
    fn next(&mut self) -> Option<T> {{
{fill("        y();")}    }}
}}

mod inner {{
    fn deep() {{
{fill("        z();")}    }}
}}

macro_rules! each {{
{fill("    () => {};")}}}
"""


def test_definitions_become_chunks_under_their_names() -> None:
    assert outline(TEXT, "rust") == [
        ("L1-L63", "struct", "Searcher"),
        ("L64-L123", "method", "Searcher::search"),
        ("L124-L148", "method", "Searcher::search"),
        ("L150-L208", "impl", "Searcher"),
        ("L210-L268", "module", "inner"),
        ("L270-L326", "macro", "each"),
    ]


def test_attributes_and_doc_comments_stay_with_their_item() -> None:
    assert chunk_at(TEXT, "rust", 3) == chunk_at(TEXT, "rust", 5)
    assert chunk_at(TEXT, "rust", 140).context.split("\n") == [
        "impl<T: Clone> Searcher<T>",
        "pub fn search(&self) -> bool",
        "Search it.",
    ]
