"""ALOS: accountable use of AI, enforced on the path of every call."""
