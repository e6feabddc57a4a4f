"""The screens of one device: they act only through the service and listen only to the feed."""
