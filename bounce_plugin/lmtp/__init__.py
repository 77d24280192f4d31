"""How does a mail server hand mails to us over LMTP (RFC 2033)? The only room that needs aiosmtpd."""
