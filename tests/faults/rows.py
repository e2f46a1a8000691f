"""All rows: importing this registers them."""

import rows_clients  # noqa: F401
import rows_coordinator  # noqa: F401
import rows_features  # noqa: F401
import rows_kmip  # noqa: F401
import rows_process  # noqa: F401
import rows_system  # noqa: F401
import rows_tls  # noqa: F401
