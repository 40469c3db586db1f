"""Calls of a model that repeat each other's history become one exchange for each turn.

An agent calls the model again for each tool that it used, and each request repeats what came before, or leaves it to
the provider. A call that another goes on from is a STEP of it:

1. by ids: the other's last turn holds the tool calls that this one ended in, or their results;
2. by prefix: the other's request is this one's, its answer, and more that no person said.

The last call of such a chain keeps its name. Its turn has what each of the calls thought, said and did, and what the
tools gave back, each once: repeated histories mostly lack the thinking. Calls that nothing goes on from stay as they
are, and so does each turn of a conversation.

What an agent's own record tells is what its calls told. It adds what they lack: a question that only the agent was
asked, a system prompt, thinking. It stands for itself only where no call says anything.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingest.exchange import Choice, Exchange, Labels, Message, Role, Scope
from ingest.following import Call, following, looked_through, mark_of, response_of
from ingest.qta import GuardSignal
from ingest.timeline import Timeline, ids_in
from ingest.turns import final_run


@dataclass(eq=False, slots=True)
class Chain:
    """The calls of one turn, in order, and what else tells of it.

    Attributes:
        calls: the last one keeps its name.
        around: records of agents around them.
    """

    calls: list[Call]
    around: list[Call] = field(default_factory=list)


def merged(exchanges: Sequence[Exchange], around: Sequence[Exchange] = ()) -> tuple[Exchange, ...]:
    """One exchange for each turn, in the order of their times.

    Args:
        exchanges: the calls of one trace or conversation. Transcripts among them that repeat calls count as `around`.
        around: of agents and chains, which repeat calls; the outermost first where their times are the same.
    """
    calls = without_echoes(list(map(looked_through, in_order(exchanges))))
    single = [call for call in calls if call.exchange.scope is not Scope.ALL_TURNS]
    chains = chained(single)
    left = gathered(chains, [call for call in calls if call.exchange.scope is Scope.ALL_TURNS])
    own = gathered([*chains, *left], list(map(looked_through, in_order(around))), nested=True)
    if any(chain.calls[-1].is_told for chain in (*chains, *left)):
        own = []
    elif any(chain.calls[-1].is_told for chain in own):
        chains, left = [], []
    return tuple(map(exchange_of, (*chains, *left, *own)))


def without_echoes(calls: Sequence[Call]) -> list[Call]:
    """The calls, but those of which nothing was captured where another record of the same response has it.

    A provider's own client traces its calls without content; an instrumentation beside it traces them once more.
    """
    told = {name for call in calls if call.is_told for name in response_of(call)}
    return [call for call in calls if call.is_told or told.isdisjoint(response_of(call))]


def in_order(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """By time, then by length, since a history grows; as they came where some have no time."""
    times = [(exchange.labels.occurred_at, len(exchange.messages), n) for n, exchange in enumerate(exchanges)]
    known = [(time, length, n) for time, length, n in times if time is not None]
    return [exchanges[n] for _, _, n in sorted(known)] if len(known) == len(times) else list(exchanges)


def chained(calls: Sequence[Call]) -> list[Chain]:
    """The calls by turn; a call that is logged twice is one."""
    followers = following(calls)
    ends = list(range(len(calls)))
    for place in reversed(range(len(calls))):
        follower = followers[place]
        ends[place] = place if follower is None else ends[follower]
    chains: dict[int, list[Call]] = defaultdict(list)
    for place, call in enumerate(calls):
        chains[ends[place]].append(call)
    return [Chain(chains[end]) for end in sorted(chains)]


def gathered(chains: Sequence[Chain], around: Iterable[Call], *, nested: bool = False) -> list[Chain]:
    """Put each of `around` with the chain that it repeats; the others are given back.

    Args:
        chains: what may be repeated.
        around: what may repeat it.
        nested: those of `around` may repeat each other too.
    """
    left: list[Chain] = []
    places: dict[Hashable, Chain] = {}
    for chain in chains:
        places.update(dict.fromkeys((name for call in chain.calls for name in repeated_by(call)), chain))
    for call in around:
        names = list(repeated_by(call))
        found = next((places[name] for name in (*names, *unasked(names)) if name in places), None)
        if found is not None:
            found.around.append(call)
            continue
        left.append(Chain([call]))
        if nested:
            places.update(dict.fromkeys(names, left[-1]))
    return left


def repeated_by(call: Call) -> Iterator[tuple[Hashable, ...]]:
    """What a record and another that repeats it have in common, the surest first."""
    yield from response_of(call)
    yield from (("tool", call_id) for call_id in sorted(ids_in(call.turn())))
    _, answer = final_run(call.turn())
    said = mark_of(answer)
    if answer and said != ("", ()):
        yield ("answer", said, mark_of(call.last.asked) if call.last.asked else None)


def unasked(names: Iterable[tuple[Hashable, ...]]) -> Iterator[tuple[Hashable, ...]]:
    """The names that calls have whose question is not in the log."""
    yield from ((*name[:2], None) for name in names if name[0] == "answer")


def exchange_of(chain: Chain) -> Exchange:
    """The exchange of a chain's turn; a call of its own stays as it is."""
    if len(chain.calls) == 1 and not chain.around:
        return chain.calls[0].exchange
    told = (*chain.calls, *chain.around)
    final = chain.calls[-1].exchange
    asking = next((call for call in told if call.last.asked), chain.calls[0]).last
    system = next((found for call in (chain.calls[-1], *told) if (found := system_of(call))), ())
    timeline, n_given, n_steps = laid_out(chain)
    history = (message for message in asking.log[: asking.start] if message.role is not Role.SYSTEM)
    prompt, asked = told_from_prompt(asking.asked, [call.last.asked for call in chain.around])
    return replace(
        final,
        messages=(*system, *prompt, *history, *asked, *timeline.messages(0, n_given)),
        choices=tuple(choices_of(final, timeline, n_given, n_steps)),
        scope=Scope.LAST_TURN,
        model=final.model or next((call.exchange.model for call in told if call.exchange.model), None),
        labels=labels_of([final, *(call.exchange for call in told)]),
        warnings=tuple(dict.fromkeys(word for call in told for word in call.exchange.warnings)),
        guards=tuple(dict.fromkeys(signal for call in told for signal in signals_of(call, final))),
    )


def told_from_prompt(
    asked: tuple[Message, ...], others: Iterable[tuple[Message, ...]]
) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """A prompt that an agent puts before the question under role user, and the question as the agent was asked it."""
    ends = [len(asked) - len(other) for other in others if other and mark_of(other) == mark_of(asked[-len(other) :])]
    start = max((end for end in ends if end > 0), default=0)
    return tuple(replace(message, role=Role.SYSTEM) for message in asked[:start]), asked[start:]


def system_of(call: Call) -> tuple[Message, ...]:
    """The system's messages."""
    return tuple(message for message in call.exchange.messages if message.role is Role.SYSTEM)


def laid_out(chain: Chain) -> tuple[Timeline, int, int]:
    """What was done; how much of it came with the first request, and how much before the final answer."""
    timeline = Timeline()
    timeline.add(chain.calls[0].last.steps)
    n_given = 0 if chain.calls[0].exchange.scope is Scope.ALL_TURNS else len(timeline)
    for call in chain.calls[:-1]:
        timeline.add(call.turn())
    final = chain.calls[-1]
    timeline.add(final.last.steps)
    n_steps = len(timeline)
    timeline.add(final.turn())
    for call in chain.around:
        timeline.add(call.turn(), to_end=not final.is_told)
    return timeline, n_given, n_steps


def choices_of(final: Exchange, timeline: Timeline, n_given: int, n_steps: int) -> Iterator[Choice]:
    """The final call's answers, each with the steps before it; where it gave none, the steps stand alone."""
    own = timeline.messages(n_given)
    if not final.choices and own:
        yield Choice(own, final.status)
    for n, choice in enumerate(final.choices):
        messages = own if n == 0 else (*timeline.messages(n_given, n_steps), *choice.messages)
        yield replace(choice, messages=messages)


def signals_of(call: Call, final: Exchange) -> Iterator[GuardSignal]:
    """What other guards said of a call, and of its answer, which for the final one stands with its choice."""
    yield from call.exchange.guards
    if call.exchange is not final:
        yield from (signal for choice in call.exchange.choices for signal in choice.guards)


def labels_of(exchanges: Sequence[Exchange]) -> Labels:
    """The first label that any of `exchanges` has of each kind; the earliest time."""
    places = [exchange.labels for exchange in exchanges]
    times = [labels.occurred_at for labels in places if labels.occurred_at]
    return Labels(
        tenant=next((labels.tenant for labels in places if labels.tenant), None),
        application=next((labels.application for labels in places if labels.application), None),
        user=next((labels.user for labels in places if labels.user), None),
        conversation_id=next((labels.conversation_id for labels in places if labels.conversation_id), None),
        occurred_at=min(times, default=None),
    )
