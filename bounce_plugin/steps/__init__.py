"""By which steps is the mail of one mailbox brought to its end? `pipeline.py` says in which order."""
