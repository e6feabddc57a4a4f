"""Money: the ledger, and what of it lies at devices, in one order of holding, given and taken back."""
