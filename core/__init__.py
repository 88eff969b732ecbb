"""The domain of Trustdesk: knows everything, shows nothing."""
