"""Near: what a guest who stands at a kiosk can see and do beside their plan."""
