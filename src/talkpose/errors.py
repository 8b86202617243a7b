"""Errors that a user can mend."""


class UserError(Exception):
    """Bad input; the message is one sentence that says what is wrong, where, and how to mend it."""


class ClipError(UserError):
    """One clip cannot be used; `reason` is the short code that goes into quarantine.tsv."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason
