"""The base of what is read from files that people write: contracts, suites, registers, figures."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A record that takes no field it does not know and is never changed once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
