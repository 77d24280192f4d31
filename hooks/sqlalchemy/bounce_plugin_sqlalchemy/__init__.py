"""Whose address is it, and off which list? Answered from a host's plain contacts table, by configuration alone."""

from bounce_plugin_sqlalchemy.plugin import SqlAlchemyHooks

__all__ = ["SqlAlchemyHooks"]
