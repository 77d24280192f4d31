"""What does the operator want? bounce.toml, as values."""

from bounce_plugin.settings.breaker import BreakerSettings
from bounce_plugin.settings.canary import CanarySettings, CanarySmtpSettings
from bounce_plugin.settings.health import HealthSettings, MetricsSettings
from bounce_plugin.settings.lmtp import LmtpSettings
from bounce_plugin.settings.load import MailboxSettings, Settings, load_settings, parse_settings
from bounce_plugin.settings.mailbox import ImapSettings, MaildirSettings, MboxSettings, Pop3Settings
from bounce_plugin.settings.oauth import GoogleOAuth, MicrosoftOAuth, OAuthSettings, OtherOAuth
from bounce_plugin.settings.risks import find_risks
from bounce_plugin.settings.sections import LedgerSettings, NoticeSettings, SmtpSettings
from bounce_plugin.settings.template import write_key, write_template
from bounce_plugin.settings.trust import TrustSettings

__all__ = [
    "BreakerSettings",
    "CanarySettings",
    "CanarySmtpSettings",
    "GoogleOAuth",
    "HealthSettings",
    "ImapSettings",
    "LedgerSettings",
    "LmtpSettings",
    "MailboxSettings",
    "MaildirSettings",
    "MboxSettings",
    "MetricsSettings",
    "MicrosoftOAuth",
    "NoticeSettings",
    "OAuthSettings",
    "OtherOAuth",
    "Pop3Settings",
    "Settings",
    "SmtpSettings",
    "TrustSettings",
    "find_risks",
    "load_settings",
    "parse_settings",
    "write_key",
    "write_template",
]
