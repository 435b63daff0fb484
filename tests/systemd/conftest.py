from tests.e2e.conftest import company

__all__ = ["company"]
