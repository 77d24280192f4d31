"""Whom and which message does it concern, and how do we know?"""
