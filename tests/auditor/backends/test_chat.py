import base64
import io
import math

import pytest
from PIL import Image

from auditor.backends.chat import as_messages, as_url, read_answer, read_shares
from auditor.errors import BackendFailed
from auditor.guard_input import GuardInput
from tests.factories import make_image


def listing(**logprobs: float) -> dict[str, object]:
    top = [{"token": token, "logprob": value} for token, value in logprobs.items()]
    return {"choices": [{"logprobs": {"content": [{"top_logprobs": top}]}}]}


def test_an_image_goes_as_the_same_pixels() -> None:
    image = Image.effect_noise((56, 84), 90).convert("RGB")
    kind, _, data = as_url(image).partition(",")
    assert kind == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).tobytes() == image.tobytes()


def test_local_policy_heads_the_message_and_images_stand_before_the_fields() -> None:
    shown = GuardInput("q", "t", "r", images=(make_image(), make_image()), local="Be kind.\n")
    system, user = as_messages(shown, "the system prompt", [Image.new("RGB", (28, 28))] * 2)
    assert system == {"role": "system", "content": "the system prompt"}
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "image_url", "text"]
    assert user["content"][0]["text"] == "Be kind.\n"
    assert user["content"][-1]["text"].startswith("Current Task Query: q\n")


def test_an_image_that_cannot_be_shown_is_said_to_be_missing() -> None:
    _, user = as_messages(GuardInput("q", "t", "r", image_missing=True), "s", [])
    assert [part["text"][:40] for part in user["content"]] == ["Image missing or unavailableCurrent Task"]


def test_a_label_that_is_not_listed_has_at_most_the_last_ones_probability() -> None:
    """p(0) = 0.9 and last = 0.001: the share of 1 is given as 0.001 / 0.901, at most that much too high."""
    answer = listing(**{"0": math.log(0.9), "x": math.log(0.05), "y": math.log(0.001)})
    shares = read_shares(answer, {15: "0", 16: "1"})
    assert shares == {15: math.log(0.9), 16: math.log(0.001)}


def test_an_answer_without_any_label_is_a_failure_and_never_a_score() -> None:
    with pytest.raises(BackendFailed, match="gives no label"):
        read_shares(listing(x=-0.1, y=-3.0), {15: "0", 16: "1"})


@pytest.mark.parametrize(("reason", "finished", "n_output"), [("stop", True, 22), ("length", False, 23)])
def test_a_completion_that_was_cut_off_is_not_finished(reason: str, finished: bool, n_output: int) -> None:
    choice = {"message": {"content": "text"}, "finish_reason": reason}
    completion = read_answer({"choices": [choice], "usage": {"completion_tokens": 23}}, 300)
    assert (completion.text, completion.finished) == ("text", finished)
    assert (completion.prompt_tokens, completion.output_tokens) == (300, n_output)
