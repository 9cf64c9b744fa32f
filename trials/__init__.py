"""What tests and benches both try the product with: another clock, extracts, SIPp, a PostgreSQL server of their own."""
