"""A shop with a source, people, threads and a case, for the tests of the audit's pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.core.management import call_command
from django.test import Client

from appliance.accounts.models import User
from appliance.audit.acting import COMMAND_LINE, acting_as
from appliance.conversations import asking
from appliance.conversations.curating.giving import give_feedback
from appliance.conversations.models import CuratedLines, Message, ThreadShare
from appliance.conversations.tasks import answer_question
from indexer.models import EvaluationRun, GoldenEntry, GoldenSet, SharedCredential, Source
from tests.appliance.accounts.signing import sign_in

CANARY = "canary-4711-secret"  # in every credential that the script gives; in no record
QUESTION = "How does add_item add an item to the cart?"


@dataclass
class World:
    """What the steps of the script act on."""

    source: Source
    people: dict[str, User]
    folder: Any
    clients: dict[str, Client] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        if name not in self.clients:
            self.clients[name] = Client(REMOTE_ADDR="10.1.2.3")
            sign_in(self.clients[name], self.people[name])
        return self.clients[name]

    def get(self, name: str, path: str, /, **query: Any) -> int:
        response = self.client(name).get(path, query)
        content = b"".join(response) if response.streaming else response.content
        response.close()
        assert content is not None
        return response.status_code

    def post(self, name: str, path: str, /, **given: Any) -> int:
        return self.client(name).post(path, given).status_code

    def bare(self, path: str, *, token: str) -> int:
        """Ask as a program that nobody is signed in for."""
        client = Client(REMOTE_ADDR="10.1.2.3")
        return client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code

    def signs_in(self, name: str, password: str) -> int:
        """Sign in by the form, from another device."""
        client = Client(REMOTE_ADDR="10.1.2.3")
        return client.post("/accounts/login/", {"login": name, "password": password}).status_code

    def command(self, *arguments: str) -> None:
        with acting_as(COMMAND_LINE):
            call_command(*arguments)

    @property
    def answer(self) -> Message:
        return Message.objects.filter(role="answer", thread__owner__username="owner")[0]

    def asked(self) -> None:
        assert self.post("owner", "/", question=QUESTION, mode="answer") == 302

    def answered(self) -> None:
        answer_question(str(self.answer.pk))
        assert Message.objects.get(pk=self.answer.pk).state == "done"

    def case(self) -> Message:
        give_feedback(self.people["owner"], self.answer, is_good=False, reasons=["wrong"])
        return self.answer

    def share_id(self) -> int:
        return ThreadShare.objects.get().pk

    def other_thread(self) -> Message:
        return asking.ask(self.people["owner"], "Another question?")

    def credential_id(self) -> int:
        return SharedCredential.objects.get().pk

    def lines_id(self) -> int:
        return CuratedLines.objects.get().pk

    def golden_set(self) -> GoldenSet:
        return GoldenSet.objects.filter(kind="imported")[0]

    def proposal(self) -> GoldenEntry:
        return GoldenEntry.objects.filter(state="proposed")[0]

    def done_run(self) -> EvaluationRun:
        return EvaluationRun.objects.create(reason="nightly", state="done", alarms=[{"over": "x"}])
