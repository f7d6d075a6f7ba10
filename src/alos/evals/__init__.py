"""Cases, graders, runner, statistics and verdict."""
