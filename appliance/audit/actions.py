"""The kinds of action that are recorded: one name each, as auditors read and filter them."""

from __future__ import annotations

from django.db import models


class Action(models.TextChoices):
    """What happened. A name never changes its meaning: records outlive releases."""

    # Sign-in
    SIGNED_IN = "sign_in.done", "Signed in"
    SIGN_IN_FAILED = "sign_in.failed", "Sign-in failed"
    SIGN_IN_LOCKED = "sign_in.locked", "Sign-in locked after too many attempts"
    SIGNED_OUT = "sign_in.ended", "Signed out"
    SESSION_REVOKED = "session.revoked", "Session revoked"
    LINK_REFUSED = "identity.link_refused", "Identity not linked to an account"
    SECOND_FACTOR_ADDED = "second_factor.added", "Second factor added"
    SECOND_FACTOR_REMOVED = "second_factor.removed", "Second factor removed"
    PASSWORD_CHANGED = "password.changed", "Password changed"
    # People, groups, directories
    PERSON_CREATED = "person.created", "Person created"
    PERSON_CHANGED = "person.changed", "Person changed"
    PERSON_DISABLED = "person.disabled", "Person disabled"
    PERSON_ENABLED = "person.enabled", "Person enabled"
    PERSON_DELETED = "person.deleted", "Person deleted"
    GROUP_CREATED = "group.created", "Group created"
    GROUP_CHANGED = "group.changed", "Group changed"
    GROUP_DELETED = "group.deleted", "Group deleted"
    MEMBER_ADDED = "group.member_added", "Member added to a group"
    MEMBER_REMOVED = "group.member_removed", "Member removed from a group"
    ROLE_GIVEN = "role.given", "Role given"
    ROLE_TAKEN = "role.taken", "Role taken"
    DIRECTORY_CREATED = "directory.created", "Directory set up"
    DIRECTORY_CHANGED = "directory.changed", "Directory changed"
    DIRECTORY_TESTED = "directory.tested", "Directory tested"
    DIRECTORY_DELETED = "directory.deleted", "Directory removed"
    DIRECTORY_SYNCED = "directory.synced", "Directory synced"
    RULES_CHANGED = "sign_in_rules.changed", "Rules of signing in changed"
    # Access
    GRANT_ADDED = "grant.added", "Grant added"
    GRANT_CHANGED = "grant.changed", "Grant changed"
    GRANT_REVOKED = "grant.revoked", "Grant revoked"
    HOST_ADDED = "code_host.added", "Code host set up"
    HOST_CHANGED = "code_host.changed", "Code host changed"
    HOST_REMOVED = "code_host.removed", "Code host removed"
    HOST_PERSON_SET = "code_host.person_set", "Account of a code host assigned to a person"
    HOST_ACCESS_SWITCHED = (
        "host_access.switched",
        "Permissions of the code host taken, or no longer",
    )
    HOST_ACCESS_SYNCED = "host_access.synced", "Permissions of the code host synced"
    GLASS_BROKEN = "break_glass.opened", "Emergency access opened"
    GLASS_MENDED = "break_glass.closed", "Emergency access closed"
    DENIED = "access.denied", "Access denied"
    # Tokens
    TOKEN_CREATED = "token.created", "Token created"
    TOKEN_RENEWED = "token.renewed", "Token renewed"
    TOKEN_REVOKED = "token.revoked", "Token revoked"
    TOKEN_REFUSED = "token.refused", "Token refused"
    # Reading
    SEARCHED = "search.done", "Searched"
    CODE_SEARCHED = "code_search.done", "Searched code"
    FILE_READ = "file.read", "File opened"
    SYMBOL_READ = "symbol.read", "Symbol looked up"
    ASKED = "question.asked", "Question asked"
    ANSWERED = "question.answered", "Answer written"
    SHOWN = "evidence.shown", "Evidence shown"
    PROMPT_INSPECTED = "prompt.inspected", "Prompt inspected"
    EXPORTED = "thread.exported", "Thread exported"
    HITS_EXPORTED = "search.exported", "Hits of a search exported"
    SHARED = "thread.shared", "Thread shared"
    UNSHARED = "thread.unshared", "Thread no longer shared"
    THREAD_DELETED = "thread.deleted", "Thread deleted"
    # Saved searches
    ALERT_CHANGED = "alert.changed", "Alert on a saved search changed"
    SET_CHANGED = "source_set.changed", "Set of sources of a group changed"
    ALERT_SENT = "alert.sent", "New matches of a saved search told"
    ANSWER_TOLD = "answer.told", "News of an answer told to its owner's webhook"
    # Sources
    SOURCE_CONNECTED = "source.connected", "Source connected"
    SOURCE_REFUSED = "source.refused", "Source refused"
    SOURCE_CHANGED = "source.changed", "Source settings changed"
    SOURCE_REMOVED = "source.removed", "Source removed"
    SOURCE_STEERED = "source.steered", "Source paused, resumed, synced or indexed anew"
    CREDENTIAL_ADDED = "credential.added", "Credential added"
    CREDENTIAL_CHANGED = "credential.changed", "Credential replaced"
    CREDENTIAL_REMOVED = "credential.removed", "Credential removed"
    CODE_EXPORTED = "source.exported", "Text of sources exported"
    HOOK_RENEWED = "hook.renewed", "Webhook secret renewed"
    # Quality and curation
    CURATED = "curation.decided", "Curation decided"
    ADAPTER_SET = "adapter.set", "Groups answered by an adapter set"
    ADAPTER_REMOVED = "adapter.removed", "Adapter answers nobody any more"
    EVALUATED = "evaluation.started", "Evaluation started"
    PROMOTED = "promotion.decided", "Promotion decided"
    # The record itself
    AUDIT_READ = "audit.read", "Audit read"
    AUDIT_EXPORTED = "audit.exported", "Audit exported"
    AUDIT_HELD = "audit.held", "Legal hold set"
    AUDIT_RELEASED = "audit.released", "Legal hold lifted"
    AUDIT_PRUNED = "audit.pruned", "Audit records past their retention removed"
    BACKED_UP = "backup.made", "Backup made"
    RESTORED = "backup.restored", "Backup restored"
    EGRESS_CHECKED = "egress.checked", "Looked for a way out"
    EGRESS_EXPORTED = "egress.exported", "Proof of the air gap exported"
    KEY_ROTATED = "secret_key.rotated", "Secret key replaced"
    UPGRADED = "tables.upgraded", "Tables brought to a new version"
    SUPPORT_BUNDLED = "support_bundle.made", "Support bundle made"


class Outcome(models.TextChoices):
    DONE = "done", "Done"
    DENIED = "denied", "Denied"
    FAILED = "failed", "Failed"
