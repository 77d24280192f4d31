"""May this be sent?"""
