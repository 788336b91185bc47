"""AWS as the SDK for Python reaches it: one way to a client and its credentials, its errors as ours."""
