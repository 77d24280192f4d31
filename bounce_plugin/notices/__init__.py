"""What are people told?"""
