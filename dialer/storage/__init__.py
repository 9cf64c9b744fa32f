"""Everything that is kept: SQLAlchemy Core over SQLite or PostgreSQL. The only package that knows SQL."""
