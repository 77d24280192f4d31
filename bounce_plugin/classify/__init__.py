"""Why, whose fault, and for good?"""
