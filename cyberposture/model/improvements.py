"""What an institution means to do about its gaps: by whom, until when, and with which means."""

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from cyberposture.model.foundation import ControlId, Model, Sentence

Progress = Literal["open", "under-way", "done", "dropped"]


class Action(Model):
    """One action of an improvement plan, for controls or findings, or for both."""

    what: Sentence
    controls: tuple[ControlId, ...] = ()
    findings: tuple[str, ...] = ()
    """Findings by code."""
    keeper: Sentence
    """Who sees to it, by name or office."""
    due: date
    budget: str = Field(default="", max_length=200)
    """As the institution writes it, such as `PKR 400 000` or `two weeks of our own`."""
    no_budget_why: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _says_enough(self) -> "Action":
        if not self.controls and not self.findings:
            raise ValueError("an action is for at least one control or finding")
        if not self.budget.strip() and not self.no_budget_why.strip():
            raise ValueError("an action has a budget, or a reason why it needs none")
        return self
