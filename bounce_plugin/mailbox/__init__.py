"""Where do messages come from and where do they go?"""
