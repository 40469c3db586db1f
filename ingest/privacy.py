"""How the people in a log are kept out of what is stored: a key for pseudonyms, and masks, as configured."""

from dataclasses import dataclass, field
from pathlib import Path

from conf.errors import ConfigError
from conf.schema import Config, Masking, TenantMasking
from ingest.identity import pseudonym
from ingest.masking import Mask, Masks, mask_of
from ingest.user_key import user_key_of


@dataclass(frozen=True, slots=True)
class Privacy:
    """What stands between a log's people and the store.

    Attributes:
        user_key: makes pseudonyms of users; see `ingest.identity.pseudonym`.
    """

    user_key: bytes = field(default=b"", repr=False)
    masks: Masks = field(default_factory=Masks)


def privacy_of(config: Config, *, beside: Path | None = None, user_key: bytes | None = None) -> Privacy:
    """What the configuration says.

    Args:
        config: its sections `ingest` and `masking`.
        beside: where a key for pseudonyms may be made; see `user_key_of`.
        user_key: takes the place of the configured one, for a dry run.

    Raises:
        UserKeyMissing, UserKeyUnusable: see `user_key_of`.
        ConfigError: a rule that would mask nothing, or that cannot be followed.
        MissingExtra: masking is on, and the library for it is not installed.
    """
    key = user_key or user_key_of(config.ingest, beside)
    return Privacy(key, masks_of(config.masking, key))


def masks_of(masking: Masking, key: bytes) -> Masks:
    """What is masked for whom; an identifier that holds personal data is known by a pseudonym of its own."""
    tenants = {name: rule_of(masking, changes) for name, changes in masking.tenants.items()}
    used = [rule for rule in (masking, *tenants.values()) if rule.enabled]
    if not used:
        return Masks()
    made: dict[str, Mask] = {}
    return Masks(
        active=True,
        default=built(masking, "masking", made),
        tenants={name: built(rule, f'masking.tenants."{name}"', made) for name, rule in tenants.items()},
        kinds=tuple(dict.fromkeys(kind for rule in used for kind in (*rule.entities, *rule.patterns))),
        alias=lambda name: pseudonym(name, key),
    )


def rule_of(masking: Masking, changes: TenantMasking) -> Masking:
    """A tenant's rule: the default one with what it changes; patterns of its own come on top."""
    said = changes.model_dump(exclude_none=True, exclude={"patterns"})
    return masking.model_copy(update=said | {"patterns": {**masking.patterns, **changes.patterns}, "tenants": {}})


def built(rule: Masking, name: str, made: dict[str, Mask]) -> Mask | None:
    """The mask of a rule; None where it says that nothing is masked.

    Args:
        rule: to be followed.
        name: of the rule, for messages.
        made: masks made already, by what they do.

    Raises:
        ConfigError: it is on and names nothing to mask; that must be said by turning it off.
    """
    if not rule.enabled:
        return None
    if not rule.entities and not rule.patterns:
        raise ConfigError(f"{name}: is on and names nothing to mask; to leave texts as they are, write enabled = false")
    from ingest.recognizers import finder_of

    same = rule.model_dump_json(exclude={"tenants"})
    if same not in made:
        finder = finder_of(rule.entities, rule.patterns, rule.phone_regions, rule.score_threshold)
        made[same] = mask_of(finder)
    return made[same]
