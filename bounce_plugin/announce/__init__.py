"""Who else is told, and who is asked? The plugins: found, checked, asked, and told through the outbox."""

from bounce_plugin.announce.ask import Found, Phrases, Questions
from bounce_plugin.announce.own import OwnAnswers
from bounce_plugin.announce.plugins import Plugins, load_plugins
from bounce_plugin.announce.tell import Announcements, Told
from bounce_plugin.announce.trouble import PluginFailureError, Trouble

__all__ = [
    "Announcements",
    "Found",
    "OwnAnswers",
    "Phrases",
    "PluginFailureError",
    "Plugins",
    "Questions",
    "Told",
    "Trouble",
    "load_plugins",
]
