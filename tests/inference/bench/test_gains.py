"""What caching and speculation gain is told from what the servers did and counted."""

from __future__ import annotations

import json

import httpx
import pytest

from inference.bench import gains
from inference.bench.gains import OTHER_SALT, accepted_share, speculation_gain
from inference.bench.latency import SALT
from inference.client import ChatClient
from inference.connection import open_http
from inference.fake_server import serving
from inference.testing import FakeModel, Mode, Reply, Script, fake_http

COUNTED = (
    "vllm:num_requests_running 0\nvllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc 0\n"
    "vllm:prefix_cache_queries_total {asked}\nvllm:prefix_cache_hits_total {hit}\n"
)


class Caching(FakeModel):
    """A fake that finds nine tokens of ten again under the salt that it has seen."""

    asked = hit = 0
    seen: frozenset[object] = frozenset()

    def reply(self, method: str, path: str, content: bytes) -> Reply:
        if path == "/metrics":
            text = COUNTED.format(asked=self.asked, hit=self.hit)
            return Reply(200, "text/plain", iter([text.encode()]))
        if path == "/v1/chat/completions":
            salt = json.loads(content)["cache_salt"]
            self.asked += 100
            self.hit += 90 if salt in self.seen else 0
            self.seen |= {salt}
        return super().reply(method, path, content)


def test_what_other_permissions_find_in_the_cache_is_told_apart() -> None:
    http = fake_http(Caching(Script(text="one two three")))
    gain = gains.prefix_gain(http, ChatClient(http, None), prompt_tokens=40, questions=3)
    assert gain["tokens_from_cache"] == 0.9
    assert gain["tokens_from_cache_other_permissions"] == 0.0
    assert SALT != OTHER_SALT


def test_a_server_that_counts_nothing_gives_no_share(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Script(text="one two three", has_metrics=False)) as server:
        gains.main(["prefix", server.url, "--prompt-tokens", "30", "--questions", "2"])
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["bench"], last["tokens_from_cache"]) == ("gains-prefix", None)
    assert last["first_word_cold_s"] >= 0


def test_a_faster_server_is_a_gain() -> None:
    words = " ".join(str(number) for number in range(12))
    slow = Script(text=words, mode=Mode.SLOW, pause_s=0.02)
    fast = Script(text=words, mode=Mode.SLOW, pause_s=0.005)
    with (
        serving(slow) as one, serving(fast) as other,
        open_http(one.url) as without, open_http(other.url) as with_it,
    ):  # fmt: skip
        found = speculation_gain(
            ChatClient(without, None), ChatClient(with_it, None),
            prompt_tokens=20, answer_tokens=12, runs=1,
        )  # fmt: skip
    assert found["quote"]["gain"] > 1.3
    assert found["story"]["with_tokens_per_s"] > found["story"]["without_tokens_per_s"]


@pytest.mark.parametrize(
    ("told", "share"),
    [
        ('vllm:spec_decode_num_draft_tokens_total{engine="0"} 40.0\n'
         'vllm:spec_decode_num_accepted_tokens_total{engine="0"} 30.0\n', 0.75),
        ("", None),
    ],
)  # fmt: skip
def test_the_share_of_kept_guesses_is_read(told: str, share: float | None) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=told)

    with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://model") as http:
        assert accepted_share(http) == share
