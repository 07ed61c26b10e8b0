"""What is measured in a service, each subject by itself."""
