"""Reads the suites without importing Great Expectations, and says which rules apply to a batch."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from cchc.batches import Batch
from cchc.contracts import Contract
from cchc.errors import BadDefinition
from cchc.repository import EXPECTATIONS


@dataclass(frozen=True)
class Rule:
    """One rule of a suite. `scope`: 'dong' judges each row, 'lo' the batch as a whole.

    `confidential`: nothing of a row that breaks it may be shown or kept, only that it is there.
    """

    rule_id: str
    type: str
    severity: Literal["critical", "warning", "info"]
    scope: Literal["dong", "lo"]
    columns: tuple[str, ...]
    reason: str
    condition: str | None
    confidential: bool = False

    @property
    def contradiction(self) -> bool:
        """Whether it is the rule that one thing has one state at one moment; loading finds such lines too."""
        return "conflicting_copy" in (self.condition or "")


@dataclass(frozen=True)
class Verdict:
    """How one rule came out: `failed` counts rows, or 1 for a batch rule that is broken."""

    rule: Rule
    success: bool
    checked: int
    failed: int


@cache
def suite_json(dataset: str) -> dict[str, Any]:
    """The suite of a dataset as Great Expectations takes it."""
    path = EXPECTATIONS / f"{dataset}.json"
    try:
        suite: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadDefinition(
            f"expectations/{dataset}.json is missing. Write it: the rules that a row must satisfy, as "
            'docs/adding-a-dataset.md says; one that judges nothing has "expectations": [].'
        ) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadDefinition(f"expectations/{dataset}.json: {error}") from error
    return suite


@cache
def rules_of(dataset: str) -> dict[str, Rule]:
    """The rules of a dataset's suite by rule id, in the order of the file."""
    rules: dict[str, Rule] = {}
    for number, entry in enumerate(suite_json(dataset)["expectations"], start=1):
        meta = entry.get("meta", {})
        try:
            rule = Rule(
                rule_id=meta["rule_id"],
                type=entry["type"],
                severity=entry["severity"],
                scope=meta["pham_vi"],
                columns=tuple(meta["cot"]),
                reason=meta["ly_do"],
                condition=entry["kwargs"].get("condition"),
                confidential=meta.get("kin", False),
            )
        except KeyError as error:
            raise BadDefinition(
                f"expectations/{dataset}.json: expectation {number} lacks {error}; expected severity "
                f"and meta with rule_id, pham_vi, cot, ly_do."
            ) from error
        if rule.rule_id in rules:
            raise BadDefinition(f"expectations/{dataset}.json: rule {rule.rule_id} stands twice.")
        rules[rule.rule_id] = rule
    return rules


def applicable(contract: Contract, batch: Batch) -> dict[str, Rule]:
    """The rules whose columns this export has; a total is only judged where one is stated."""
    absent = set(batch.missing_columns)
    return {
        rule_id: rule
        for rule_id, rule in rules_of(contract.dataset).items()
        if not absent & set(rule.columns)
        and (rule.type != "expect_table_row_count_to_equal" or batch.stated_total is not None)
    }
