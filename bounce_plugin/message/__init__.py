"""What does this mail say?"""
