"""The laboratory's services, one module for each family of protocols."""
