"""The box's keys: where the key that opens this device's folder comes from, and what that is worth."""
