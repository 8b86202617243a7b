"""What a run needs, what is there, and what will be used in its place."""

from talkpose.doctor.examine import examine, exit_code
from talkpose.doctor.finding import Finding

__all__ = ["Finding", "examine", "exit_code"]
