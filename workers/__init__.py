"""What is done later: the jobs of the lanes, the processes that run them, the scheduler that wakes them."""
