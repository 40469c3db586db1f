from ingest.exchange import Identity
from ingest.identity import pseudonym, triple_id

NAMED = Identity(response_id="chatcmpl-ASYMVzdmBGDbUoHFmt6R16tdtZUzR")
SHORT = Identity(response_id="chatcmpl-273")


def test_a_log_with_a_name_of_its_own_is_known_by_it_alone() -> None:
    assert triple_id("t", NAMED, (0, 0), ["a"]) == triple_id("t", NAMED, (0, 0), ["b"])


def test_tenant_turn_and_choice_tell_triples_apart() -> None:
    ids = {triple_id(tenant, NAMED, place, []) for tenant in "ab" for place in ((0, 0), (0, 1), (1, 0))}
    assert len(ids) == 6


def test_a_response_id_wins_over_a_span() -> None:
    both = Identity(NAMED.response_id, "a" * 32, "b" * 16)
    assert triple_id("t", both, (0, 0), []) == triple_id("t", NAMED, (0, 0), [])


def test_ids_that_a_server_gives_out_again_do_not_merge_different_answers() -> None:
    assert triple_id("t", SHORT, (0, 0), ["Nine."]) != triple_id("t", SHORT, (0, 0), ["Ten."])
    assert triple_id("t", SHORT, (0, 0), ["Nine."]) == triple_id("t", SHORT, (0, 0), [" Nine.\n"])


def test_without_a_name_equal_content_is_one() -> None:
    assert triple_id("t", Identity(), (0, 0), ["q", "a"]) == triple_id("t", Identity(), (0, 0), ["q", "a"])
    assert triple_id("t", Identity(), (0, 0), ["qa", ""]) != triple_id("t", Identity(), (0, 0), ["q", "a"])


def test_pseudonyms_need_the_key() -> None:
    assert pseudonym("ada", b"k") == pseudonym("ada", b"k") != pseudonym("ada", b"")
