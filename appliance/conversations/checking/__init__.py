"""What an answer is worth: its sentences judged by what they cite, its names looked up."""
