"""Names of typing that Python 3.10 does not have, where annotations are read at run time."""

import sys
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    from typing import Unpack
elif TYPE_CHECKING:
    from typing_extensions import Unpack
else:

    class Unpack:
        """Says no more, where typing_extensions may be absent."""

        def __class_getitem__(cls, of: Any) -> Any:
            return Any


__all__ = ["Unpack"]
