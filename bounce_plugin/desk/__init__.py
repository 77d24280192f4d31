"""What does a host or an operator ask, decide or take back, whether a mail comes or not?"""
