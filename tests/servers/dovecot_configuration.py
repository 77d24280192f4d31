"""How is the Dovecot of a test set up? Its configuration, and the parts that only some tests want."""

CAPABILITIES = (
    "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT THREAD=REFERENCES MULTIAPPEND UNSELECT CHILDREN NAMESPACE "
    "UIDPLUS LIST-EXTENDED CONDSTORE QRESYNC ESEARCH SEARCHRES WITHIN MOVE SPECIAL-USE LITERAL+ BINARY"
)
CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap{more_protocols}
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
first_valid_gid = 0
libexec_dir = {prefix}/usr/lib/dovecot
mail_plugin_dir = {prefix}/usr/lib/dovecot/modules
import_environment = TZ LD_LIBRARY_PATH
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:{home}/mail/%u/Maildir
mail_max_userip_connections = 200
mail_fsync = never
ssl = yes
ssl_cert = <{certificates.certificate}
ssl_key = <{certificates.key}
ssl_min_protocol = TLSv1.2
{capabilities}
{quota}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = {home}/passwd
}}
{oauth}
userdb {{
  driver = passwd-file
  args = username_format=%u {home}/passwd
  default_fields = uid={user} gid={group} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {namespace}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
{lmtp}
{pop3}
"""
LMTP = """
service lmtp {{
  chroot =
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
"""
POP3 = """
protocol pop3 {{
  pop3_lock_session = {lock}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    port = {pop3s_port}
    ssl = yes
  }}
}}
"""
QUOTA = """
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage={quota}
}}
"""
OAUTH = """
auth_mechanisms = plain {mechanisms}
passdb {{
  driver = oauth2
  mechanisms = {mechanisms}
  args = {home}/oauth2.conf.ext
}}
"""
# Dovecot asks the token endpoint about each token (RFC 7662), and whose mailbox it is good for.
INTROSPECTION = """
introspection_url = {url}?token=
introspection_mode = get
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
"""
