"""What a mapped task is called in the UI."""

from typing import Any, cast

from airflow.sdk import Context, get_current_context

from cchc.shown import in_table

# Of a mapped task, in Airflow's database.
LONGEST_NAME = 200


def named(name: str) -> Context:
    """The task's context, in which `ten` names this mapped task in the UI."""
    context = get_current_context()
    # Airflow renders map_index_template with whatever the context holds; its type knows only its own keys.
    # It is text of whoever named a file, and has room for so much.
    cast(dict[str, Any], context)["ten"] = in_table(name)[:LONGEST_NAME]
    return context
