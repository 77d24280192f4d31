"""Which recipients failed?"""
