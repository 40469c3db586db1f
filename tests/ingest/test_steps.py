"""Calls that repeat each other's history become one exchange for each turn; parts that they share stay single."""

import time
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from ingest.exchange import (
    Choice,
    Exchange,
    Identity,
    Image,
    Labels,
    Message,
    Part,
    Role,
    Scope,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from ingest.following import following, looked_through
from ingest.qta import GuardSignal, RefKind, Status
from ingest.steps import merged
from ingest.turns import Turn, judged_of, parts_of, turns_of

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
SYSTEM = Message(Role.SYSTEM, (Text("Be brief."),))
QUESTION = Message(Role.USER, (Text("Is it raining in Oslo and in Rome?"),))
SHOT = Image(RefKind.BASE64, "aGVsbG8=")


def said(*parts: Part) -> Message:
    return Message(Role.ASSISTANT, parts)


def use(call_id: str | None, name: str = "weather") -> ToolUse:
    return ToolUse(name, '{"city": "Oslo"}', call_id)


def result(call_id: str | None, text: str = "rain", *images: Image) -> Message:
    return Message(Role.TOOL, (ToolResult(text, call_id, images=images),))


def call(number: int, messages: tuple[Message, ...], *answer: Part, **changes: object) -> Exchange:
    """A call of the model, a second after the one before."""
    fields = {
        "choices": (Choice((said(*answer),)),) if answer else (),
        "identity": Identity(trace_id="trace-0123456789", span_id=f"span-{number:010d}"),
        "labels": Labels(occurred_at=START + timedelta(seconds=number)),
        **changes,
    }
    return Exchange(messages, **fields)  # type: ignore[arg-type]


def turn_of(exchange: Exchange) -> Turn:
    (turn,) = turns_of(exchange)
    return turn


def thoughts(turn: Turn) -> list[str | None]:
    return [part.text for part in parts_of(turn.done) if isinstance(part, Thinking)]


def calls(turn: Turn) -> list[str | None]:
    return [part.call_id for part in parts_of(turn.done) if isinstance(part, ToolUse)]


def results(turn: Turn) -> list[str]:
    return [part.text for part in parts_of(turn.done) if isinstance(part, ToolResult)]


def answer(turn: Turn) -> list[str]:
    return [part.text for part in parts_of(turn.answer) if isinstance(part, Text)]


def loop() -> list[Exchange]:
    """Two tools one after the other, then the answer; the history never repeats the thinking."""
    first = (SYSTEM, QUESTION)
    second = (*first, said(use("c1")), result("c1", "rain", SHOT))
    third = (*second, said(use("c2")), result("c2", "sun"))
    return [
        call(1, first, Thinking("Oslo first."), use("c1")),
        call(2, second, Thinking("Now Rome."), Text("One more look."), use("c2")),
        call(3, third, Thinking("Both are known."), Text("Rain in Oslo, sun in Rome.")),
    ]


def test_a_loop_of_tools_is_one_turn_with_all_of_its_thinking() -> None:
    (exchange,) = merged(loop())
    turn = turn_of(exchange)

    assert thoughts(turn) == ["Oslo first.", "Now Rome.", "Both are known."]
    assert calls(turn) == ["c1", "c2"]
    assert results(turn) == ["rain", "sun"]
    assert answer(turn) == ["Rain in Oslo, sun in Rome."]
    assert [message.parts for message in turn.asked] == [QUESTION.parts]
    assert turn.system_prompt == "Be brief."
    assert turn.status is Status.COMPLETE
    assert sum(len(part.images) for part in parts_of(turn.done) if isinstance(part, ToolResult)) == 1


def test_its_name_is_the_last_calls_and_its_time_the_first_ones() -> None:
    (exchange,) = merged(loop())

    assert exchange.identity.span_id == "span-0000000003"
    assert exchange.labels.occurred_at == START + timedelta(seconds=1)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_in_which_calls_come_does_not_matter(order: tuple[int, ...]) -> None:
    exchanges = loop()

    assert merged([exchanges[n] for n in order]) == merged(exchanges)


def test_without_times_calls_go_by_their_order() -> None:
    exchanges = [Exchange(one.messages, one.choices, identity=one.identity) for one in loop()]

    (exchange,) = merged(exchanges)

    assert thoughts(turn_of(exchange)) == ["Oslo first.", "Now Rome.", "Both are known."]


def test_thinking_that_the_history_repeats_is_there_once() -> None:
    first = (QUESTION,)
    second = (*first, said(Thinking("Oslo  first."), use("c1")), result("c1"))
    exchanges = [call(1, first, Thinking("Oslo first."), use("c1")), call(2, second, Text("It rains."))]

    (exchange,) = merged(exchanges)

    assert thoughts(turn_of(exchange)) == ["Oslo first."]
    assert calls(turn_of(exchange)) == ["c1"]


def test_each_call_of_a_merged_turn_can_be_a_triple_of_its_own() -> None:
    (exchange,) = merged(loop())

    steps = list(judged_of(exchange, "step"))

    assert [thoughts(step) for step in steps] == [["Oslo first."], ["Now Rome."], ["Both are known."]]
    assert [step.step for step in steps] == [0, 1, 2]


def test_a_history_kept_by_the_provider_is_put_together() -> None:
    exchanges = [
        call(1, (SYSTEM, QUESTION), Thinking("Oslo first."), use("c1")),
        call(2, (result("c1"),), use("c2")),
        call(3, (result("c2", "sun"),), Text("Rain, and sun.")),
    ]

    (exchange,) = merged(exchanges)
    turn = turn_of(exchange)

    assert [message.parts for message in turn.asked] == [QUESTION.parts]
    assert (calls(turn), results(turn), answer(turn)) == (["c1", "c2"], ["rain", "sun"], ["Rain, and sun."])
    assert turn.system_prompt == "Be brief."


def test_calls_without_ids_go_by_what_they_repeat() -> None:
    first = (QUESTION,)
    second = (*first, said(use(None)), result(None))
    third = (*second, said(use(None)), result(None))
    exchanges = [
        call(1, first, Thinking("Look."), use(None)),
        call(2, second, Thinking("Look again."), use(None)),
        call(3, third, Text("It rains.")),
    ]

    (exchange,) = merged(exchanges)
    turn = turn_of(exchange)

    assert thoughts(turn) == ["Look.", "Look again."]
    assert (len(calls(turn)), results(turn)) == (2, ["rain", "rain"])


def test_names_of_tools_in_place_of_ids_may_come_again() -> None:
    second = (QUESTION, said(use("weather")), result("weather", "rain"))
    third = (*second, said(use("weather")), result("weather", "sun"))
    exchanges = [
        call(1, (QUESTION,), use("weather")),
        call(2, second, Thinking("And Rome?"), use("weather")),
        call(3, third, Text("Rain and sun.")),
    ]

    (exchange,) = merged(exchanges)
    turn = turn_of(exchange)

    assert (calls(turn), results(turn)) == (["weather", "weather"], ["rain", "sun"])
    assert thoughts(turn) == ["And Rome?"]


def test_an_answer_that_the_model_went_on_from_is_a_step() -> None:
    second = (QUESTION, said(Text("I look at Oslo.")), said(use("c1")), result("c1"))
    begun = call(1, (QUESTION,), Text("I look at Oslo."), use("c1"))

    (exchange,) = merged([begun, call(2, second, Text("It rains."))])

    assert answer(turn_of(exchange)) == ["It rains."]


def test_two_turns_of_a_conversation_stay_two() -> None:
    *steps, last = loop()
    again = Message(Role.USER, (Text("And in Bergen?"),))
    history = (*last.messages, said(Text("Rain in Oslo, sun in Rome.")), again)
    later = [call(4, history, use("c4")), call(5, (*history, said(use("c4")), result("c4")), Text("Rain there."))]

    first, second = merged([*steps, last, *later])

    assert thoughts(turn_of(first)) == ["Oslo first.", "Now Rome.", "Both are known."]
    assert calls(turn_of(second)) == ["c4"]
    assert turn_of(second).number == 1
    assert [part for message in turn_of(second).asked for part in message.parts] == [Text("And in Bergen?")]


def test_calls_beside_each_other_stay_their_own() -> None:
    exchanges = [
        call(1, (QUESTION,), Text("Yes.")),
        call(2, (QUESTION,), Text("Yes.")),
        call(3, (Message(Role.USER, (Text("Name this chat."),)),), Text("Weather")),
    ]

    assert merged(exchanges) == tuple(exchanges)


def test_agents_that_ask_each_other_stay_two_turns() -> None:
    inner = Message(Role.USER, (Text("Look at Oslo."),))
    exchanges = [
        call(1, (QUESTION,), use("c1", "ask_agent")),
        call(2, (inner,), use("d1")),
        call(3, (inner, said(use("d1")), result("d1")), Text("Oslo: rain.")),
        call(4, (QUESTION, said(use("c1", "ask_agent")), result("c1", "Oslo: rain.")), Text("It rains.")),
    ]

    found = [(calls(turn_of(one)), answer(turn_of(one))) for one in merged(exchanges)]

    assert found == [(["d1"], ["Oslo: rain."]), (["c1"], ["It rains."])]


def test_an_agents_record_adds_what_its_calls_lack() -> None:
    request = (QUESTION, said(use("c1")), result("c1"))
    transcript = (SYSTEM, QUESTION, said(Thinking("Hm."), use("c1")), result("c1"), said(Text("It rains.")))
    agent = call(0, transcript, scope=Scope.ALL_TURNS)
    exchanges = [call(1, (QUESTION,), use("c1")), call(2, request, Text("It rains."))]

    for found in (merged([agent, *exchanges]), merged(exchanges, [agent])):
        (exchange,) = found
        turn = turn_of(exchange)
        assert thoughts(turn) == ["Hm."]
        assert calls(turn) == ["c1"]
        assert answer(turn) == ["It rains."]
        assert turn.system_prompt == "Be brief."
        assert exchange.identity.span_id == "span-0000000002"


def test_an_agents_record_adds_the_question_that_its_call_lacks() -> None:
    agent = call(0, (SYSTEM, QUESTION), Text("It rains."))

    (exchange,) = merged([call(1, (), Thinking("Wet."), Text("It rains."))], [agent])

    assert [message.parts for message in turn_of(exchange).asked] == [QUESTION.parts]
    assert thoughts(turn_of(exchange)) == ["Wet."]
    assert answer(turn_of(exchange)) == ["It rains."]


def test_agents_count_once_and_only_where_no_call_says_anything() -> None:
    outer, inner = call(0, (QUESTION,), Text("It rains.")), call(1, (QUESTION,), Text("It rains."))
    silent = call(2, (QUESTION,), status=Status.CONTENT_NOT_CAPTURED)

    (alone,) = merged([silent], [inner, outer])
    assert alone.identity == outer.identity
    assert merged([call(2, (QUESTION,), Text("Something else."))], [outer]) == (
        call(2, (QUESTION,), Text("Something else.")),
    )
    assert merged([silent], []) == (silent,)


def test_two_transcripts_that_end_alike_stay_two() -> None:
    transcripts = [
        call(n, (Message(Role.USER, (Text(f"Question {n}"),)), said(Text("Yes."))), scope=Scope.ALL_TURNS)
        for n in range(2)
    ]

    assert merged(transcripts) == tuple(transcripts)


def test_a_failed_call_is_passed_over_and_a_failed_end_keeps_the_steps() -> None:
    request = (QUESTION, said(use("c1")), result("c1"))
    step, failed = call(1, (QUESTION,), Thinking("Look."), use("c1")), call(2, request, status=Status.ERROR)

    first, second = merged([step, failed, call(3, request, Text("It rains."))])
    assert (turn_of(first).status, turn_of(first).done) == (Status.ERROR, ())
    assert thoughts(turn_of(second)) == ["Look."]

    (ended,) = merged([step, failed])
    assert turn_of(ended).status is Status.ERROR
    assert (thoughts(turn_of(ended)), calls(turn_of(ended))) == (["Look."], ["c1"])


def test_what_others_said_of_the_steps_is_kept_once() -> None:
    one, two, three = (GuardSignal(f"g{n}", "output", "passed") for n in range(3))
    step, end = call(1, (QUESTION,), use("c1")), call(2, (QUESTION, said(use("c1")), result("c1")), Text("Rain."))
    step = Exchange(
        step.messages,
        (Choice(step.choices[0].messages, guards=(two,)),),
        labels=step.labels,
        guards=(one,),
        warnings=("odd", "hidden_reasoning_tokens"),
    )
    end = Exchange(
        end.messages,
        (Choice(end.choices[0].messages, guards=(three,)),),
        labels=end.labels,
        guards=(one,),
        warnings=("odd",),
    )

    (exchange,) = merged([step, end])

    assert (*exchange.guards, *turn_of(exchange).guards) == (one, two, three)
    assert exchange.warnings == ("odd", "hidden_reasoning_tokens")


def test_a_response_that_is_logged_twice_is_one() -> None:
    same = Identity(response_id="resp_0123456789abcdef")
    short = Identity(response_id="chatcmpl-7")
    twins = [call(n, (QUESTION,), Text("It rains."), identity=same) for n in range(2)]
    others = [call(n, (QUESTION,), Text(f"Answer {n}."), identity=short) for n in range(2)]

    assert len(merged(twins)) == 1
    assert len(merged(others)) == 2


def test_several_answers_each_have_the_steps() -> None:
    request = (QUESTION, said(use("c1")), result("c1"))
    choices = tuple(Choice((said(Text(f"Answer {n}.")),), index=n) for n in range(2))

    (exchange,) = merged([call(1, (QUESTION,), Thinking("Look."), use("c1")), call(2, request, choices=choices)])

    found = [(turn.choice, thoughts(turn), answer(turn)) for turn in turns_of(exchange)]
    assert found == [(0, ["Look."], ["Answer 0."]), (1, ["Look."], ["Answer 1."])]


@pytest.mark.parametrize(
    "exchange",
    [
        Exchange(()),
        Exchange((SYSTEM,)),
        Exchange((), (Choice(()),)),
        Exchange((Message(Role.USER, ()),), (Choice((said(),)),)),
        Exchange((result("c1"), result("c1")), (Choice((said(use("c1")), result("c1"))),)),
        Exchange((said(use("c1")),), scope=Scope.ALL_TURNS),
    ],
)
def test_any_shape_beside_a_loop_leaves_the_loop(exchange: Exchange) -> None:
    found = [turn for one in merged([exchange, *loop(), exchange]) for turn in turns_of(one)]

    assert ["Rain in Oslo, sun in Rome."] in [answer(turn) for turn in found]
    assert merged([]) == ()


def test_long_chains_take_time_in_proportion() -> None:
    """4,000 steps whose history is at the provider, where each looks for the one behind it."""
    chain = [call(0, (QUESTION,), use("c0"))]
    chain += [call(n, (result(f"c{n - 1}"),), Thinking(f"Step {n}."), use(f"c{n}")) for n in range(1, 4000)]
    began = time.perf_counter()

    (exchange,) = merged([*chain, call(4000, (result("c3999"),), Text("Done."))])

    assert time.perf_counter() - began < 5
    assert len(calls(turn_of(exchange))) == 4000


def test_the_call_behind_is_found_by_the_nearest_place() -> None:
    """Ids that come again: each call goes on in the next that has its id, never in one before it."""
    chain = [call(n, (QUESTION, said(use("x")), result("x")), use("x")) for n in range(3)]

    assert following([looked_through(one) for one in chain]) == [1, 2, None]
