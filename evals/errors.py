"""What keeps an evaluation from running; the command ends with status 2."""


class EvalError(Exception):
    """The message says what happened and what to do."""


class CasesUnreadable(EvalError):
    """The file of cases is not there, or is none; its author acts."""


class TargetFailed(EvalError):
    """What is asked does not answer at all; whoever runs it acts."""
