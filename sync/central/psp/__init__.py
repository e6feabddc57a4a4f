"""The payment service provider behind one port: stored credentials, charges, refunds, notices."""
