"""The way to a storage account: credentials, clients, and what can go wrong there."""
