"""The operator's own policy for a tenant or application, as the guard is given it beside its system prompt."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from auditor.prompt import hash_text
from conf.schema import LocalPolicy
from ingest.qta import QTATriple

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class LocalPolicies:
    """Policy texts by whom they hold for: "*", a tenant, or "tenant/application"."""

    texts: Mapping[str, LocalPolicy]

    def of(self, triple: QTATriple) -> str:
        """What holds for a triple, the general before the particular; empty where nothing does."""
        names = (EVERYBODY, triple.tenant, f"{triple.tenant}/{triple.application}")
        return "".join(render(self.texts[name]) for name in names if name in self.texts)

    @property
    def version(self) -> str:
        """Hex sha256 over all of them; empty where there are none."""
        if not self.texts:
            return ""
        plain = {name: text.model_dump() for name, text in self.texts.items()}
        return hash_text(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode())


def render(policy: LocalPolicy) -> str:
    """One policy as lines at the head of the user turn."""
    lines = [f"Local policy: {policy.text}"] if policy.text else []
    if policy.languages:
        lines.append(f"Languages in use: {', '.join(policy.languages)}")
    return "".join(f"{line}\n" for line in lines)
