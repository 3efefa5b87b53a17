"""The base of what is read from files that people write: contracts, suites, registers, figures."""

import reprlib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from cchc.errors import BadDefinition


class Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice, of which YAML would silently take the last.

    As safe as SafeLoader and seven times faster; LibYAML is in every wheel of PyYAML.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"key {key.value!r} stands there twice", key.start_mark
                    )
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


class Strict(BaseModel):
    """A record that takes no field it does not know and is never changed once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Record = TypeVar("Record", bound=BaseModel)


def read_yaml(path: Path, where: str, model: type[Record]) -> Record:
    """A YAML file as a record; raises BadDefinition: one line that begins with `where`."""
    try:
        return model.model_validate(yaml.load(path.read_text(encoding="utf-8"), Loader=Loader))
    except UnicodeDecodeError as error:
        raise BadDefinition(
            f"{where}: byte {error.start + 1} is not UTF-8. Expected a UTF-8 file: save it as one."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error)
        raise BadDefinition(f"{where}{place}: {' '.join(reason.split())}. Expected YAML.") from error
    except ValidationError as error:
        raise BadDefinition(f"{where}{first_fault(error)}") from error


def first_fault(error: ValidationError) -> str:
    """The first of what pydantic found, and how many more there are: `, field x: why (found y)`."""
    fault, *others = error.errors(include_url=False)
    field = ".".join(map(str, fault["loc"]))
    found = "" if fault["type"] == "missing" else f" (found {reprlib.repr(fault['input'])})"
    # A check of the project's own says in its message what it found.
    if fault["type"] == "value_error":
        found = ""
    more = f" And {len(others)} more." if others else ""
    reason = " ".join(fault["msg"].removeprefix("Value error, ").split())
    return f"{f', field {field}' if field else ''}: {reason}{found}.{more}"
