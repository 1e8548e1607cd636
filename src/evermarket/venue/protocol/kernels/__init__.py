"""The compiled part of door and flow: what a line was told, what it is told now, what it may say."""
