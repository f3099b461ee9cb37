"""People of the office: who they are, what they may, what they did."""
