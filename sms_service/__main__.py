"""`python -m sms_service COMMAND`: see sms_service/cli/."""

from __future__ import annotations

import sys

from sms_service.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
