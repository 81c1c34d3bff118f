"""The way to a storage account: the right to use it (`credentials`), clients (`access`), what went wrong (`failures`)."""
