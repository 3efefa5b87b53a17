"""Removes what nobody needs any more: leftovers of killed processes, landed files whose time is over."""
