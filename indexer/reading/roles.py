"""What part a document plays in its repository, told from its path; ranking weighs by it."""

from __future__ import annotations

import re
from enum import StrEnum


class DocumentRole(StrEnum):
    SOURCE = "source"
    TEST = "test"
    EXAMPLE = "example"
    DOCS = "docs"
    CHANGELOG = "changelog"
    GENERATED = "generated"
    VENDORED = "vendored"
    CONFIG = "config"


def _names(line: str) -> frozenset[str]:
    return frozenset(line.split())


VENDORED_FOLDERS = _names(
    "vendor vendored third_party thirdparty third-party 3rdparty node_modules "
    "bower_components site-packages carthage _vendor"
)
GENERATED_FOLDERS = _names("dist generated __generated__ autogen __snapshots__")
TEST_FOLDERS = _names(
    "test tests testing testdata test-data test_data __tests__ __mocks__ spec specs e2e "
    "fixtures integration-tests integration_tests unittests androidtest cypress"
)
EXAMPLE_FOLDERS = _names(
    "example examples sample samples demo demos tutorial tutorials benchmark benchmarks bench "
    "benches"
)
DOCS_FOLDERS = _names("doc docs documentation site-docs wiki man adr")
CONFIG_FOLDERS = _names(".github .gitlab .circleci .devcontainer .vscode .idea .husky")
FOLDER_ROLES = (
    (VENDORED_FOLDERS, DocumentRole.VENDORED),
    (GENERATED_FOLDERS, DocumentRole.GENERATED),
    (TEST_FOLDERS, DocumentRole.TEST),
    (CONFIG_FOLDERS, DocumentRole.CONFIG),
    (EXAMPLE_FOLDERS, DocumentRole.EXAMPLE),
    (DOCS_FOLDERS, DocumentRole.DOCS),
)

# Case matters in the second half: FooTest.java is a test, contest.java is none.
TEST_NAME = re.compile(
    r"(?i:^(?:test_.*|tests?|conftest)\.\w+$)"
    r"|(?i:(?:[_.-](?:test|tests|spec|specs|unittest|e2e|cy))\.\w+$)"
    r"|(?:(?<=[a-z0-9])(?:Test|Tests|TestCase|Spec|IT)\.(?:java|kt|kts|scala|groovy|cs|php|swift|m|mm|dart|cpp|cc)$)"
)
GENERATED_NAME = re.compile(
    r"(?i:\.pb\.(?:go|cc|h)$|_pb2(?:_grpc)?\.pyi?$|\.g\.dart$|\.freezed\.dart$|\.designer\.cs$"
    r"|\.min\.(?:js|css)$|\.snap$|[_.]generated\.\w+$|^zz_generated|\.map$)"
)
CHANGELOG_NAME = re.compile(
    r"(?i:^(?:changelog|changes|history|news|release[-_]?notes)(?:[-_.].*)?$)"
)
DOCS_NAME = re.compile(
    r"(?i:^(?:readme|contributing|authors|maintainers|code_of_conduct|security|install|upgrading"
    r"|license|licence|copying|notice|todo|faq|support|codeowners)(?:[-_.].*)?$)"
)
SOURCE_EXTENSIONS = _names("py go rs c h cc cpp hpp java kt js ts jsx tsx rb cs php swift")
DOCS_EXTENSIONS = _names("md markdown mdx rst rest adoc asciidoc txt tex")
CONFIG_EXTENSIONS = _names(
    "json json5 jsonc yaml yml toml ini cfg conf properties lock editorconfig gitignore "
    "gitattributes dockerignore csproj gradle"
)

GENERATED_HEAD = re.compile(r"@generated\b|Code generated .{0,160}DO NOT EDIT")
HEAD_LENGTH = 1000


def document_role(path: str, text_head: str = "") -> DocumentRole:
    """Return the role by path conventions; the first lines only reveal generated files."""
    *folders, name = path.split("/")
    lowered = {folder.lower() for folder in folders}
    if GENERATED_NAME.search(name) or GENERATED_HEAD.search(text_head[:HEAD_LENGTH]):
        return DocumentRole.GENERATED
    if TEST_NAME.search(name):
        return DocumentRole.TEST
    for names, role in FOLDER_ROLES:
        if not lowered.isdisjoint(names):
            return role
    return _role_by_name(name)


def _role_by_name(name: str) -> DocumentRole:
    extension = name.rpartition(".")[2].lower()
    if extension in SOURCE_EXTENSIONS:  # history.py and security.go are source
        return DocumentRole.SOURCE
    if CHANGELOG_NAME.match(name):
        return DocumentRole.CHANGELOG
    if DOCS_NAME.match(name) or extension in DOCS_EXTENSIONS:
        return DocumentRole.DOCS
    if extension in CONFIG_EXTENSIONS:
        return DocumentRole.CONFIG
    return DocumentRole.SOURCE
